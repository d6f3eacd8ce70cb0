//go:build !linux

package numa

import (
	"errors"
	"fmt"
	"runtime"
)

// errNoSyscall is the word for a system call that is not there.
var errNoSyscall = errors.ErrUnsupported

// Counters counts events of one thread; not here.
type Counters struct{}

// OpenCounters is not supported here.
func OpenCounters() (*Counters, error) {
	return nil, fmt.Errorf("numa: processor's counters: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Read is the counts so far.
func (c *Counters) Read() (Counts, error) { return Counts{}, errors.ErrUnsupported }

// Close ends the counting.
func (c *Counters) Close() {}
