//go:build !windows

package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lockBeside makes the file path.lock, which only one process can make. Unlike a real lock it
// stays behind when its process is killed, so the refusal names it.
func lockBeside(path string) (unlock func() error, err error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w (if none is, remove %s)", ErrHeld, name)
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(f, os.Getpid())
	if err := f.Close(); err != nil {
		return nil, err
	}
	return func() error { return os.Remove(name) }, nil
}
