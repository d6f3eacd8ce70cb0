package fit

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/voxfit/voxfit/kernel"
)

// In a checkpoint a voxel has its code, a byte that is zero, and its iteration count as uint16. Then comes a byte for
// each eight parameters, the lowest bit for the first of them. A set bit says that the parameter is stored. The other
// parameters are zeros, of which sparse models have many. The stored parameters follow as float64. Only a parameter
// whose bits are all zero is left out, so that each comes back bit for bit.

// statusPart is the size of code and iteration count.
const statusPart = 4

// leastVoxel is the size of a voxel whose parameters are all zero.
func leastVoxel(parameters int) int { return statusPart + (parameters+7)/8 }

// isThere returns 1 for the bits of a parameter that is stored, and 0 for a zero.
func isThere(bits uint64) uint64 { return (bits | -bits) >> 63 }

// voxelBytes is the size of some voxels with these parameters.
func voxelBytes(voxels int, parameters []float64) int64 {
	there := uint64(0)
	for _, x := range parameters {
		there += isThere(math.Float64bits(x))
	}
	size := 0
	if voxels > 0 {
		size = leastVoxel(len(parameters) / voxels)
	}
	return int64(voxels)*int64(size) + 8*int64(there)
}

// appendVoxel appends a voxel to buf.
func appendVoxel(buf []byte, s kernel.Status, parameters []float64) []byte {
	begin, least := len(buf), leastVoxel(len(parameters))
	buf = slices.Grow(buf, least+8*len(parameters)+8)
	buf = buf[:cap(buf)]
	voxel := buf[begin:]
	voxel[0], voxel[1] = byte(s.Code), 0
	binary.LittleEndian.PutUint16(voxel[2:], s.Iterations)
	at := least
	for i := range least - statusPart {
		eight := parameters[8*i : min(8*i+8, len(parameters))]
		marks, any := uint64(0), uint64(0)
		for _, x := range eight {
			any |= math.Float64bits(x)
		}
		if any != 0 { // a zero is written, too, and overwritten by the next parameter
			for k, x := range eight {
				bits := math.Float64bits(x)
				binary.LittleEndian.PutUint64(voxel[at:], bits)
				marks |= isThere(bits) << k
				at += 8 * int(isThere(bits))
			}
		}
		voxel[statusPart+i] = byte(marks)
	}
	return buf[:begin+at]
}

// A voxelReader reads voxels with a number of parameters.
type voxelReader struct {
	in         io.Reader
	head, rest []byte
}

func newVoxelReader(in io.Reader, parameters int) *voxelReader {
	return &voxelReader{in: in, head: make([]byte, leastVoxel(parameters)), rest: make([]byte, 8*parameters)}
}

var errMarks = errors.New("a block marks more parameters than the model has")

// read fills the parameters of the next voxel, and returns its status.
func (r *voxelReader) read(parameters []float64) (s kernel.Status, err error) {
	if _, err := io.ReadFull(r.in, r.head); err != nil {
		return s, err
	}
	s = kernel.Status{Code: kernel.Code(r.head[0]), Iterations: binary.LittleEndian.Uint16(r.head[2:])}
	there := 0
	for _, marks := range r.head[statusPart:] {
		there += bits.OnesCount8(marks)
	}
	if there > len(parameters) {
		return s, errMarks
	}
	if _, err := io.ReadFull(r.in, r.rest[:8*there]); err != nil {
		return s, err
	}
	clear(parameters)
	rest := r.rest
	for i, marks := range r.head[statusPart:] {
		for ; marks != 0; marks &= marks - 1 {
			k := 8*i + bits.TrailingZeros8(marks)
			if k >= len(parameters) {
				return s, errMarks
			}
			parameters[k] = math.Float64frombits(binary.LittleEndian.Uint64(rest))
			rest = rest[8:]
		}
	}
	return s, nil
}
