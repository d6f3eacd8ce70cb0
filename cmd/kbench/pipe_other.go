//go:build !unix

package main

import "syscall"

// brokenPipe is the signal for writing to a pipe that nobody reads. This system does not send it.
const brokenPipe = syscall.SIGPIPE
