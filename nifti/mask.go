package nifti

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/internal/plural"
)

// A Mask says which voxels of an image are used.
type Mask struct {
	// Header describes the mask's own grid.
	Header *Header
	// Path is the file it was read from; empty for FullMask.
	Path string
	// Values is the number of different values in the file, without NaN, counted up to 3. Most is the largest value.
	Values int
	Most   float32
	// Index holds the linear numbers of the voxels inside, x fastest, ascending.
	Index []int
}

// ReadMask reads a mask: an image of one volume, whose voxels are inside where the (scaled) value
// is neither zero nor NaN. A mask without any voxel inside is an error.
func ReadMask(path string) (*Mask, error) {
	m, err := Open(path)
	if err != nil {
		return nil, err
	}
	return m.Mask()
}

// Mask reads an opened image as a mask, as ReadMask does. It first counts the voxels inside, and takes memory for these
// alone.
func (m *Image) Mask() (*Mask, error) {
	inside, err := m.CountMask()
	if err != nil {
		return nil, err
	}
	mask := &Mask{Header: m.Header, Path: m.Path, Index: make([]int, 0, inside)}
	var seen seenValues
	err = m.eachVoxel(func(v int, x float32) {
		seen.add(x)
		if isInside(x) {
			mask.Index = append(mask.Index, v)
		}
	})
	mask.Values, mask.Most = len(seen), slices.Max(append(seen, 0))
	return mask, err
}

// CountMask counts the voxels inside a mask, of which there must be some.
func (m *Image) CountMask() (int, error) {
	inside := 0
	err := m.eachVoxel(func(_ int, x float32) {
		if isInside(x) {
			inside++
		}
	})
	if err != nil {
		return 0, err
	}
	if inside == 0 {
		return 0, fmt.Errorf("%s: the mask is empty: all %d voxels are zero or NaN", m.Path, m.Header.Voxels())
	}
	return inside, nil
}

func isInside(x float32) bool { return x != 0 && x == x }

// eachVoxel reads a mask in pieces and calls found for each voxel.
func (m *Image) eachVoxel(found func(voxel int, x float32)) error {
	if n := m.Header.Volumes(); n != 1 {
		return fmt.Errorf("%s: the mask has %s (shape %v), expected 1", m.Path, plural.Count(n, "volume"), m.Header.Shape)
	}
	s, err := m.source(1)
	if err != nil {
		return err
	}
	defer s.Close()
	voxels := m.Header.Voxels()
	values := make([]float32, min(voxels, chunkBytes/m.Header.Datatype.Size()))
	g, convert := newGatherer(s, m.Header, nil), m.Header.converter()
	for begin := 0; begin < voxels; begin += len(values) {
		n := min(len(values), voxels-begin)
		g.runs = []run{{begin, begin + n}}
		err := g.volume(context.Background(), 0, func(before, n int, stored []byte) { convert(values[before:before+n], stored) })
		if err != nil {
			return err
		}
		for i, x := range values[:n] {
			found(begin+i, x)
		}
	}
	return s.finish()
}

// seenValues holds the first two different values of a mask, and then the largest of the others.
type seenValues []float32

func (s *seenValues) add(x float32) {
	switch {
	case x != x || slices.Contains(*s, x):
	case len(*s) < 3:
		*s = append(*s, x)
	default:
		(*s)[2] = max((*s)[2], x)
	}
}

// Doubt returns a sentence if the mask may be another kind of image, such as a segmentation: it has more than two
// values, and the largest is above 1. For other masks it returns "".
func (m *Mask) Doubt() string {
	if m.Values < 3 || m.Most <= 1 {
		return ""
	}
	return fmt.Sprintf("%s: the mask has more than two values, up to %v, as a segmentation or an image has; all voxels but zeros and NaN are inside", m.Path, m.Most)
}

// FullMask returns the mask of all voxels of an image.
func FullMask(h *Header) *Mask {
	index := make([]int, h.Voxels())
	for v := range index {
		index[v] = v
	}
	return &Mask{Header: h, Index: index}
}

// cornerTolerance is the largest distance, in voxels, between the two places at which mask and image may put a corner.
const cornerTolerance = 0.1

// CheckAgainst checks that the mask lies on the grid of an image. Both must have the same number of voxels along x, y
// and z. Their affines must put each of the image's eight corner voxels in the same place, within a tenth of the
// smallest voxel spacing. Rounding in a header (float32, or a rotation stored as a quaternion) moves corners by a
// thousandth of that. A shift by half a voxel, a flip or another image moves them by more. The error names both files,
// what was found and what was expected.
func (m *Mask) CheckAgainst(dwi *Header) error {
	maskName, dwiName := nameOf(m.Header), nameOf(dwi)
	found, expected := m.Header.SpatialShape(), dwi.SpatialShape()
	if found != expected {
		return fmt.Errorf("%s: the mask has shape %v, expected %v as in %s", maskName, found, expected, dwiName)
	}
	a, b := m.Header.Affine(), dwi.Affine()
	limit := cornerTolerance * smallestSpacing(b)
	if apart := cornerDistance(a, b, expected); !(apart <= limit) {
		return fmt.Errorf("%s: the mask's affine %s puts voxels up to %.3g mm away from where %s has them (affine %s), expected at most %.3g mm",
			maskName, affineText(a), apart, dwiName, affineText(b), limit)
	}
	return nil
}

func nameOf(h *Header) string {
	if h.Path == "" {
		return "(image in memory)"
	}
	return h.Path
}

// affineText writes the three rows of an affine on one line.
func affineText(a [4][4]float64) string {
	return fmt.Sprintf("%.5g; %.5g; %.5g", a[0], a[1], a[2])
}

// cornerDistance returns the largest distance between the two places of a corner voxel. The places of voxels inside are
// no further apart, since the difference of two affines is largest at a corner.
func cornerDistance(a, b [4][4]float64, shape [3]int) float64 {
	var largest float64
	for corner := range 8 {
		var square float64
		for i := range 3 {
			d := a[i][3] - b[i][3]
			for j := range 3 {
				if corner>>j&1 == 1 {
					d += (a[i][j] - b[i][j]) * float64(shape[j]-1)
				}
			}
			square += d * d
		}
		largest = max(largest, math.Sqrt(square))
	}
	return largest
}

// smallestSpacing returns the length of the affine's shortest column.
func smallestSpacing(a [4][4]float64) float64 {
	least := math.Inf(1)
	for j := range 3 {
		least = min(least, math.Hypot(math.Hypot(a[0][j], a[1][j]), a[2][j]))
	}
	return least
}
