//go:build !purego

package transpose

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

//go:generate go run -C _asm . -pkg transpose -out ../vectors_amd64.s -stubs ../vectorsstubs_amd64.go

var haveAVX2 = cpuid.CPU.Supports(cpuid.AVX2)

// square is how many 32-bit elements of each plane the assembly transposes at a time.
const square = 8

// fromVectors does for ToPlanes what inVectors does for ToRows.
func fromVectors(planes *[Planes][]float32, rows []float32, length, n int) (done int) {
	if done = n / square * square; !haveAVX2 || done == 0 {
		return 0
	}
	float32Planes(planes, &rows[0], length, done)
	return done
}

// inVectors transposes the first n voxels by whole vectors, and returns how many these are: all, or none where they fill
// no vector. Where whole vectors leave voxels over, the last vector overlaps the one before.
func inVectors[T Number](dst []float32, length int, planes *[Planes][]T, n int) (done int) {
	each := square * 4 / int(unsafe.Sizeof(T(0))) // numbers in the elements of a square
	if n < each || !haveAVX2 {
		return 0
	}
	wholeVectors(dst, length, planes, n/each*each)
	if n%each != 0 {
		var last [Planes][]T
		for p, plane := range planes {
			last[p] = plane[n-each : n]
		}
		wholeVectors(dst[(n-each)*length:], length, &last, each)
	}
	return n
}

func wholeVectors[T Number](dst []float32, length int, planes *[Planes][]T, n int) {
	switch planes := any(planes).(type) {
	case *[Planes][]int8:
		int8Rows(&dst[0], length, planes, n)
	case *[Planes][]uint8:
		uint8Rows(&dst[0], length, planes, n)
	case *[Planes][]int16:
		int16Rows(&dst[0], length, planes, n)
	case *[Planes][]uint16:
		uint16Rows(&dst[0], length, planes, n)
	case *[Planes][]float32:
		float32Rows(&dst[0], length, planes, n)
	}
}
