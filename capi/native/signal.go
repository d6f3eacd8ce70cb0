package native

import (
	"fmt"
	"unsafe"

	"github.com/voxfit/voxfit/sched"
)

// A Type is that of the numbers of a signal or of parameters.
type Type int32

// The types, as voxfit.h numbers them.
const (
	Float32 Type = 1
	Float64 Type = 2
	Int16   Type = 3
	Uint16  Type = 4
)

func (t Type) bytes() int64 {
	return [...]int64{Float32: 4, Float64: 8, Int16: 2, Uint16: 2}[t]
}

func (t Type) check(name string, allowed ...Type) error {
	for _, a := range allowed {
		if t == a {
			return nil
		}
	}
	return fmt.Errorf("voxfit: the type of %s is %d, expected one of %v", name, t, allowed)
}

// A Signal is measured values as they lie in the caller's memory. Value j of voxel v is at
//
//	Data + v*VoxelStride + j*ValueStride          or, with Offsets,
//	Data + Offsets[v]    + j*ValueStride          (strides and offsets in bytes, of any sign)
//
// Float32 and Float64 are fitted as what they are, the integers as float32, which holds them exactly.
type Signal struct {
	Data                     unsafe.Pointer
	Type                     Type
	VoxelStride, ValueStride int64
	Offsets                  []int64
}

// packed says whether n values of each voxel lie one after another, and the voxels too.
func (s *Signal) packed(n int) bool {
	size := s.Type.bytes()
	return s.Offsets == nil && s.ValueStride == size && s.VoxelStride == size*int64(n)
}

func (s *Signal) voxel(v int) unsafe.Pointer {
	if s.Offsets != nil {
		return unsafe.Add(s.Data, s.Offsets[v])
	}
	return unsafe.Add(s.Data, int64(v)*s.VoxelStride)
}

// gather copies n values of each voxel of part to dst, voxel after voxel. From is the type of the signal.
func gather[From int16 | uint16 | float32 | float64, To float32 | float64](dst []To, s *Signal, n int, part sched.Range) {
	if s.ValueStride == s.Type.bytes() {
		for i := range part.Len() {
			row := unsafe.Slice((*From)(s.voxel(part.Begin+i)), n)
			for j, x := range row {
				dst[i*n+j] = To(x)
			}
		}
		return
	}
	// Volume after volume, as the values of neighbouring voxels then share cache lines.
	for j := range n {
		at := int64(j) * s.ValueStride
		for i := range part.Len() {
			dst[i*n+j] = To(*(*From)(unsafe.Add(s.voxel(part.Begin+i), at)))
		}
	}
}
