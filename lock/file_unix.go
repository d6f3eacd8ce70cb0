//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package lock

import (
	"errors"
	"os"
	"syscall"
)

// hold takes the file's advisory lock without waiting. The kernel gives it back when the process
// ends, however it ends. Network file systems may not have such locks: there a lock file beside
// the file stands in.
func hold(f *os.File) (unlock func() error, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return func() error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, ErrHeld
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOLCK):
		return lockBeside(f.Name())
	}
	return nil, err
}
