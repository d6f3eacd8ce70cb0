//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package lock

import "os"

// hold makes a lock file: this system has no advisory lock that Go's library offers.
func hold(f *os.File) (unlock func() error, err error) { return lockBeside(f.Name()) }
