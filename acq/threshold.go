package acq

import (
	"fmt"
	"math"
)

// NewGradientTableB0 is NewGradientTable with another b0 threshold, in s/mm2. Up to the threshold a volume is a b0, and
// one without a good b-vector has b = 0, as in DIPY's gradient_table.
func NewGradientTableB0(bvals []float64, bvecs [][3]float64, threshold float64) (*GradientTable, []string, error) {
	if !(threshold >= 0) {
		return nil, nil, fmt.Errorf("the b0 threshold is %v, expected a number of at least 0", threshold)
	}
	bvals, bvecs = append([]float64(nil), bvals...), append([][3]float64(nil), bvecs...)
	for i := range min(len(bvals), len(bvecs)) {
		if b := bvals[i]; b > DefaultB0Threshold && b <= threshold && !IsUnit(bvecs[i]) {
			bvals[i], bvecs[i] = 0, [3]float64{}
		}
	}
	g, warnings, err := NewGradientTable(bvals, bvecs)
	if err != nil {
		return nil, nil, err
	}
	g.B0Threshold = threshold
	return g, warnings, nil
}

// WithB0Threshold is the same table with another b0 threshold, in s/mm2.
func (g *GradientTable) WithB0Threshold(threshold float64) *GradientTable {
	other := *g
	other.B0Threshold = threshold
	return &other
}

// IsUnit says whether a vector has length 1 within DIPY's tolerance for b-vectors, 1e-2.
func IsUnit(v [3]float64) bool { return math.Abs(length(v)-1) <= normTolerance }
