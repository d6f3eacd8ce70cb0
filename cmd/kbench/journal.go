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
// next command that finds it takes the new files back, and puts the old ones where they were. Once it is renamed to
// done.json, the new files count: the next command that finds done.json completes the move.
//
//  1. All new files are in the staging folder, complete and on the disk. The journal is written.
//  2. Old files move to the folder "replaced" in the staging folder.
//  3. New files move to their places.
//  4. The journal is renamed to done.json.
//  5. Shared files move to their places, and spent ones are removed. Then the staging folder is removed.
//
// Old and new files are therefore never beside each other, whenever a process is killed.
type journal struct {
	Files []journalFile // the new files
	Old   []string      // the names of the old ones

	Shared []string // files that several sets share
	Spent  []string // hidden files beside the new ones, which are of no use once the new ones count
}

// A journalFile is one new file. Its size and time distinguish it from a file that somebody puts in its place later.
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

// commit moves all files to their places, or none, and removes the staging folder. If there are spent files, the caller
// removes them first, and then remove removes the folder. After an error everything is as before. If even that fails,
// the next start takes the files back.
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

// moveShared moves shared files to places where there are none yet. When it returns they are safe on the disk, because
// the staging folder is removed next.
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

// writeJournal writes the journal to the disk, after everything that it lists.
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

// moves returns the steps: old files out of their places, and then new ones into them.
func (s *staging) moves(j *journal) (old, fresh []fileMove) {
	for _, name := range j.Old {
		old = append(old, fileMove{filepath.Join(s.target, name), s.replaced(name)})
	}
	for _, f := range j.Files {
		fresh = append(fresh, fileMove{s.path(f.Name), filepath.Join(s.target, f.Name)})
	}
	return old, fresh
}

// move takes the steps. Each part begins only once everything before it is on the disk.
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

// syncMoves flushes all moves so far to the disk.
func (s *staging) syncMoves() error {
	return errors.Join(disk.SyncFolder(s.target), disk.SyncFolder(s.folder), disk.SyncFolder(s.path(replacedFolder)))
}

// endJournal renames the journal to done.json: from now on the new files count.
func (s *staging) endJournal() error {
	if err := disk.Rename(s.path(journalName), s.path(doneName)); err != nil {
		return err
	}
	return disk.SyncFolder(s.folder)
}

// removeJournal removes the journal of a move that was taken back.
func (s *staging) removeJournal() error {
	if err := disk.Remove(s.path(journalName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncFolder(s.folder)
}

// undo moves new files back into the staging folder and old ones out of it, as far as they were moved, and removes the
// journal. It can be killed at any point and started again.
func (s *staging) undo(j *journal) error {
	if err := disk.Rename(s.path(doneName), s.path(journalName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range j.Files {
		if _, err := os.Lstat(s.path(f.Name)); err == nil {
			continue // it was never moved
		}
		place := filepath.Join(s.target, f.Name)
		info, err := os.Lstat(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // somebody removed it
		case err != nil:
			return err
		case info.Size() != f.Size || info.ModTime().UnixNano() != f.Changed:
			continue // somebody put another file there, which stays
		}
		if err := disk.Rename(place, s.path(f.Name)); err != nil {
			return err
		}
	}
	if err := s.syncMoves(); err != nil { // otherwise a power loss may leave old files beside new ones
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

// putBack moves an old file back to its place, if it was moved away.
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

// recover repairs what a killed process left: a half-moved set of files, a moved set whose last steps are missing, or a
// staging folder.
func (s *staging) recover() error {
	if info, err := os.Lstat(s.folder); err != nil || !info.IsDir() {
		return disk.RemoveAll(s.folder) // for example a link, which is removed without what it leads to
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
	// done.json stays until this command has reported it: if this one is killed, the next finds it again.
	if len(s.whole) > 0 {
		return disk.RemoveAll(s.path(replacedFolder))
	}
	return disk.RemoveAll(s.folder)
}

// takeBack undoes an unfinished move.
func (s *staging) takeBack(j *journal) error {
	s.note = s.target + ": a command was stopped while its files were moved there; they were taken back"
	return s.undo(j)
}

// finish completes a move whose new files count already.
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
