package reftensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A gridScan finds the fraction of free water by weighted linear least squares, as DIPY's fwdti.wls_iter does. For each
// fraction f of a grid it subtracts f S0 w from the signal, where w is the decay of water. It fits a tensor to the
// logarithm of the rest, with the squares of the signal as weights. It keeps the f whose prediction is nearest to the
// signal. The grid has three levels: 9 fractions at a distance of 0.1, then 19 around the best at 0.01, then 19 at
// 0.001.
//
// DIPY divides the rest by 1-f before the logarithm, and multiplies the prediction by 1-f. This adds a constant to the
// seventh unknown and subtracts it again, so that it is left out here.
type gridScan struct {
	model    *FreeWater
	weighted *weighted

	signal, weights        []float64
	logarithms, prediction []float64
	clip                   []float64 // for each measurement, the fraction at which water uses it up
	s0                     float64

	determined bool                                  // the weights determine all seven unknowns
	inverse    [logLinearSize][logLinearSize]float64 // pseudo-inverse of the normal matrix, where they do not

	fraction float64 // the point of the grid that was found
	p        [logLinearSize]float64
}

func newGridScan(m *FreeWater) *gridScan {
	n := m.Design.n
	values := make([]float64, 5*n)
	cut := func() []float64 { v := values[:n:n]; values = values[n:]; return v }
	return &gridScan{
		model: m, weighted: newWeighted(m.Design),
		weights: cut(), logarithms: cut(), prediction: cut(), clip: cut(),
	}
}

// begin prepares a signal: it factors the normal matrix, which all fractions share. Where the matrix is singular, as
// with fewer than seven values that are not zero, determined is false and the solutions are those of least norm, as in
// DIPY.
func (s *gridScan) begin(signal []float64, s0 float64) {
	s.signal, s.s0 = signal, s0
	for i, v := range signal {
		s.weights[i] = v * v
	}
	w := s.weighted
	s.model.Design.normal(w.matrix[:], s.weights)
	s.determined = w.factor.decompose(w.matrix[:], logLinearSize) > singular
	if !s.determined {
		pseudoInverse7(&s.inverse, w.matrix[:])
	}
}

// solveLogarithms writes the solution for s.logarithms to s.p.
func (s *gridScan) solveLogarithms() {
	if s.determined {
		s.weighted.solve(&s.p, s.weights, s.logarithms)
		return
	}
	var right [logLinearSize]float64
	for i, y := range s.logarithms {
		s.prediction[i] = s.weights[i] * y
	}
	s.model.Design.project(&right, s.prediction)
	for k := range s.p {
		s.p[k] = ref.Dot(s.inverse[k][:], right[:])
	}
}

// plainMeanDiffusivity returns the mean diffusivity of a tensor that is fitted with the same weights and without water.
func (s *gridScan) plainMeanDiffusivity() float64 {
	for i, v := range s.signal {
		s.logarithms[i] = max(v, s.model.MinSignal)
	}
	logInto(s.logarithms, s.logarithms)
	s.solveLogarithms()
	return (s.p[0] + s.p[2] + s.p[5]) / 3
}

// solve fits the tensor with one fraction of water.
func (s *gridScan) solve(fraction float64) {
	c := fraction * s.s0
	rest, signal := s.logarithms, s.signal[:len(s.logarithms)]
	for i, w := range s.model.water[:len(rest)] {
		left := signal[i] - float64(c*w)
		if left <= 0 {
			left = s.model.MinSignal
		}
		rest[i] = left
	}
	logInto(rest, rest)
	s.solveLogarithms()
}

// objective returns the sum of the squared differences of signal and prediction at one fraction.
func (s *gridScan) objective(fraction float64) float64 {
	s.solve(fraction)
	c := fraction * s.s0
	s.model.Design.predict(s.prediction, &s.p)
	expInto(s.prediction, s.prediction)
	water, signal := s.model.water[:len(s.prediction)], s.signal[:len(s.prediction)]
	even, odd := 0.0, 0.0
	for i, t := range s.prediction {
		r := (signal[i] - t) - float64(c*water[i])
		even, odd = odd, even+float64(r*r)
	}
	return even + odd
}

// These are the levels of the grid: how many fractions each has, and the distance of those of the first.
const (
	firstLevel = 9
	nextLevel  = 19
	firstStep  = 0.1
)

// levelFractions writes NumPy's linspace(low+step, high-step, n), to the last bit.
func levelFractions(fractions []float64, low, high, step float64) {
	start, stop := low+step, high-step
	last := len(fractions) - 1
	width := (stop - start) / float64(last)
	for k := range fractions {
		fractions[k] = float64(float64(k)*width) + start
	}
	fractions[last] = stop
}

// argmin returns the place of the least value, the first of equal ones.
func argmin(values []float64) int {
	best := 0
	for i, v := range values {
		if v < values[best] {
			best = i
		}
	}
	return best
}

// mayBeAllWater is true wherever find would end at 0.99 or more. For this the first level must end at 0.9, and the
// second at 0.99.
func (s *gridScan) mayBeAllWater() bool {
	return s.objective(0.9) < s.objective(0.8) && s.objective(0.99) <= s.objective(0.98)
}

// find finds the point of the grid. Where the objective is smooth between the neighbours of a level's best point, it
// goes down to the minimum from there. Otherwise it evaluates the whole next level.
func (s *gridScan) find() {
	s.prepareClip()
	var fractions [nextLevel]float64
	var values [nextLevel]float64
	low, high, step := 0.0, 1.0, firstStep
	n := firstLevel
	first := 0.0
	for range 3 {
		levelFractions(fractions[:n], low, high, step)
		for k, f := range fractions[:n] {
			values[k] = s.objective(f)
		}
		best := argmin(values[:n])
		s.fraction = fractions[best]
		if n == firstLevel {
			first = s.fraction
		}
		low, high = s.fraction-step, s.fraction+step
		if step > 0.005 && s.smooth(low, high) {
			if k, ok := s.descend(s.fraction, step, parabolaThrough(values[:n], best)); ok {
				s.fraction = float64(k) / 1000
				break
			}
		}
		step *= 0.1
		n = nextLevel
	}
	s.fraction = onGrid(first, int(math.Round(1000*s.fraction)))
	s.solve(s.fraction)
	if s.determined {
		s.weighted.refine(&s.p, s.weights, s.logarithms)
	}
}

// prepareClip finds the fraction at which water uses up each measurement. There the logarithm dives and is then cut
// off, so that the objective has a kink.
func (s *gridScan) prepareClip() {
	for i, w := range s.model.water {
		s.clip[i] = s.signal[i] / float64(w*s.s0)
	}
}

// clipMargin is how far the search stays away from where a logarithm dives.
const clipMargin = 0.02

// smooth says whether water uses up no measurement between two fractions.
func (s *gridScan) smooth(low, high float64) bool {
	low, high = low-clipMargin, high+clipMargin
	for _, f := range s.clip {
		if f > low && f < high {
			return false
		}
	}
	return true
}

// parabolaThrough returns the minimum of the parabola through the best value of a level and its neighbours. It counts
// steps from the best, one at most.
func parabolaThrough(values []float64, best int) float64 {
	k := min(max(best, 1), len(values)-2)
	vertex := float64(k-best) + parabolaVertex(values[k-1], values[k], values[k+1])
	return min(max(vertex, -1), 1)
}

// parabolaVertex returns the minimum of the parabola through three values at -1, 0, 1. It is infinite or NaN where
// there is none.
func parabolaVertex(before, at, after float64) float64 {
	curvature := (before - at) + (after - at)
	if !(curvature > 0) {
		return math.Inf(1)
	}
	return 0.5 * (before - after) / curvature
}

// descend looks for the best point of the third level by parabolas through three objectives at a distance of 0.004. It
// starts from guess, in steps from the best fraction of a level, and returns thousandths. It gives up where a parabola
// leads out of the range of the next levels, or where the search does not settle.
func (s *gridScan) descend(centre, step, guess float64) (k int, ok bool) {
	const reach = 4
	middle, span := math.Round(1000*centre), math.Round(1000*step)
	low, high := int(middle-span)+1, int(middle+span)-1
	at := int(math.Round(middle + float64(guess*span)))
	for range 6 {
		at = min(max(at, low+reach), high-reach)
		before, value, after := s.thousandth(at-reach), s.thousandth(at), s.thousandth(at+reach)
		vertex := float64(at) + float64(reach*parabolaVertex(before, value, after))
		switch {
		case math.IsInf(vertex, 0) || math.IsNaN(vertex):
			return 0, false
		case low == 1 && at == low+reach && vertex < 1:
			vertex = 1 // the objective rises from the lowest fraction on
		case vertex < float64(low) || vertex > float64(high):
			return 0, false
		case math.Abs(vertex-float64(at)) > 1.5*reach:
			at = int(math.Round(vertex))
			continue
		}
		k = s.nearest(vertex)
		if !s.smooth(centre-skewReach, centre+skewReach) {
			k = s.walk(k, low, high)
		}
		return k, true
	}
	return 0, false
}

// skewReach is a distance from where water uses up a measurement. Within it the objective is too skew for a parabola to
// be right to a thousandth.
const skewReach = 0.4

// nearest rounds a vertex to a thousandth. If it is about half-way between two, it compares their objectives.
func (s *gridScan) nearest(vertex float64) int {
	lower := math.Floor(vertex)
	k, part := int(lower), vertex-lower
	switch {
	case part < 0.25:
		return k
	case part > 0.75:
		return k + 1
	case s.thousandth(k+1) < s.thousandth(k):
		return k + 1
	}
	return k
}

// walk goes downhill by thousandths.
func (s *gridScan) walk(k, low, high int) int {
	value := s.thousandth(k)
	for _, step := range []int{-1, 1} {
		for k+step >= low && k+step <= high {
			next := s.thousandth(k + step)
			if next >= value {
				break
			}
			k, value = k+step, next
		}
	}
	return k
}

// thousandth returns the objective at a number of thousandths.
func (s *gridScan) thousandth(k int) float64 { return s.objective(float64(k) / 1000) }

// onGrid returns the fraction of a number of thousandths, as the levels after the first compute it from the best
// fraction of the first. Its last bits depend on this way. Where two fractions of the second level are equally near, it
// need not be DIPY's.
func onGrid(centre float64, thousandths int) float64 {
	var fractions [nextLevel]float64
	target := float64(thousandths) / 1000
	for step := firstStep; step > 0.005; {
		low, high := centre-step, centre+step
		step *= 0.1
		levelFractions(fractions[:], low, high, step)
		for _, f := range fractions {
			if math.Abs(f-target) < math.Abs(centre-target) {
				centre = f
			}
		}
	}
	return centre
}

// write writes the parameters of the model. S0 is what the fit predicts without diffusion weighting: the tissue's part,
// and the fraction of the mean b0 signal that the search took for water.
func (s *gridScan) write(params *[8]float64) {
	copy(params[:6], s.p[:6])
	params[6] = exp1(s.p[6]) + float64(s.fraction*s.s0)
	params[7] = s.fraction
}
