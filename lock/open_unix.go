//go:build unix

package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Open opens a regular file for reading and writing, and makes it where there is none. It follows no link in the last
// part of path and never waits, as opening a named pipe would. The errors name the path.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) { // EMLINK: FreeBSD's word for it
		return nil, notRegular(path, fs.ModeSymlink)
	}
	if errors.Is(err, syscall.EISDIR) {
		return nil, notRegular(path, fs.ModeDir)
	}
	if err != nil {
		return nil, err
	}
	return regular(f)
}

// OpenToRead opens a regular file for reading. It follows links. It refuses a named pipe, which could keep the caller
// waiting and could be read only once. The errors name the path.
func OpenToRead(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, isFolder(path)
	}
	if f, err = regular(f); err != nil {
		return nil, fmt.Errorf("%s: not a regular file, and the content is read several times: copy it into a regular file first", path)
	}
	return f, nil
}

// regular closes and refuses what is not a regular file.
func regular(f *os.File) (*os.File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(f.Name(), info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func notRegular(path string, mode fs.FileMode) error {
	kind := "a device"
	switch {
	case mode&fs.ModeSymlink != 0:
		kind = "a link"
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s: found %s, expected a regular file or none: remove it, or write to another folder", path, kind)
}
