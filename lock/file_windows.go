package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// hold takes a lock on one byte far behind the end of the file. A lock of Windows prevents others from reading the
// locked bytes, and readers of the rows must not be stopped.
func hold(f *os.File) (unlock func() error, err error) {
	at := &windows.Overlapped{OffsetHigh: 1 << 30}
	h := windows.Handle(f.Fd())
	const exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(h, exclusive, 0, 1, 0, at); err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, ErrHeld
		}
		return nil, err
	}
	return func() error { return windows.UnlockFileEx(h, 0, 1, 0, at) }, nil
}
