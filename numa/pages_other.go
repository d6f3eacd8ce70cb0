//go:build !linux

package numa

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// CanPlace says whether this operating system lets a program say on which node its memory lies. Where
// it is false, Prefer and PagesOn return an error that wraps errors.ErrUnsupported.
const CanPlace = false

// NewPages makes memory on the Go heap here.
func NewPages(bytes int) (*Pages, error) {
	if bytes == 0 {
		return &Pages{}, nil
	}
	heap := make([]byte, bytes+HugePage)
	skip := int(-uintptr(unsafe.Pointer(&heap[0])) % HugePage)
	return &Pages{bytes: heap[skip : skip+bytes : skip+bytes]}, nil
}

// Free lets go of the memory. Slices of it must not be used any more. A second call does nothing.
func (p *Pages) Free() error {
	p.bytes = nil
	return nil
}

// Prefer is not supported here.
func (p *Pages) Prefer(begin, end, node int) error {
	return fmt.Errorf("numa: put memory on node %d: on %s: %w", node, runtime.GOOS, errors.ErrUnsupported)
}

// NoNode stands in PagesOn for pages that lie nowhere yet.
const NoNode = -1

// PagesOn is not supported here.
func PagesOn(memory []byte) (pages map[int]int, err error) {
	return nil, fmt.Errorf("numa: ask where pages lie: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
