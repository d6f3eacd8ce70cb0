package calm

import (
	"runtime"
	"testing"
	"time"
)

// Runs are often shorter than a tick. Where a run's CPU time is not known, nothing says that other programs disturbed it.
func TestThreadTimeGrowsWithinATick(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 200 {
		before := ThreadTime()
		for begin := time.Now(); time.Since(begin) < 50*time.Microsecond; {
		}
		if ThreadTime() == before {
			t.Fatalf("a thread that was busy for 50 us had no CPU time, after %v", before)
		}
	}
}
