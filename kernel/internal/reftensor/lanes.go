package reftensor

// The kernels that work on several voxels at once follow the same rules as this package. This file gives them what is
// computed here.

// Rows returns the n x 6 elements of the negated b-tensors.
func (g *LogLinear) Rows() []float64 { return g.rows }

// Ordinary returns the n x 7 table whose sum, with rows times the logarithms of a signal, is the ordinary least-squares
// solution.
func (t *Tensor) Ordinary() []float64 { return t.ordinary }

// Water returns the signal of free water over its S0, for each measurement.
func (m *FreeWater) Water() []float64 { return m.water }

// Guess returns what the start of the nonlinear fit needs: the measurements of one shell, their signal over S0 for
// typical tissue and for water, and an n x 7 table, from logarithms to parameters, with the weights of typical tissue.
func (m *FreeWater) Guess() (volumes []int, tissue, water float64, inverse []float64) {
	return m.guess.volumes, m.guess.tissue, m.guess.water, m.guess.inverse
}

// FastDecays returns the signals over S0 of isotropic decays that are faster than water's, and that of water last.
func (m *FreeWater) FastDecays() [FastDecayCount + 1][]float64 { return m.fast.columns }

// FastMisfit returns the least sum of squares that water and one of the fast decays leave of a signal. energy is the
// sum of the signal's squares, and sums are its products with FastDecays.
func (m *FreeWater) FastMisfit(energy float64, sums *[FastDecayCount + 1]float64) float64 {
	return m.fast.misfit(energy, sums)
}

// These are rules that the portable fits and those in lanes share.
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

// Argmin returns the place of the least value, the first of equal ones.
func Argmin(values []float64) int { return argmin(values) }

// ParabolaThrough returns the minimum of the parabola through the best value of a level and its neighbours. It counts
// steps from the best, one at most.
func ParabolaThrough(values []float64, best int) float64 { return parabolaThrough(values, best) }

// ParabolaVertex returns the minimum of the parabola through three values at -1, 0, 1, infinite or NaN where there is
// none.
func ParabolaVertex(before, at, after float64) float64 { return parabolaVertex(before, at, after) }

// OnGrid returns the fraction of a number of thousandths, as the levels after the first compute it.
func OnGrid(first float64, thousandths int) float64 { return onGrid(first, thousandths) }

// These are the sizes of the grid's levels, and distances from where water uses up a measurement.
const (
	FirstLevel = firstLevel
	NextLevel  = nextLevel
	FirstStep  = firstStep
	ClipMargin = clipMargin
	SkewReach  = skewReach
)
