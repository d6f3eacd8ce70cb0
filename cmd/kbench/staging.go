package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A staging is a folder inside the output folder where files are made; they move to their places only
// when all of them are whole, so that a failed command leaves nothing half-written.
type staging struct {
	target, folder string
	made           []string // folders that did not exist before
	names          []string
}

// An existsError is that of a file which is there already.
type existsError struct{ path string }

func (e *existsError) Error() string { return e.path + " exists; --force replaces it" }

// newStaging makes target if need be, checks that it can be written, and refuses names that exist
// there already unless force is set. The folder itself is made by begin: what is killed before, in hours
// of fitting, leaves none.
func newStaging(target string, names []string, force bool) (*staging, error) {
	if !force {
		for _, name := range names {
			path := filepath.Join(target, name)
			if _, err := os.Lstat(path); err == nil {
				return nil, &existsError{path}
			}
		}
	}
	s := &staging{target: target, names: names}
	if err := s.makeFolders(target); err != nil {
		s.remove()
		return nil, err
	}
	if err := s.begin(); err != nil {
		s.remove()
		return nil, err
	}
	return s, os.Remove(s.folder)
}

// begin makes the folder; call it when the files are about to be made.
func (s *staging) begin() (err error) {
	if s.folder, err = os.MkdirTemp(s.target, ".kbench-"); err != nil {
		return fmt.Errorf("output folder %s cannot be written: %w", s.target, rootCause(err))
	}
	return nil
}

// makeFolders makes path and its missing parents, and remembers which it made.
func (s *staging) makeFolders(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("output folder %s is a file", path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("output folder %s: %w", path, rootCause(err))
	}
	if err := s.makeFolders(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		return fmt.Errorf("output folder %s cannot be made: %w", path, rootCause(err))
	}
	s.made = append(s.made, path)
	return nil
}

// path is where the file name is made.
func (s *staging) path(name string) string { return filepath.Join(s.folder, name) }

// commit moves every file to its place and removes the staging folder.
func (s *staging) commit() error {
	for _, name := range s.names {
		if err := os.Rename(s.path(name), filepath.Join(s.target, name)); err != nil {
			return err
		}
	}
	return os.Remove(s.folder)
}

// remove deletes what was staged, and the folders that were made when nothing else is in them.
func (s *staging) remove() {
	if s.folder != "" {
		os.RemoveAll(s.folder)
	}
	for i := len(s.made) - 1; i >= 0; i-- {
		os.Remove(s.made[i]) // fails, rightly, on a folder that is not empty
	}
}

// rootCause strips the operation and path from an error whose message names the path already.
func rootCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
