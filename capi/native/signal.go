package native

import (
	"fmt"
	"math"
	"math/bits"
	"unsafe"

	"github.com/voxfit/voxfit/sched"
)

// A Type is the type of the numbers of a signal or of parameters.
type Type int32

// The types, as voxfit.h numbers them. Swapped is added to a type if its bytes are not in the order of this machine.
const (
	Float32 Type = 1
	Float64 Type = 2
	Int16   Type = 3
	Uint16  Type = 4
	Int8    Type = 5
	Uint8   Type = 6
	Swapped Type = 16
)

// signalTypes are the types that a signal may have. Types of one byte have no order of bytes.
var signalTypes = []Type{
	Float32, Float64, Int16, Uint16, Int8, Uint8, Float32 | Swapped, Float64 | Swapped, Int16 | Swapped, Uint16 | Swapped,
}

func (t Type) bytes() int64 {
	return [...]int64{Float32: 4, Float64: 8, Int16: 2, Uint16: 2, Int8: 1, Uint8: 1}[t&^Swapped]
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
// Float32 and Float64 are fitted in their own precision, whatever their order of bytes. Integers are fitted as
// float32, which holds them exactly.
type Signal struct {
	Data                     unsafe.Pointer
	Type                     Type
	VoxelStride, ValueStride int64
	Offsets                  []int64
}

// packed says whether the n values of each voxel lie one after another, and so do the voxels.
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
func gather[From int8 | uint8 | int16 | uint16 | float32 | float64, To float32 | float64](dst []To, s *Signal, n int, part sched.Range) {
	convert(dst, s, n, part, func(x From) To { return To(x) })
}

// single32 copies a signal that is fitted as float32.
func single32(dst []float32, s *Signal, n int, part sched.Range) {
	switch s.Type {
	case Float32:
		gather[float32](dst, s, n, part)
	case Int16:
		gather[int16](dst, s, n, part)
	case Uint16:
		gather[uint16](dst, s, n, part)
	case Int8:
		gather[int8](dst, s, n, part)
	case Uint8:
		gather[uint8](dst, s, n, part)
	case Float32 | Swapped:
		convert(dst, s, n, part, func(x uint32) float32 { return math.Float32frombits(bits.ReverseBytes32(x)) })
	case Int16 | Swapped:
		convert(dst, s, n, part, func(x uint16) float32 { return float32(int16(bits.ReverseBytes16(x))) })
	case Uint16 | Swapped:
		convert(dst, s, n, part, func(x uint16) float32 { return float32(bits.ReverseBytes16(x)) })
	}
}

// double64 copies a signal that is fitted as float64.
func double64(dst []float64, s *Signal, n int, part sched.Range) {
	if s.Type == Float64 {
		gather[float64](dst, s, n, part)
		return
	}
	convert(dst, s, n, part, func(x uint64) float64 { return math.Float64frombits(bits.ReverseBytes64(x)) })
}

// convert copies n values of each voxel of part to dst, voxel after voxel. From has the bytes of the signal's type.
func convert[From, To any](dst []To, s *Signal, n int, part sched.Range, value func(From) To) {
	if s.ValueStride == s.Type.bytes() {
		for i := range part.Len() {
			row := unsafe.Slice((*From)(s.voxel(part.Begin+i)), n)
			for j, x := range row {
				dst[i*n+j] = value(x)
			}
		}
		return
	}
	// This goes volume after volume, because the values of neighbouring voxels then share cache lines.
	for j := range n {
		at := int64(j) * s.ValueStride
		for i := range part.Len() {
			dst[i*n+j] = value(*(*From)(unsafe.Add(s.voxel(part.Begin+i), at)))
		}
	}
}
