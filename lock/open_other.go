//go:build !unix

package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens a regular file for reading and writing, and makes it where there is none. A link in the last part of path
// is refused. The errors name the path.
func Open(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: found something else, expected a regular file or none: remove it, or write to another folder", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
}

// OpenToRead opens a regular file for reading. The errors name the path.
func OpenToRead(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = isFolder(path)
	} else if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file, and the content is read several times: copy it into a regular file first", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
