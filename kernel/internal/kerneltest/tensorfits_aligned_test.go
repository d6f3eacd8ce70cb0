package kerneltest_test

import (
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// alignedLanes returns n Lanes that begin at a cache line.
func alignedLanes(n int) []ops.Lanes {
	memory := make([]ops.Lanes, n+1)
	start := unsafe.Pointer(&memory[0])
	return unsafe.Slice((*ops.Lanes)(unsafe.Add(start, (64-int(uintptr(start)%64))%64)), n)
}
