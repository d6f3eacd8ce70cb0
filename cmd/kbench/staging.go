package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
)

// A staging is a hidden folder inside the output folder, into which a command writes a set of files. They move to their
// places once all of them are complete and on the disk (journal.go), so that a failed command leaves nothing
// half-written. A lock beside the folder ensures that this process alone writes the set until remove.
type staging struct {
	target, folder string
	made           []string // folders that did not exist before
	held           *lock.Lock
	names          []string // the files to move to their places
	shared         []string // files that several sets share; the first command writes them
	old            []string // existing files that the new ones replace
	dropped        []string // the maps among them that are of another fit
	spent          []string // hidden files that are removed after the new ones are in their places
	whole          []string // files that are in their places already, from a command that was stopped at its end
	note           string   // what was repaired at the beginning, or empty
}

// An existsError is the error for a file that exists already.
type existsError struct{ path string }

func (e *existsError) Error() string { return e.path + " exists; --force replaces it" }

// newStaging creates target if needed, takes the lock of the set of files there, and repairs what a killed process left
// of the same set. If another process writes the set, the error names it, and it is not disturbed. begin creates the
// staging folder, so that a command that is killed before, in hours of fitting, leaves none.
func newStaging(target, set, command string) (*staging, error) {
	s := &staging{target: target, folder: filepath.Join(target, ".kbench-"+set)}
	err := s.lock(command)
	if err == nil {
		err = s.recover()
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%s was left behind by a command of another user that was killed, and this user cannot put it right (%w): let that user start the same command again, or write to another folder", s.folder, rootCause(err))
		}
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// lock creates the output folder and takes the lock in it. If another process created the folder and failed, it may
// remove it in between. Then the folder is created again.
func (s *staging) lock(command string) (err error) {
	var made []string
	for range 100 {
		made, err = makeFolders(s.target)
		s.made = append(s.made, made...)
		if err != nil {
			return err
		}
		if s.held, err = lock.Take(s.folder+".lock", lock.Holder(command)); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	var held *lock.HeldError
	var foreign *lock.ForeignError
	var system *fs.PathError
	switch {
	case errors.As(err, &foreign):
		return foreign
	case errors.As(err, &held) && held.Holder != "":
		return fmt.Errorf("output folder %s: another process is writing the same files: %s; wait for its end, or write to another folder", s.target, held.Holder)
	case errors.As(err, &system):
		return fmt.Errorf("output folder %s cannot be written: %w", s.target, system.Err)
	}
	return err
}

// makeFolders creates path and its missing parents, and returns those that it created. It also flushes their names to
// the disk: a folder without its name would be lost, with everything that was synced in it.
func makeFolders(path string) (made []string, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, nil
	case err == nil:
		return nil, fmt.Errorf("output folder %s is a file", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("output folder %s: %w", path, rootCause(err))
	}
	parent := filepath.Dir(path)
	if made, err = makeFolders(parent); err != nil {
		return made, err
	}
	switch err := disk.Mkdir(path); {
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist): // another process was here; lock finds out
		return made, nil
	case err != nil:
		return made, fmt.Errorf("output folder %s cannot be made: %w", path, rootCause(err))
	}
	made = append(made, path)
	if err := disk.SyncFolder(parent); err != nil && !errors.Is(err, fs.ErrPermission) { // syncing needs permission to read
		return made, fmt.Errorf("output folder %s: its name cannot be put on the disk: %w", path, rootCause(err))
	}
	return made, nil
}

// removeFolders removes the folders that makeFolders made, as far as nothing is in them.
func removeFolders(made []string) {
	for _, folder := range slices.Backward(made) {
		disk.Remove(folder) // this fails on purpose for a folder that is not empty
	}
}

// claim says which files will be written. If one exists it returns an error, unless force is set.
func (s *staging) claim(names []string, force bool) error {
	s.names = names
	for _, name := range names {
		path := filepath.Join(s.target, name)
		switch _, err := os.Lstat(path); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !force:
			return &existsError{path}
		default:
			s.old = append(s.old, name)
		}
	}
	return nil
}

// claimSet prevents new files from lying beside maps of the same set (image, model, shard) that another fit made,
// because people would take both for one fit. Without force such maps are an error. With force they are removed when
// the new ones move to their places. describe is called only if there are other maps. Call claimSet after claim.
func (s *staging) claimSet(set mapSet, force bool, describe func() (description, error)) error {
	sets, err := readMapSets(s.target, set.stem)
	if err != nil {
		return err
	}
	var others []savedMap
	for _, there := range sets {
		if there.desc != set.desc || there.shard != set.shard {
			continue
		}
		for _, m := range there.maps {
			if !slices.Contains(s.names, filepath.Base(m.path)) {
				others = append(others, m)
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	now, err := describe()
	if err != nil {
		return err
	}
	return s.replaceOthers(others, now, force)
}

// replaceOthers marks maps of another fit to be removed when the new ones move to their places. Without force it
// refuses them.
func (s *staging) replaceOthers(others []savedMap, now description, force bool) error {
	fit, err := asJSON(now)
	if err != nil {
		return err
	}
	for _, m := range others {
		there, err := asJSON(m.Fit)
		if err != nil {
			return err
		}
		found := difference("Fit", there, fit)
		switch {
		case found == nil:
		case force:
			image := filepath.Base(m.path)
			s.dropped = append(s.dropped, image)
			s.old = append(s.old, image, stemOf(image)+".json")
		default:
			source := "unknown inputs"
			if len(m.Fit.Inputs) > 0 {
				source = m.Fit.Inputs[0].Path
			}
			return fmt.Errorf("%s is of another fit, of %s (%s): give another output folder, or --force to replace all maps of that fit",
				m.path, source, found.between("there", "in this one"))
		}
	}
	return nil
}

// finished says whether the files were written by a command that was stopped after they were in their places. They must
// have the same names, and sidecars with the same description.
func (s *staging) finished(names []string, describe func() (description, error)) (bool, error) {
	if len(s.whole) == 0 || !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(s.whole))) {
		return false, nil
	}
	now, err := describe()
	if err != nil {
		return false, err
	}
	want, err := asJSON(now)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if filepath.Ext(name) != ".json" {
			continue
		}
		m, _, err := readMap(filepath.Join(s.target, name))
		if err != nil {
			return false, err
		}
		if fit, err := asJSON(m.Fit); err != nil || difference("", fit, want) != nil {
			return false, err
		}
	}
	return true, nil
}

// check returns an error if the output folder is gone, or no longer locked by this process.
func (s *staging) check() error {
	if s.held.Check() != nil {
		return fmt.Errorf("output folder %s or its lock file was removed or moved away while it was in use", s.target)
	}
	return nil
}

// begin creates the staging folder. Call it right before the files are written.
func (s *staging) begin() error {
	if err := s.check(); err != nil {
		return err
	}
	err := disk.RemoveAll(s.folder) // what recover has left of another command
	if err == nil {
		err = disk.Mkdir(s.folder)
	}
	if err != nil {
		return fmt.Errorf("output folder %s cannot be written: %w", s.target, rootCause(err))
	}
	return nil
}

// path returns the path of a file in the staging folder.
func (s *staging) path(name string) string { return filepath.Join(s.folder, name) }

// write writes a whole file, which is on the disk when it returns.
func (s *staging) write(name string, content []byte) (err error) {
	f, err := disk.Create(s.path(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

// remove deletes the staging folder, releases the lock, and removes the folders that newStaging created if nothing else
// is in them. It does not touch a folder that somebody put in the place of this one.
func (s *staging) remove() {
	if s.held != nil {
		if s.check() != nil {
			s.made = nil
		} else if !s.journalled() { // otherwise the next start must take back what this one could not
			disk.RemoveAll(s.folder)
		}
		_ = s.held.Release() // the process's end does as much
		s.held = nil
	}
	removeFolders(s.made)
	s.made = nil
}

// rootCause strips operation and path from an error, for messages that name the path already.
func rootCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
