package numa

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errNoSyscall is the kernel's word for a system call that it does not have.
var errNoSyscall error = unix.ENOSYS

// Counters counts events of one thread from OpenCounters on, as perf(1) does.
type Counters struct{ files []int }

var countedEvents = [...]uint64{unix.PERF_COUNT_HW_INSTRUCTIONS, unix.PERF_COUNT_HW_CPU_CYCLES, unix.PERF_COUNT_HW_CACHE_MISSES}

// OpenCounters begins to count for the calling thread, to which the goroutine should be locked. Close ends the
// counting. It is an error where the processor has no counters, as on most virtual machines, and where the kernel does
// not give them to programs (perf_event_paranoid above 2, or a container's seccomp filter).
func OpenCounters() (*Counters, error) {
	c := &Counters{}
	for _, event := range countedEvents {
		file, err := unix.PerfEventOpen(&unix.PerfEventAttr{
			Type: unix.PERF_TYPE_HARDWARE, Config: event, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
			Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
		}, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("numa: processor's counters: %w", err)
		}
		c.files = append(c.files, file)
	}
	return c, nil
}

// Read is the counts so far.
func (c *Counters) Read() (Counts, error) {
	var values [len(countedEvents)]int64
	for i, file := range c.files {
		var word [8]byte
		if _, err := unix.Read(file, word[:]); err != nil {
			return Counts{}, fmt.Errorf("numa: read the processor's counters: %w", err)
		}
		values[i] = int64(binary.NativeEndian.Uint64(word[:]))
	}
	return Counts{Instructions: values[0], Cycles: values[1], CacheMisses: values[2]}, nil
}

// Close ends the counting.
func (c *Counters) Close() {
	for _, file := range c.files {
		unix.Close(file)
	}
	c.files = nil
}
