//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package lock

import "os"

// hold makes a lock file, because Go's library has no advisory lock for this system.
func hold(f *os.File) (unlock func() error, err error) { return lockBeside(f.Name()) }
