//go:build !purego

package transpose

import "github.com/klauspost/cpuid/v2"

//go:generate go run -C _asm . -pkg transpose -out ../vectors_amd64.s -stubs ../vectorsstubs_amd64.go

var haveAVX2 = cpuid.CPU.Supports(cpuid.AVX2)

// fromVectors is inVectors for ToPlanes.
func fromVectors(planes *[Planes][]float32, rows []float32, length, n int) (done int) {
	if !haveAVX2 || n < 8 {
		return 0
	}
	done = n &^ 7
	float32Planes(planes, &rows[0], length, done)
	return done
}

// inVectors does what it can of the first n voxels by whole vectors, and returns how many of them it did.
func inVectors[T Number](dst []float32, length int, planes *[Planes][]T, n int) (done int) {
	if !haveAVX2 {
		return 0
	}
	switch planes := any(planes).(type) {
	case *[Planes][]int8:
		if done = n &^ 31; done > 0 {
			int8Rows(&dst[0], length, planes, done)
		}
	case *[Planes][]uint8:
		if done = n &^ 31; done > 0 {
			uint8Rows(&dst[0], length, planes, done)
		}
	case *[Planes][]int16:
		if done = n &^ 15; done > 0 {
			int16Rows(&dst[0], length, planes, done)
		}
	case *[Planes][]uint16:
		if done = n &^ 15; done > 0 {
			uint16Rows(&dst[0], length, planes, done)
		}
	case *[Planes][]float32:
		if done = n &^ 7; done > 0 {
			float32Rows(&dst[0], length, planes, done)
		}
	}
	return done
}
