package calm

import (
	"syscall"
	"time"
)

// ThreadTime returns the CPU time of the calling thread so far (getrusage(2), RUSAGE_THREAD), or 0 if the system does
// not say.
func ThreadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if syscall.Getrusage(thread, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
