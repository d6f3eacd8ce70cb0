package nifti

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/voxfit/voxfit/internal/plural"
)

// A Header is what a NIfTI file says about its voxels: how many, of which type, and where they
// lie in the scanner. Headers come from Open, ReadMask or NewHeader.
type Header struct {
	// Path is the file that the header was read from, for error messages; empty for new ones.
	Path string
	// Version is 1 (348-byte header) or 2 (540-byte header, 64-bit sizes).
	Version int
	// Shape holds the number of voxels along each axis, x first. It has at least three entries
	// and at most seven; axes that the file leaves out are 1.
	Shape []int
	// Zooms holds the voxel spacing along each axis of Shape, in SpaceUnit and, for the fourth
	// axis of a time series, in TimeUnit.
	Zooms []float64
	// SpaceUnit is "mm", "m", "um" or "" (not said).
	SpaceUnit string
	// TimeUnit is "s", "ms", "us", "Hz", "ppm", "rad/s" or "" (not said).
	TimeUnit string
	// Datatype and ByteOrder say how each voxel is stored.
	Datatype  Datatype
	ByteOrder binary.ByteOrder
	// Slope and Inter are scl_slope and scl_inter as stored: value = stored*Slope + Inter. A
	// Slope of zero, NaN or infinity means that the stored numbers are the values.
	Slope, Inter float64
	// QFormCode and SFormCode say which space the two transforms lead to: 0 unknown, 1 scanner,
	// 2 aligned, 3 Talairach, 4 MNI, 5 other template.
	QFormCode, SFormCode int
	// Quaternion (b, c, d), QOffset and QFactor (+1 or -1) make the qform together with Zooms.
	Quaternion, QOffset [3]float64
	QFactor             float64
	// SRows holds the three rows of the sform.
	SRows [3][4]float64
	// Description is the free text of the file, at most 79 bytes.
	Description string

	dimInfo byte  // which axes were frequency, phase and slice
	offset  int64 // where the voxels begin in the (decompressed) file
}

// NewHeader describes a new float32 image of the given shape (one to seven axes, x first).
//
// The affine takes voxel numbers to millimetres. It is kept as the sform and, where it has no
// shear, also as the qform, both with code 1 (scanner). The first three zooms are then the lengths
// of its columns, so that the header cannot contradict itself; zooms give the other axes (1 where
// missing). An affine that is all zeros means that the place is not known: both codes are 0 and
// the zooms are taken as they are.
//
// NewHeader does not fail: the functions that write refuse an impossible shape.
func NewHeader(shape []int, zooms []float64, affine [4][4]float64) *Header {
	h := &Header{
		Version:   1,
		Datatype:  Float32,
		ByteOrder: binary.LittleEndian,
		SpaceUnit: "mm",
		Slope:     1,
		QFactor:   1,
	}
	h.setShape(shape, zooms)
	if affine != ([4][4]float64{}) {
		h.setAffine(affine)
	}
	return h
}

// setShape pads both lists to three axes and picks the version that can hold the shape.
func (h *Header) setShape(shape []int, zooms []float64) {
	n := max(len(shape), 3)
	h.Shape, h.Zooms = make([]int, n), make([]float64, n)
	for axis := range n {
		h.Shape[axis], h.Zooms[axis] = 1, 1
		if axis < len(shape) {
			h.Shape[axis] = shape[axis]
		}
		if axis < len(zooms) {
			h.Zooms[axis] = zooms[axis]
		}
		if h.Shape[axis] > math.MaxInt16 {
			h.Version = 2
		}
	}
}

// SpatialShape returns the number of voxels along x, y and z.
func (h *Header) SpatialShape() [3]int { return [3]int{h.Shape[0], h.Shape[1], h.Shape[2]} }

// Voxels returns the number of voxels of one volume.
func (h *Header) Voxels() int { return product(h.Shape[:3]) }

// Volumes returns the number of volumes: the product of all axes after the third, so 1 for a 3D
// image.
func (h *Header) Volumes() int { return product(h.Shape[3:]) }

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// end returns the number of bytes of the whole file, decompressed.
func (h *Header) end() int64 {
	return h.offset + int64(h.Voxels())*int64(h.Volumes())*int64(h.Datatype.Size())
}

// check refuses a header that cannot describe an image. Before this check, no memory is allocated by what a header
// says.
func (h *Header) check() error {
	if err := h.checkShape(); err != nil {
		return err
	}
	if h.scaled() && !finite(h.Inter) {
		return fmt.Errorf("scl_inter is %g with scl_slope %g, expected a finite number", h.Inter, h.Slope)
	}
	for _, row := range h.Affine() {
		for _, x := range row {
			if !finite(x) {
				return fmt.Errorf("the affine (from the %s) holds %g, expected finite numbers", h.affineSource(), x)
			}
		}
	}
	return nil
}

// checkShape refuses axes without voxels and sizes that no integer can hold.
func (h *Header) checkShape() error {
	if n := len(h.Shape); n < 3 || n > 7 {
		return fmt.Errorf("the image has %d axes, expected 3 to 7", n)
	}
	if len(h.Zooms) != len(h.Shape) {
		return fmt.Errorf("the header has %s, expected %d, one for each axis", plural.Count(len(h.Zooms), "zoom"), len(h.Shape))
	}
	total := uint64(8) // bytes of the widest type, so that no later product of sizes overflows
	for axis, d := range h.Shape {
		if d < 1 {
			return fmt.Errorf("dim[%d] is %d, expected at least 1", axis+1, d)
		}
		over, low := bits.Mul64(total, uint64(d))
		if over != 0 || low > math.MaxInt64/2 || low/8 > math.MaxInt/8 {
			return fmt.Errorf("the shape %v has more voxels than can be counted, expected fewer than 2^%d", h.Shape, bits.Len(math.MaxInt/8))
		}
		total = low
	}
	return nil
}

// scaled tells whether stored numbers must be scaled, by nibabel's rule.
func (h *Header) scaled() bool {
	return finite(h.Slope) && h.Slope != 0 && (h.Slope != 1 || h.Inter != 0)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
