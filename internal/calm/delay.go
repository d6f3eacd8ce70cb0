package calm

import (
	"runtime"
	"time"
)

// Delays says of each thread of this process, by its number, for how long it has been ready to run while another thread
// had its CPU. It is nil if the system does not say.
type Delays map[int]time.Duration

// Since returns for how long the calling thread was so since the Delays were read, and its number. Both are 0 if the
// system does not say.
func (d Delays) Since() (waited time.Duration, thread int) {
	if d == nil {
		return 0, 0
	}
	runtime.LockOSThread() // the number is that of the thread that was read
	defer runtime.UnlockOSThread()
	now, thread, known := threadDelay()
	if !known {
		return 0, 0
	}
	return max(0, now-d[thread]), thread // a thread that is not in d began later, from 0
}
