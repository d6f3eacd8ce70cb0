package numa

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CanPin says whether this operating system lets a thread choose its CPUs. Where it is false, Pin
// and Confine return an error that wraps errors.ErrUnsupported.
const CanPin = true

// maskBits is the size of the masks handed to the kernel: the largest NR_CPUS that Linux can be
// built with. A smaller kernel ignores the rest.
const maskBits = 8192

// confinements remembers, for each thread (by its kernel id) that is confined now, the mask that it
// had before the first confinement. Allowed asks it, so that a call on a pinned thread still answers
// for the process.
var confinements = struct {
	sync.Mutex
	depth map[int]int
	outer map[int][]int
}{depth: map[int]int{}, outer: map[int][]int{}}

// Confine locks the calling goroutine to its operating-system thread and lets that thread run on the given CPUs only.
// The goroutine must call release itself, on the same thread. release puts the thread's former mask back and ends the
// lock. Calls nest. A second call of the same release does nothing.
//
// When release fails, the goroutine stays locked. Go then ends the thread together with the goroutine, so that no other
// goroutine inherits its mask.
func Confine(cpus []int) (release func() error, err error) {
	if len(cpus) == 0 {
		return nil, errors.New("numa: confine: found an empty list of CPUs, expected at least one")
	}
	for _, cpu := range cpus {
		if cpu < 0 || cpu >= maskBits {
			return nil, fmt.Errorf("numa: confine: found CPU %d, expected 0 to %d", cpu, maskBits-1)
		}
	}
	runtime.LockOSThread()
	former, err := threadMask()
	if err == nil {
		err = setThreadMask(cpus)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("numa: confine to CPUs %s: %w (this thread may use %s)",
			formatCPUList(sorted(cpus)), err, formatCPUList(former))
	}
	thread := unix.Gettid()
	remember(thread, former)
	released := false
	return func() error {
		if released {
			return nil
		}
		if here := unix.Gettid(); here != thread {
			return fmt.Errorf("numa: release of thread %d was called on thread %d: expected the goroutine that confined it", thread, here)
		}
		if err := setThreadMask(former); err != nil {
			return fmt.Errorf("numa: give thread back to CPUs %s: %w", formatCPUList(former), err)
		}
		released = true
		forget(thread)
		runtime.UnlockOSThread()
		return nil
	}, nil
}

// CurrentCPU is the number of the CPU that the calling thread runs on (getcpu(2)), -1 where the
// system does not say. Unless the thread is pinned, the answer may be old by the time it arrives.
func CurrentCPU() int {
	var cpu uint32
	_, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0)
	if errno != 0 {
		return -1
	}
	return int(cpu)
}

// Switches counts the context switches of the calling thread since it began (getrusage(2) with RUSAGE_THREAD). They are
// voluntary where the thread waited for something, and involuntary where the kernel gave its CPU to another thread.
// Both are 0 where the system does not say. A goroutine that is not locked to a thread may ask two threads in two
// calls.
func Switches() (voluntary, involuntary int64) {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &usage) != nil {
		return 0, 0
	}
	return int64(usage.Nvcsw), int64(usage.Nivcsw)
}

// affinity is the mask that the process's threads have unless this package confined them.
func affinity() ([]int, error) {
	// Locked, so that the mask and the thread id are those of one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if outer := rememberedMask(unix.Gettid()); outer != nil {
		return outer, nil
	}
	mask, err := threadMask()
	if err != nil {
		return nil, fmt.Errorf("numa: read the affinity mask: %w", err)
	}
	return mask, nil
}

func threadMask() ([]int, error) {
	set := unix.NewCPUSet(maskBits)
	if err := unix.SchedGetaffinityDynamic(0, set); err != nil {
		return nil, err
	}
	cpus := make([]int, 0, set.Count())
	for cpu := range maskBits {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func setThreadMask(cpus []int) error {
	set := unix.NewCPUSet(maskBits)
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return unix.SchedSetaffinityDynamic(0, set)
}

func remember(thread int, former []int) {
	confinements.Lock()
	defer confinements.Unlock()
	if confinements.depth[thread] == 0 {
		confinements.outer[thread] = former
	}
	confinements.depth[thread]++
}

func forget(thread int) {
	confinements.Lock()
	defer confinements.Unlock()
	confinements.depth[thread]--
	if confinements.depth[thread] == 0 {
		delete(confinements.depth, thread)
		delete(confinements.outer, thread)
	}
}

func rememberedMask(thread int) []int {
	confinements.Lock()
	defer confinements.Unlock()
	return slices.Clone(confinements.outer[thread])
}
