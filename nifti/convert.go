package nifti

import (
	"encoding/binary"
	"math"

	"github.com/voxfit/voxfit/internal/magnitude"
)

// A converter turns stored voxels into values: len(dst) of them from the front of src. It may
// change src.
type converter func(dst []float32, src []byte)

// converter returns the conversion that the header asks for. Scaling is done in float64 and then
// rounded once to float32, which gives nibabel's get_fdata() rounded to float32. What is too large for float32 becomes the
// NaN that package magnitude marks it with.
func (h *Header) converter() converter {
	decode := h.decoder()
	if h.ByteOrder == binary.ByteOrder(binary.LittleEndian) || h.Datatype.Size() == 1 {
		return decode
	}
	size := h.Datatype.Size()
	return func(dst []float32, src []byte) {
		// Swapping in place first keeps the number of loops below at one for each type.
		swap(src[:len(dst)*size], size)
		decode(dst, src)
	}
}

func (h *Header) decoder() converter {
	if !h.scaled() {
		switch h.Datatype {
		case Float32: // no arithmetic: what most big files hold
			return copyFloat32
		case Float64:
			return roundFloat64
		}
		return scaledDecoder(h.Datatype, 1, 0)
	}
	return scaledDecoder(h.Datatype, h.Slope, h.Inter)
}

func copyFloat32(dst []float32, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func roundFloat64(dst []float32, src []byte) {
	src = src[:8*len(dst)]
	for i := range dst {
		dst[i] = magnitude.Single(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

// scaling is the arithmetic that makes values of stored numbers. Integers do not come near what is too large for float32 but
// with strange slopes: their values need no look. The inner conversion to float64 keeps the compiler from fusing product and
// sum, so that every processor gives the same bits.
func scaling(d Datatype, slope, inter float64) func(float64) float32 {
	largest := math.Ldexp(1, 8*d.Size())
	if d == Float32 || d == Float64 {
		largest = math.Inf(1)
	}
	if largest*math.Abs(slope)+math.Abs(inter) < magnitude.Limit {
		return func(x float64) float32 { return float32(float64(x*slope) + inter) }
	}
	return func(x float64) float32 { return magnitude.Single(float64(x*slope) + inter) }
}

func scaledDecoder(d Datatype, slope, inter float64) converter {
	scale := scaling(d, slope, inter)
	le := binary.LittleEndian
	switch d {
	case Uint8:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(src[i]))
			}
		}
	case Int8:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(int8(src[i])))
			}
		}
	case Int16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(int16(le.Uint16(src[2*i:]))))
			}
		}
	case Uint16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(le.Uint16(src[2*i:])))
			}
		}
	case Int32:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(int32(le.Uint32(src[4*i:]))))
			}
		}
	case Uint32:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(le.Uint32(src[4*i:])))
			}
		}
	case Float32:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(math.Float32frombits(le.Uint32(src[4*i:]))))
			}
		}
	case Int64:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(int64(le.Uint64(src[8*i:]))))
			}
		}
	case Uint64:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(float64(le.Uint64(src[8*i:])))
			}
		}
	default:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = scale(math.Float64frombits(le.Uint64(src[8*i:])))
			}
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
	for i, v := range values {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}
