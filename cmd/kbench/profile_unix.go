//go:build unix

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime returns the CPU time of the process so far (getrusage(2)).
func processTime() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
