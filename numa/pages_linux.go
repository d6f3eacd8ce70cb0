package numa

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CanPlace says whether this operating system lets a program say on which node its memory lies. Where
// it is false, Prefer and PagesOn return an error that wraps errors.ErrUnsupported.
const CanPlace = true

// From linux/mempolicy.h.
const (
	mpolPreferred = 1      // on this node, while it has room
	mpolMove      = 1 << 1 // move pages that lie elsewhere
)

// NewPages reserves memory. A page gets its place when it is first written to: on the node that Prefer named for it,
// else on the node of the CPU that writes.
func NewPages(bytes int) (*Pages, error) {
	if bytes == 0 {
		return &Pages{}, nil
	}
	mapping, err := unix.Mmap(-1, 0, bytes+HugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("the system does not give %s of memory: %w", formatBytes(int64(bytes)), err)
	}
	skip := int(-uintptr(unsafe.Pointer(&mapping[0])) % HugePage)
	p := &Pages{bytes: mapping[skip : skip+bytes : skip+bytes], mapping: mapping}
	// A kernel without huge pages, or one that may not use them, ignores this request.
	_ = unix.Madvise(mapping, unix.MADV_HUGEPAGE)
	return p, nil
}

// Free frees the memory. Slices of it must not be used any more. A second call does nothing.
func (p *Pages) Free() error {
	if p.mapping == nil {
		return nil
	}
	mapping := p.mapping
	p.mapping, p.bytes = nil, nil
	return unix.Munmap(mapping)
}

// Prefer puts the bytes begin to end-1 on a node, as long as the node has room. This holds for pages that are written
// to later. Pages that lie elsewhere already are moved. A page belongs to the share that holds its first byte.
func (p *Pages) Prefer(begin, end, node int) error {
	size := os.Getpagesize()
	begin, end = (begin+size-1)/size*size, (end+size-1)/size*size
	end = min(end, (len(p.bytes)+size-1)/size*size) // the mapping is longer than bytes
	if begin >= end {
		return nil
	}
	const bits = 8 * int(unsafe.Sizeof(uintptr(0)))
	mask := make([]uintptr, node/bits+1)
	mask[node/bits] |= 1 << (node % bits)
	// The kernel takes one from the number of bits (a fault it has kept for compatibility).
	_, _, errno := unix.Syscall6(unix.SYS_MBIND, uintptr(unsafe.Pointer(&p.bytes[begin])), uintptr(end-begin),
		mpolPreferred, uintptr(unsafe.Pointer(&mask[0])), uintptr(len(mask)*bits+1), mpolMove)
	if errno != 0 {
		return fmt.Errorf("numa: put %s on node %d: %w", formatBytes(int64(end-begin)), node, errno)
	}
	return nil
}

// NoNode is the key in PagesOn for pages that have no memory yet, because nothing was written to them.
const NoNode = -1

// PagesOn counts the pages of some memory by the node that they lie on, as the kernel says (move_pages(2)). The slice
// may be any memory of the process. Some kernels (6.1) say that a page is nowhere while automatic NUMA balancing
// observes it. sysctl kernel.numa_balancing=0 turns that off.
func PagesOn(memory []byte) (pages map[int]int, err error) {
	pages = map[int]int{}
	if len(memory) == 0 {
		return pages, nil
	}
	size := uintptr(os.Getpagesize())
	first := uintptr(unsafe.Pointer(&memory[0])) / size * size
	last := uintptr(unsafe.Pointer(&memory[len(memory)-1]))
	const most = 4096 // addresses in one call
	addresses, status := make([]uintptr, 0, most), make([]int32, most)
	for address := first; address <= last; address += size {
		addresses = append(addresses, address)
		if len(addresses) < most && address+size <= last {
			continue
		}
		_, _, errno := unix.Syscall6(unix.SYS_MOVE_PAGES, 0, uintptr(len(addresses)), uintptr(unsafe.Pointer(&addresses[0])),
			0, uintptr(unsafe.Pointer(&status[0])), 0)
		if errno != 0 {
			return nil, fmt.Errorf("numa: ask where pages lie: %w", errno)
		}
		for _, node := range status[:len(addresses)] {
			// Absent pages are -ENOENT; the zero page, which was only read, is -EFAULT.
			pages[max(int(node), NoNode)]++
		}
		addresses = addresses[:0]
	}
	return pages, nil
}
