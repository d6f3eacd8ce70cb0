package calm

import (
	"bytes"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ReadDelays reads the delays of all threads: the second number of each thread's schedstat (the kernel's
// Documentation/scheduler/sched-stats.rst). It takes a few microseconds a thread.
func ReadDelays() Delays {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	delays := Delays{}
	for _, entry := range threads {
		thread, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if waited, known := delayIn("/proc/self/task/" + entry.Name() + "/schedstat"); known { // else it has just ended
			delays[thread] = waited
		}
	}
	if len(delays) == 0 { // the kernel does not keep them
		return nil
	}
	return delays
}

func threadDelay() (waited time.Duration, thread int, known bool) {
	waited, known = delayIn("/proc/thread-self/schedstat")
	return waited, unix.Gettid(), known
}

// delayIn reads a schedstat. The calls are raw, as in ThreadTime: they wait for nothing, and a thread that is about to
// begin its work should not be parted from its goroutine.
func delayIn(path string) (waited time.Duration, known bool) {
	var name [48]byte // ends with a zero
	if copy(name[:], path) == len(name) {
		return 0, false
	}
	const fromRoot = ^uintptr(0) // the path is absolute, so that no folder is needed
	file, _, failed := unix.RawSyscall6(unix.SYS_OPENAT, fromRoot, uintptr(unsafe.Pointer(&name[0])), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if failed != 0 {
		return 0, false
	}
	var text [96]byte
	n, _, failed := unix.RawSyscall(unix.SYS_READ, file, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, file, 0, 0)
	if failed != 0 {
		return 0, false
	}
	numbers := bytes.Fields(text[:n])
	if len(numbers) < 2 {
		return 0, false
	}
	ns, err := strconv.ParseInt(string(numbers[1]), 10, 64)
	return time.Duration(ns), err == nil
}
