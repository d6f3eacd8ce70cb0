package acq

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
)

// DefaultB0Threshold is the b-value in s/mm2 up to which (inclusive) a volume counts as not
// diffusion-weighted, as in DIPY.
const DefaultB0Threshold = 50

// normTolerance is how far from 1 the length of a b-vector may be in DIPY: its atol.
const normTolerance = 1e-2

// A GradientTable says how each volume of an acquisition was weighted. It is not changed after it was made, so that all
// goroutines may share it.
//
// The rules are those of DIPY's gradient_table, so that design matrices agree with DIPY's to rounding:
//
//   - b-vectors of about unit length are kept as they were given, and not rescaled;
//   - a b0 whose b-vector is not near unit length (absent, zero or NaN) has b-value 0 and b-vector 0;
//   - a b0 with a good b-vector keeps both, as the b = 5 volumes of HCP do.
//
// DIPY refuses lengths that are off by more than 1e-2. Here lengths beyond the limit of BValueScaling follow
// MRtrix3's rule.
type GradientTable struct {
	Bvals       []float64    // s/mm2, one to each volume
	Bvecs       [][3]float64 // unit vectors in the image frame as given, or zero
	B0Threshold float64      // s/mm2; volumes at or below it are b0s

	// ScaledBvals is how many b-values above 0 were multiplied by the squared length of their vector
	// (BValueScaling). It is 0, or the number of all that have a vector.
	ScaledBvals int

	asDIPY   bool     // shells are found by DIPY's rule
	source   string   // the files it was read from, for error messages
	spelling spelling // of options in error messages
}

// NewGradientTable checks b-values in s/mm2 and b-vectors, one to each volume, and makes the table
// of them. The slices are copied.
//
// It is an error when the counts differ, when b-values are not in s/mm2 (the largest is below 50 or above 100,000),
// when a b-value is negative or not finite, and when the b-vector of a diffusion-weighted volume is zero or not
// finite. Warnings report b-values that were multiplied by the squared lengths of their vectors (BValueScaling), and
// b0s with a b-value above 0 that count as b = 0 because they have no b-vector.
func NewGradientTable(bvals []float64, bvecs [][3]float64, options ...GradientOption) (*GradientTable, []string, error) {
	return newGradientTable("gradient table", bvals, bvecs, chosen(options))
}

func newGradientTable(source string, bvals []float64, bvecs [][3]float64, o gradientOptions) (*GradientTable, []string, error) {
	if len(bvals) != len(bvecs) {
		return nil, nil, fmt.Errorf("%s: found %s and %d b-vectors, expected as many of each",
			source, plural.Count(len(bvals), "b-value"), len(bvecs))
	}
	if len(bvals) == 0 {
		return nil, nil, fmt.Errorf("%s: found no volume, expected at least one", source)
	}
	if !(o.b0Threshold >= 0) {
		return nil, nil, fmt.Errorf("%s: the b0 threshold is %v, expected a number of at least 0", source, o.b0Threshold)
	}
	g := &GradientTable{Bvals: slices.Clone(bvals), Bvecs: slices.Clone(bvecs), B0Threshold: o.b0Threshold, source: source, spelling: o.spelling, asDIPY: o.scaling == ScaleDIPY}
	var warnings []string
	if !g.asDIPY {
		if err := checkUnits(g.Bvals); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", source, err)
		}
		var warning string
		if g.ScaledBvals, warning = o.scale(g.Bvals, g.Bvecs); warning != "" {
			warnings = append(warnings, source+": "+warning)
			if err := o.checkScaled(bvals, bvecs, g.Bvals); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", source, err)
			}
		}
	}
	odd := oddities{threshold: max(o.b0Threshold, DefaultB0Threshold)}
	for i := range bvals {
		var err error
		if g.Bvals[i], g.Bvecs[i], err = odd.admit(i, g.Bvals[i], g.Bvecs[i]); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", source, err)
		}
	}
	return g, append(warnings, odd.warnings(source)...), nil
}

// oddities collects the volumes that were accepted with a remark, so that each kind makes one
// warning and not hundreds.
type oddities struct {
	threshold        float64 // up to which a volume is a b0
	rescaled, zeroed []int
}

// admit applies the rules of GradientTable to one volume.
func (o *oddities) admit(i int, bval float64, bvec [3]float64) (float64, [3]float64, error) {
	if !(bval >= 0) || math.IsInf(bval, 1) {
		return 0, bvec, fmt.Errorf("b-value %d (counted from 1) is %v, expected a number of at least 0", i+1, bval)
	}
	if bval <= o.threshold {
		return o.admitB0(i, bval, bvec)
	}
	switch {
	case !isFinite(bvec):
		return 0, bvec, fmt.Errorf("b-vector %d (counted from 1) is %v with b-value %v, expected finite numbers", i+1, bvec, bval)
	case bvec == [3]float64{}:
		return 0, bvec, fmt.Errorf("b-vector %d (counted from 1) is zero with b-value %v, expected a direction", i+1, bval)
	case !IsUnit(bvec):
		o.rescaled = append(o.rescaled, i)
		bvec = unit(bvec)
	}
	return bval, bvec, nil
}

func (o *oddities) admitB0(i int, bval float64, bvec [3]float64) (float64, [3]float64, error) {
	for k, x := range bvec {
		if math.IsNaN(x) {
			bvec[k] = 0
		}
	}
	if IsUnit(bvec) {
		return bval, bvec, nil
	}
	if bval > 0 {
		o.zeroed = append(o.zeroed, i)
	}
	return 0, [3]float64{}, nil
}

func (o *oddities) warnings(source string) []string {
	var all []string
	if n := len(o.rescaled); n > 0 {
		all = append(all, fmt.Sprintf("%s: rescaled %s not of unit length (volumes %s, counted from 1)",
			source, plural.Count(n, "b-vector"), listFirst(o.rescaled)))
	}
	if n := len(o.zeroed); n > 0 {
		all = append(all, fmt.Sprintf("%s: took %s with a small b-value and no b-vector as b = 0 (volumes %s, counted from 1)",
			source, plural.Count(n, "b0 volume"), listFirst(o.zeroed)))
	}
	return all
}

// listFirst names the first few of the volumes, counted from 1 as people do.
func listFirst(volumes []int) string {
	var names []string
	for _, v := range volumes[:min(5, len(volumes))] {
		names = append(names, fmt.Sprint(v+1))
	}
	if len(volumes) > 5 {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}

// Len is the number of volumes.
func (g *GradientTable) Len() int { return len(g.Bvals) }

// B0s lists the volumes that are not diffusion-weighted, ascending, counted from 0.
func (g *GradientTable) B0s() []int {
	return g.volumes(func(bval float64) bool { return bval <= g.B0Threshold })
}

// DWIs lists the diffusion-weighted volumes, ascending, counted from 0.
func (g *GradientTable) DWIs() []int {
	return g.volumes(func(bval float64) bool { return bval > g.B0Threshold })
}

// CheckWeighted reports a table without a diffusion-weighted volume.
func (g *GradientTable) CheckWeighted() error {
	if len(g.DWIs()) > 0 {
		return nil
	}
	highest := 0.0
	for _, b := range g.Bvals {
		highest = max(highest, b)
	}
	return fmt.Errorf("found no diffusion-weighted volume, expected at least one: the highest of the %s is %g s/mm2, and the b0 threshold is %g s/mm2",
		plural.Count(g.Len(), "b-value"), roundBval(highest), g.B0Threshold)
}

func (g *GradientTable) volumes(of func(bval float64) bool) []int {
	var list []int
	for i, bval := range g.Bvals {
		if of(bval) {
			list = append(list, i)
		}
	}
	return list
}

// CheckVolumes reports an image whose number of volumes is not that of the table.
func (g *GradientTable) CheckVolumes(n int) error {
	if n == g.Len() {
		return nil
	}
	return fmt.Errorf("%s: found %s for an image of %s, expected one to each volume",
		g.name(), plural.Count(g.Len(), "gradient"), plural.Count(n, "volume"))
}

func (g *GradientTable) name() string {
	if g.source == "" {
		return "gradient table"
	}
	return g.source
}

// Subset is the table of the given volumes, in the given order. It panics on a volume that the
// table does not have.
func (g *GradientTable) Subset(volumes []int) *GradientTable {
	s := &GradientTable{
		Bvals:       make([]float64, len(volumes)),
		Bvecs:       make([][3]float64, len(volumes)),
		B0Threshold: g.B0Threshold,
		asDIPY:      g.asDIPY,
		spelling:    g.spelling,
		source:      fmt.Sprintf("%s of %s", plural.Count(len(volumes), "volume"), g.name()),
	}
	for i, v := range volumes {
		s.Bvals[i], s.Bvecs[i] = g.Bvals[v], g.Bvecs[v]
	}
	return s
}

// IsUnit says whether a vector has length 1 within DIPY's tolerance for b-vectors, 1e-2.
func IsUnit(v [3]float64) bool { return math.Abs(length(v)-1) <= normTolerance }

func isFinite(v [3]float64) bool {
	return largestPart(v) <= math.MaxFloat64 // false for NaN, which max passes on
}

func largestPart(v [3]float64) float64 { return max(math.Abs(v[0]), math.Abs(v[1]), math.Abs(v[2])) }

func length(v [3]float64) float64 {
	return math.Sqrt(float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2]))
}

// unit scales to length 1. It divides by the largest part first, so that squares neither overflow nor underflow.
func unit(v [3]float64) [3]float64 {
	most := largestPart(v)
	v = [3]float64{v[0] / most, v[1] / most, v[2] / most}
	norm := length(v)
	return [3]float64{v[0] / norm, v[1] / norm, v[2] / norm}
}
