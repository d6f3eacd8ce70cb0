package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
)

// A journal says what commit is about to do. As long as it is in the staging folder, the move has not happened: the
// command that finds it takes the new files back, and puts the old ones where they were. From the moment at which its
// name changes to done.json, the new files count: the command that finds done.json finishes the rest.
//
//  1. All new files are in the staging folder, whole and on the disk. The journal is written.
//  2. Old files move to the folder "replaced" in the staging folder.
//  3. New files move to their places.
//  4. The journal becomes done.json.
//  5. Shared files move to their places, and spent ones are removed. Then the staging folder is removed.
//
// Old and new files are thus never beside each other, whenever a process is killed.
type journal struct {
	Files []journalFile // the new files
	Old   []string      // the names of the old ones

	Shared []string // files that other sets have too
	Spent  []string // hidden files beside the new ones, of no use once those count
}

// A journalFile is one new file. Size and time tell it from another file that somebody may put in its place later.
type journalFile struct {
	Name    string
	Size    int64
	Changed int64 // modification time, ns
}

const (
	journalName    = "journal.json"
	doneName       = "done.json"
	replacedFolder = "replaced"
)

func (s *staging) journalled() bool {
	_, err := os.Lstat(s.path(journalName))
	return err == nil
}

// commit moves every file to its place, all or none, and removes the staging folder; where there are spent files, the
// caller removes those first, and remove the folder then. After an error everything is as it
// was before; where even that fails, the next start takes the files back.
func (s *staging) commit() error {
	if err := s.check(); err != nil {
		return err
	}
	j, err := s.writeJournal()
	if err != nil {
		return err
	}
	if err := s.move(j); err != nil {
		return errors.Join(err, s.undo(j))
	}
	if err := s.endJournal(); err != nil {
		return errors.Join(err, s.undo(j))
	}
	if err := s.moveShared(s.shared); err != nil || len(s.spent) > 0 {
		return err
	}
	return disk.RemoveAll(s.folder)
}

// moveShared puts files that other sets have too where there are none yet. They are there for sure when it returns: the
// staging folder goes next.
func (s *staging) moveShared(names []string) error {
	for _, name := range names {
		place := filepath.Join(s.target, name)
		if _, err := os.Lstat(place); err == nil {
			continue
		}
		if err := disk.Rename(s.path(name), place); err != nil {
			return err
		}
	}
	return errors.Join(disk.SyncFolder(s.target), disk.SyncFolder(s.folder))
}

// writeJournal puts the journal on the disk, after all that it speaks of.
func (s *staging) writeJournal() (*journal, error) {
	j := &journal{Old: s.old, Shared: s.shared, Spent: s.spent}
	for _, name := range s.names {
		info, err := os.Lstat(s.path(name))
		if err != nil {
			return nil, err
		}
		j.Files = append(j.Files, journalFile{name, info.Size(), info.ModTime().UnixNano()})
	}
	if err := disk.Mkdir(s.path(replacedFolder)); err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	const unfinished = journalName + ".new"
	if err := s.write(unfinished, text); err != nil {
		return nil, err
	}
	if err := disk.SyncFolder(s.folder); err != nil {
		return nil, err
	}
	if err := disk.Rename(s.path(unfinished), s.path(journalName)); err != nil {
		return nil, err
	}
	return j, errors.Join(disk.SyncFolder(s.folder), disk.SyncFolder(s.target))
}

// A fileMove is one step of a move.
type fileMove struct{ from, to string }

// moves are the steps: old files out of their places, and then new ones into them.
func (s *staging) moves(j *journal) (old, fresh []fileMove) {
	for _, name := range j.Old {
		old = append(old, fileMove{filepath.Join(s.target, name), s.replaced(name)})
	}
	for _, f := range j.Files {
		fresh = append(fresh, fileMove{s.path(f.Name), filepath.Join(s.target, f.Name)})
	}
	return old, fresh
}

// move takes the steps. Neither part begins before what came earlier is on the disk.
func (s *staging) move(j *journal) error {
	old, fresh := s.moves(j)
	for _, m := range old {
		if err := disk.Rename(m.from, m.to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.syncMoves(); err != nil {
		return err
	}
	for _, m := range fresh {
		if _, err := os.Lstat(m.to); err == nil {
			return fmt.Errorf("%s was made by another program meanwhile", m.to)
		}
		if err := disk.Rename(m.from, m.to); err != nil {
			return err
		}
	}
	return s.syncMoves()
}

func (s *staging) replaced(name string) string { return filepath.Join(s.folder, replacedFolder, name) }

// syncMoves puts the moves made so far on the disk.
func (s *staging) syncMoves() error {
	return errors.Join(disk.SyncFolder(s.target), disk.SyncFolder(s.folder), disk.SyncFolder(s.path(replacedFolder)))
}

// endJournal is the moment at which the new files count.
func (s *staging) endJournal() error {
	if err := disk.Rename(s.path(journalName), s.path(doneName)); err != nil {
		return err
	}
	return disk.SyncFolder(s.folder)
}

// removeJournal is the end of a move that was taken back.
func (s *staging) removeJournal() error {
	if err := disk.Remove(s.path(journalName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncFolder(s.folder)
}

// undo takes new files back into the staging folder and old ones out of it, as far as they were moved, and removes the
// journal. It can be killed and begun again at any point.
func (s *staging) undo(j *journal) error {
	if err := disk.Rename(s.path(doneName), s.path(journalName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range j.Files {
		if _, err := os.Lstat(s.path(f.Name)); err == nil {
			continue // was never moved
		}
		place := filepath.Join(s.target, f.Name)
		info, err := os.Lstat(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed by somebody
		case err != nil:
			return err
		case info.Size() != f.Size || info.ModTime().UnixNano() != f.Changed:
			continue // somebody's own file by now: it stays
		}
		if err := disk.Rename(place, s.path(f.Name)); err != nil {
			return err
		}
	}
	if err := s.syncMoves(); err != nil { // else a power loss may leave old files beside new ones
		return err
	}
	for _, name := range j.Old {
		if err := s.putBack(name); err != nil {
			return err
		}
	}
	if err := s.syncMoves(); err != nil {
		return err
	}
	return s.removeJournal()
}

// putBack moves an old file to its place, where it was taken from there.
func (s *staging) putBack(name string) error {
	if _, err := os.Lstat(s.replaced(name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	place := filepath.Join(s.target, name)
	if _, err := os.Lstat(place); err == nil {
		return fmt.Errorf("%s is in the place of an earlier file of that name, which is now %s: move one of them away", place, s.replaced(name))
	}
	return disk.Rename(s.replaced(name), place)
}

// parseJournal reads a journal, and refuses one that names files outside the folder.
func parseJournal(text []byte) (*journal, error) {
	var j journal
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, err
	}
	names := slices.Concat(j.Old, j.Shared, j.Spent)
	for _, f := range j.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		if !filepath.IsLocal(name) || filepath.Base(name) != name || name == "." {
			return nil, fmt.Errorf("found %q, expected a file name", name)
		}
	}
	return &j, nil
}

// recover puts right what a process that was killed left: a set of files that was half moved, or was moved while the
// rest was still to be done, or a staging folder.
func (s *staging) recover() error {
	if info, err := os.Lstat(s.folder); err != nil || !info.IsDir() {
		return disk.RemoveAll(s.folder) // a link, say: it goes, not what it leads to
	}
	for name, put := range map[string]func(*journal) error{journalName: s.takeBack, doneName: s.finish} {
		text, err := lock.ReadFile(s.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		j, err := parseJournal(text)
		if err != nil {
			return fmt.Errorf("%s: %w; move the folder %s away", s.path(name), err, s.folder)
		}
		if err := put(j); err != nil {
			return err
		}
	}
	if len(s.whole) > 0 { // done.json stays until this command has said so: if it is killed, the next finds it again
		return disk.RemoveAll(s.path(replacedFolder))
	}
	return disk.RemoveAll(s.folder)
}

// takeBack takes an unfinished move back.
func (s *staging) takeBack(j *journal) error {
	s.note = s.target + ": a command was stopped while its files were moved there; they were taken back"
	return s.undo(j)
}

// finish does what was left to do when the new files counted already.
func (s *staging) finish(j *journal) error {
	for _, f := range j.Files {
		info, err := os.Lstat(filepath.Join(s.target, f.Name))
		if err == nil && info.Size() == f.Size && info.ModTime().UnixNano() == f.Changed {
			s.whole = append(s.whole, f.Name)
		}
	}
	if err := s.moveShared(j.Shared); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range j.Spent {
		if err := disk.Remove(filepath.Join(s.target, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.note = s.target + ": a command was stopped when its files were in their places; what it had left to do is done"
	return disk.SyncFolder(s.target)
}
