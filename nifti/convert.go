package nifti

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/voxfit/voxfit/internal/magnitude"
	"github.com/voxfit/voxfit/nifti/internal/transpose"
)

// A converter turns stored numbers into values: len(dst) of them, from the beginning of src. It may change src.
type converter func(dst []float32, src []byte)

// littleEndianHost says how this machine stores its numbers.
var littleEndianHost = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// converter returns the conversion that the header asks for. Scaling is done in float64 and its result is rounded once
// to float32: nibabel's get_fdata() rounded to float32. A value that is too large for float32 becomes the marked NaN of
// package magnitude.
func (h *Header) converter() converter {
	decode := h.decoder()
	if !h.swaps() {
		return decode
	}
	size := h.Datatype.Size()
	return func(dst []float32, src []byte) {
		// The bytes are swapped in place first, so that each type needs only one of the loops below.
		swap(src[:len(dst)*size], size)
		decode(dst, src)
	}
}

// swaps tells whether the file's byte order is not this machine's.
func (h *Header) swaps() bool {
	return h.Datatype.Size() > 1 && (h.ByteOrder == binary.ByteOrder(binary.LittleEndian)) != littleEndianHost
}

func (h *Header) decoder() converter {
	slope, inter := 1.0, math.Copysign(0, -1) // minus zero: adding it changes no number, not even minus zero
	if h.scaled() {
		slope, inter = h.Slope, h.Inter
	} else if h.Datatype == Float32 {
		return func(dst []float32, src []byte) { copy(dst, stored[float32](src, len(dst))) }
	}
	switch h.Datatype {
	case Uint8:
		return wholeDecoder[uint8](slope, inter)
	case Int8:
		return wholeDecoder[int8](slope, inter)
	case Int16:
		return wholeDecoder[int16](slope, inter)
	case Uint16:
		return wholeDecoder[uint16](slope, inter)
	case Int32:
		return wholeDecoder[int32](slope, inter)
	case Uint32:
		return wholeDecoder[uint32](slope, inter)
	case Int64:
		return wholeDecoder[int64](slope, inter)
	case Uint64:
		return wholeDecoder[uint64](slope, inter)
	case Float32:
		return markingDecoder[float32](slope, inter)
	default:
		return markingDecoder[float64](slope, inter)
	}
}

// A rowConverter writes the stored numbers of sixteen planes, for one stretch of voxels, into the first columns of rows
// of the given length.
type rowConverter func(dst []float32, length int, planes *[planesPerGroup][]byte, stretch run)

// rowConverter returns the direct way from stored numbers to rows, for types that float32 represents exactly and that
// need no scaling. It returns nil for others, which are first converted to planes of float32.
func (h *Header) rowConverter() rowConverter {
	if h.scaled() || h.swaps() {
		return nil
	}
	switch h.Datatype {
	case Uint8:
		return storedToRows[uint8]
	case Int8:
		return storedToRows[int8]
	case Int16:
		return storedToRows[int16]
	case Uint16:
		return storedToRows[uint16]
	case Float32:
		return storedToRows[float32]
	}
	return nil
}

func storedToRows[T transpose.Number](dst []float32, length int, planes *[planesPerGroup][]byte, stretch run) {
	var part [planesPerGroup][]T
	size, n := int(unsafe.Sizeof(T(0))), stretch.end-stretch.begin
	for p, plane := range planes {
		part[p] = stored[T](plane[size*stretch.begin:], n)
	}
	transpose.ToRows(dst, length, &part)
}

type wholeNumber interface {
	int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64
}

// stored takes the first n numbers of src as they lie, in this machine's byte order. Every processor that this program
// runs on reads them at any address.
func stored[T wholeNumber | float32 | float64](src []byte, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&src[:n*int(unsafe.Sizeof(T(0)))][0])), n)
}

// wholeDecoder is for integers. Only with strange slopes can their values be too large for float32, so the values are
// not looked at. The inner conversion to float64 keeps the compiler from fusing product and sum. Every processor then
// gives the same bits.
func wholeDecoder[T wholeNumber](slope, inter float64) converter {
	largest := math.Ldexp(1, 8*int(unsafe.Sizeof(T(0))))
	if !(largest*math.Abs(slope)+math.Abs(inter) < magnitude.Limit) {
		return markingDecoder[T](slope, inter)
	}
	return func(dst []float32, src []byte) {
		for i, x := range stored[T](src, len(dst)) {
			dst[i] = float32(float64(float64(x)*slope) + inter)
		}
	}
}

// markingDecoder looks at every value. It marks those that are finite in the file and too large for float32 once they
// are scaled.
func markingDecoder[T wholeNumber | float32 | float64](slope, inter float64) converter {
	return func(dst []float32, src []byte) {
		for i, x := range stored[T](src, len(dst)) {
			dst[i] = magnitude.Scaled(float64(x), slope, inter)
		}
	}
}

// swap reverses the bytes of each number in place.
func swap(b []byte, size int) {
	le, be := binary.LittleEndian, binary.BigEndian
	switch size {
	case 2:
		for i := 0; i+2 <= len(b); i += 2 {
			le.PutUint16(b[i:], be.Uint16(b[i:]))
		}
	case 4:
		for i := 0; i+4 <= len(b); i += 4 {
			le.PutUint32(b[i:], be.Uint32(b[i:]))
		}
	case 8:
		for i := 0; i+8 <= len(b); i += 8 {
			le.PutUint64(b[i:], be.Uint64(b[i:]))
		}
	}
}

// encode writes values as little-endian float32 at the front of dst.
func encode(dst []byte, values []float32) {
	dst = dst[:4*len(values)]
	if littleEndianHost {
		copy(stored[float32](dst, len(values)), values)
		return
	}
	for i, v := range values {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}
