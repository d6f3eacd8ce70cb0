package lanes

import "unsafe"

// cacheLine is the alignment of vectors and of what a core fetches at once, in bytes.
const cacheLine = 64

// Aligned allocates n values without pointers. They begin at the beginning of a cache line.
func Aligned[T any](n int) []T {
	memory := unsafe.SliceData(make([]byte, n*SizeOf[T]()+cacheLine-1))
	skip := -uintptr(unsafe.Pointer(memory)) % cacheLine
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(memory), skip)), n)
}

// AlignedOne allocates one value.
func AlignedOne[T any]() *T { return &Aligned[T](1)[0] }

// SizeOf returns the size of a value in bytes.
func SizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }
