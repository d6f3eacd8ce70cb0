package guarded

import (
	"syscall"
	"testing"
	"unsafe"
)

// Slice returns n zero values in memory of their own, between two forbidden pages. Reading or writing one of these ends
// the program with the address. One end of the slice touches a page, so that code that goes a single value too far
// there is noticed. The memory is freed after the test.
func Slice[T any](t testing.TB, n int, edge Edge) []T {
	t.Helper()
	page := syscall.Getpagesize()
	size := n * int(unsafe.Sizeof(*new(T)))
	inner := (size + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(memory) })
	for _, guard := range [][]byte{memory[:page], memory[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	first := page
	if edge == End {
		first += inner - size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[first])), n)
}
