//go:build !unix

package main

import "syscall"

// brokenPipe is the signal of a write that nobody reads, which this system does not send.
const brokenPipe = syscall.SIGPIPE
