package calm

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ThreadTime returns the CPU time of the calling thread so far, or 0 if the system does not say. It asks
// clock_gettime(2), which knows it to now. getrusage(2) knows it to the last tick, and so finds nothing in a run of less.
//
// The call is raw: it never waits, so that Go's scheduler need not know of it. Of a call that it knows of, one of its
// threads sees to it that no goroutine waits for the caller, which takes CPU time that others have to wait for.
func ThreadTime() time.Duration {
	var spent unix.Timespec
	_, _, failed := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_THREAD_CPUTIME_ID, uintptr(unsafe.Pointer(&spent)), 0)
	if failed != 0 {
		return 0
	}
	return time.Duration(spent.Nano())
}
