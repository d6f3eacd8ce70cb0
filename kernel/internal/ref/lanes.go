package ref

// The kernels that work on several voxels at once follow the same rules as this package. This file
// lends them what was computed here.

// Rows are the n x 6 elements of the negated b-tensors.
func (g *LogLinear) Rows() []float64 { return g.rows }

// Ordinary is the n x 7 table that takes logarithms to the ordinary least-squares solution.
func (t *Tensor) Ordinary() []float64 { return t.ordinary }

// Water is the signal of free water over its S0, per measurement.
func (m *FreeWater) Water() []float64 { return m.water }

// Guess is what the start of the nonlinear fit is made of: the measurements of one shell, their
// signal over S0 for typical tissue and for water, and the n x 7 table that takes logarithms to
// parameters.
func (m *FreeWater) Guess() (volumes []int, tissue, water float64, inverse []float64) {
	return m.guess.volumes, m.guess.tissue, m.guess.water, m.guess.inverse
}

// Rules that the nonlinear fits share.
const (
	NewtonTolerance    = newtonTolerance
	NewtonFloor        = newtonFloor
	DampingFirst       = dampingFirst
	DampingLeast       = dampingLeast
	DampingMost        = dampingMost
	DoubtfulIterations = doubtfulIterations
	DoubtfulFraction   = doubtfulFraction
	DoubtfulResidual   = doubtfulResidual
	SecondFraction     = secondFraction
	LeastTissue        = leastTissue
)
