package calm

import (
	"syscall"
	"time"
)

// ThreadTime is what the calling thread has had of its CPU so far (getrusage(2), RUSAGE_THREAD), 0 when the
// system does not say.
func ThreadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if syscall.Getrusage(thread, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
