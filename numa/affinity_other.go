//go:build !linux

package numa

import (
	"errors"
	"fmt"
	"runtime"
)

// CanPin says whether this operating system lets a thread choose its CPUs. Where it is false, Pin
// and Confine return an error that wraps errors.ErrUnsupported.
const CanPin = false

// Confine is not supported here: macOS has no such call, and Windows' processor groups are not
// written. It returns an error that wraps errors.ErrUnsupported, and changes nothing.
func Confine(cpus []int) (release func() error, err error) {
	return nil, fmt.Errorf("numa: confine to CPUs %s: on %s: %w", formatCPUList(cpus), runtime.GOOS, errors.ErrUnsupported)
}

// CurrentCPU is the number of the CPU that the calling thread runs on, -1 where the system does not
// say, as here.
func CurrentCPU() int { return -1 }

// Switches counts the context switches of the calling thread; both are 0 where the system does not
// say, as here.
func Switches() (voluntary, involuntary int64) { return 0, 0 }

func affinity() ([]int, error) {
	cpus := make([]int, runtime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus, nil
}
