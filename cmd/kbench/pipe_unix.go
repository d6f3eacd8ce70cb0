//go:build unix

package main

import "syscall"

// brokenPipe is the signal for writing to a pipe that nobody reads.
const brokenPipe = syscall.SIGPIPE
