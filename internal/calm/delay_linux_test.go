package calm

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// delaysKnown skips the test where the kernel does not keep them.
func delaysKnown(t *testing.T) Delays {
	t.Helper()
	delays := ReadDelays()
	if delays == nil {
		t.Skip("skipped: this kernel has no /proc/self/task/*/schedstat")
	}
	return delays
}

// Two threads on one CPU compute. Whatever the one has of it, the other must wait for.
func TestThreadsThatShareACPUWaitForIt(t *testing.T) {
	delays := delaysKnown(t)
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Skip(err)
	}
	var one unix.CPUSet
	for cpu := 0; one.Count() == 0; cpu++ {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	const work = 30 * time.Millisecond
	waits := make([]time.Duration, 2)
	var ready, both sync.WaitGroup
	ready.Add(len(waits))
	for i := range waits {
		both.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
			if err := unix.SchedSetaffinity(0, &one); err != nil {
				t.Error(err)
			}
			ready.Done()
			ready.Wait()
			had := ThreadTime()
			for ThreadTime()-had < work {
			}
			waits[i], _ = delays.Since()
		})
	}
	both.Wait()
	if sum := waits[0] + waits[1]; sum < work/2 {
		t.Errorf("two threads that had %v each of one CPU waited for %v and %v", work, waits[0], waits[1])
	}
}

// A thread that sleeps does not wait for a CPU, and none waits for longer than the time that has passed.
func TestAThreadWaitsForNoMoreThanTheTimeThatHasPassed(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin, delays := time.Now(), delaysKnown(t)
	for range 100 {
		time.Sleep(time.Millisecond)
		waited, thread := delays.Since()
		if passed := time.Since(begin); waited < 0 || waited > passed {
			t.Fatalf("waited %v in %v", waited, passed)
		}
		if thread != unix.Gettid() {
			t.Fatalf("this is thread %d, not %d", unix.Gettid(), thread)
		}
	}
}

func TestWithoutDelaysNothingWasWaited(t *testing.T) {
	if waited, thread := Delays(nil).Since(); waited != 0 || thread != 0 {
		t.Errorf("thread %d waited %v", thread, waited)
	}
}
