package calm

import (
	"time"

	"golang.org/x/sys/unix"
)

// ThreadTime returns the CPU time of the calling thread so far, or 0 if the system does not say. It asks
// clock_gettime(2), which knows it to now. getrusage(2) knows it to the last tick, and so finds nothing in a run of less.
func ThreadTime() time.Duration {
	var spent unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent) != nil {
		return 0
	}
	return time.Duration(spent.Nano())
}
