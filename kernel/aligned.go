package kernel

import "unsafe"

// cacheLine is the alignment of vectors and of what a core fetches at once, in bytes.
const cacheLine = 64

// aligned allocates n values, which hold no pointers, from the beginning of a cache line on.
func aligned[T any](n int) []T {
	memory := unsafe.SliceData(make([]byte, n*sizeOf[T]()+cacheLine-1))
	skip := -uintptr(unsafe.Pointer(memory)) % cacheLine
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(memory), skip)), n)
}

// alignedOne allocates one value.
func alignedOne[T any]() *T { return &aligned[T](1)[0] }

// sizeOf is the size of a value in bytes.
func sizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }
