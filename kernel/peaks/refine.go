package peaks

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"gonum.org/v1/gonum/mat"
)

// prepareRefinement finds the map from SH coefficients to homogeneous polynomials that have the same values as B in all
// directions.
func (f *Finder) prepareRefinement() error {
	n, d := f.design.Coefficients, f.design.Directions
	f.degree = 0
	for (f.degree+1)*(f.degree+2)/2 < n {
		f.degree += 2
	}
	if (f.degree+1)*(f.degree+2)/2 != n {
		return fmt.Errorf("field Refine: %d coefficients are not all even harmonics up to a degree", n)
	}
	if len(d) < n {
		return fmt.Errorf("field Refine: %d directions, must be at least the %d coefficients", len(d), n)
	}
	polynomial := ref.NewPolynomial(f.degree)
	samples := mat.NewDense(len(d), n, nil)
	for i, v := range d {
		polynomial.Monomials(samples.RawRowView(i), v)
	}
	b := mat.NewDense(len(d), n, f.design.B)
	var qr mat.QR
	qr.Factorize(samples)
	var solution, check mat.Dense
	if err := qr.SolveTo(&solution, false, b); err != nil {
		return fmt.Errorf("field Refine: the directions do not determine the harmonics: %w", err)
	}
	check.Mul(samples, &solution)
	check.Sub(&check, b)
	if worst, largest := mat.Norm(&check, math.Inf(1)), mat.Norm(b, math.Inf(1)); !(worst <= 1e-9*largest) {
		return errors.New("field Refine: B is not made of the even harmonics up to a degree in Directions")
	}
	f.monomials = ref.NewPanels(solution.RawMatrix().Data, n, n)
	return nil
}

// climb is a peak that is to be refined.
type climb struct {
	function int
	peak     Peak
}

// refineAll lets the peaks that were found at vertices climb to the maxima near them.
func (w *Worker) refineAll() {
	if w.lanes != nil && w.lanes.climbers != nil {
		w.climbInLanes()
	} else {
		w.climbPortably()
	}
	for i := range w.n {
		w.peaks[i] = w.peaks[i][:0]
	}
	for first := 0; first < len(w.climbs); {
		last := first + 1
		for last < len(w.climbs) && w.climbs[last].function == w.climbs[first].function {
			last++
		}
		w.keepRefined(w.climbs[first:last])
		first = last
	}
}

func (w *Worker) climbPortably() {
	function := -1
	for i := range w.climbs {
		c := &w.climbs[i]
		if c.function != function {
			function = c.function
			w.finder.monomials.Multiply(w.weights, w.function(function))
			copy(w.polynomial.Weights(), w.weights)
		}
		c.peak.Direction, c.peak.Value = ref.Climb(w.polynomial, c.peak.Direction)
	}
}

// keepRefined orders the refined peaks of a function again. Of those that are now too close to one another it keeps the
// higher.
func (w *Worker) keepRefined(climbs []climb) {
	w.found = w.found[:0]
	for _, c := range climbs {
		w.found = append(w.found, c.peak)
		for k := len(w.found) - 1; k > 0 && w.found[k].Value > w.found[k-1].Value; k-- {
			w.found[k], w.found[k-1] = w.found[k-1], w.found[k]
		}
	}
	n := 0
	for _, p := range w.found {
		if !w.nearFirst(n, p.Direction) {
			w.found[n] = p
			n++
		}
	}
	i := climbs[0].function
	w.peaks[i] = append(w.peaks[i], w.found[:min(n, w.finder.design.Max)]...)
}

func (w *Worker) nearFirst(n int, direction [3]float64) bool {
	for _, kept := range w.found[:n] {
		if ref.Similar(direction, kept.Direction, w.finder.minCosine) {
			return true
		}
	}
	return false
}

// climbers are peaks that climb side by side, one in each lane. A lane whose peak has arrived takes the next one.
type climbers struct {
	climbers []ref.Climber
	climb    []int     // index of each lane's peak; -1 where there is none
	weights  []float64 // of the monomials, times their scale
	points   []float64
	tables   []float64
	jets     []float64
}

func newClimbers(degree, monomials, width int) *climbers {
	vectors := func(n int) []float64 { return lanes.Aligned[float64](n * width) }
	return &climbers{
		climbers: make([]ref.Climber, width), climb: make([]int, width), weights: vectors(monomials),
		points: vectors(3), tables: vectors(ops.JetTables(degree)), jets: vectors(10),
	}
}

func (w *Worker) climbInLanes() {
	s, lanes := w.lanes.climbers, w.lanes.steps.Double.Lanes
	next, function := 0, -1
	live := 0
	for lane := range lanes {
		s.climb[lane] = -1
		if w.beginClimb(lane, &next, &function) {
			live++
		}
	}
	for live > 0 {
		for lane := range lanes {
			for axis, x := range s.climbers[lane].Point() {
				s.points[axis*lanes+lane] = x
			}
		}
		w.lanes.steps.Jets(&s.jets[0], &s.weights[0], &s.points[0], &s.tables[0], w.finder.degree)
		for lane := range lanes {
			if s.climb[lane] < 0 || !s.climbers[lane].Take(s.jet(lane, lanes)) {
				continue
			}
			p := &w.climbs[s.climb[lane]].peak
			p.Direction, p.Value = s.climbers[lane].Peak()
			s.climb[lane] = -1
			if !w.beginClimb(lane, &next, &function) {
				live--
			}
		}
	}
}

// beginClimb gives a lane the next peak. It returns false where none is left. function is the one whose weights are in
// w.weights.
func (w *Worker) beginClimb(lane int, next, function *int) bool {
	if *next == len(w.climbs) {
		return false
	}
	s, lanes := w.lanes.climbers, w.lanes.steps.Double.Lanes
	c := &w.climbs[*next]
	s.climb[lane] = *next
	*next++
	s.climbers[lane].Start(c.peak.Direction)
	if c.function != *function {
		*function = c.function
		w.finder.monomials.Multiply(w.weights, w.function(c.function))
	}
	for m, scale := range w.polynomial.Scale() {
		s.weights[m*lanes+lane] = w.weights[m] * scale
	}
	return true
}

func (s *climbers) jet(lane, lanes int) ref.Jet {
	j := s.jets[lane:]
	return ref.Jet{
		Value:    j[0],
		Gradient: [3]float64{j[lanes], j[2*lanes], j[3*lanes]},
		Hessian:  [6]float64{j[4*lanes], j[5*lanes], j[6*lanes], j[7*lanes], j[8*lanes], j[9*lanes]},
	}
}
