//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package study

import "os"

// lock makes a lock file: this system has no advisory lock that Go's library offers.
func lock(f *os.File) (unlock func() error, err error) { return lockBeside(f.Name()) }
