package numa

import (
	"fmt"
	"unsafe"
)

// Pages is a block of memory of its own. Where the system allows, it lies outside the Go heap. It is zeroed, and
// aligned to HugePage. The kernel is asked to back it by huge pages, and Prefer places it on nodes. It must hold no Go
// pointers. Only Free frees it.
type Pages struct {
	bytes   []byte
	mapping []byte // what the system gave; nil for memory of the Go heap
}

// HugePage is the size of a huge page on amd64, and on arm64 with pages of 4 KiB. Shares of nodes that
// begin at its multiples split no huge page.
const HugePage = 2 << 20

// Bytes is the memory.
func (p *Pages) Bytes() []byte { return p.bytes }

// SliceOf is the first n values of the memory, as a type without pointers.
func SliceOf[T any](p *Pages, n int) []T {
	var zero T
	if n == 0 {
		return nil
	}
	if need := n * int(unsafe.Sizeof(zero)); need > len(p.bytes) {
		panic(fmt.Sprintf("numa: SliceOf: %d values take %d bytes, found %d", n, need, len(p.bytes)))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(p.bytes))), n)
}

// BytesOf is a slice of values without pointers, seen as bytes.
func BytesOf[T any](values []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero)))
}
