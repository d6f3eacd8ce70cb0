package reftensor

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

// FastDecays are the signals over S0 of isotropic decays faster than water's, and that of water last.
func (m *FreeWater) FastDecays() [FastDecayCount + 1][]float64 { return m.fast.columns }

// FastMisfit is the least sum of squares that water and one of the fast decays leave of a signal, from its energy and its
// sums with FastDecays.
func (m *FreeWater) FastMisfit(energy float64, sums *[FastDecayCount + 1]float64) float64 {
	return m.fast.misfit(energy, sums)
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
	RoughTissue        = roughTissue
	StrangeMisfit      = strangeMisfit
	FastDecayCount     = fastDecays
	AllWater           = allWater
)

// LevelFractions writes the fractions of one level of the grid of the weighted linear fit.
func LevelFractions(fractions []float64, low, high, step float64) {
	levelFractions(fractions, low, high, step)
}

// Argmin is the place of the least value, the first of equal ones.
func Argmin(values []float64) int { return argmin(values) }

// ParabolaThrough is where the parabola through the best value of a level and its neighbours has its
// minimum, in steps from the best, at most one.
func ParabolaThrough(values []float64, best int) float64 { return parabolaThrough(values, best) }

// ParabolaVertex is where the parabola through three values at -1, 0, 1 has its minimum.
func ParabolaVertex(before, at, after float64) float64 { return parabolaVertex(before, at, after) }

// OnGrid is the fraction that the levels below the first give for a number of thousandths.
func OnGrid(first float64, thousandths int) float64 { return onGrid(first, thousandths) }

// Sizes of the levels of the grid, and distances from where a measurement is used up by water.
const (
	FirstLevel = firstLevel
	NextLevel  = nextLevel
	FirstStep  = firstStep
	ClipMargin = clipMargin
	SkewReach  = skewReach
)
