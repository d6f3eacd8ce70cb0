package kernel

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
	"gonum.org/v1/gonum/mat"
)

// PeakDesign says on which directions, and by which rules, the peaks of functions on the sphere are
// found that are the same in opposite directions and are given by SH coefficients.
type PeakDesign struct {
	// Directions are the vertices of a hemisphere, unit vectors, and Edges the pairs of them that
	// are neighbours, across the rim as well.
	Directions [][3]float64
	Edges      [][2]int
	// Coefficients is the number of SH coefficients of a function, and B, len(Directions) x
	// Coefficients, row-major, gives its values in the directions.
	Coefficients int
	B            []float64
	// RelativeThreshold is the height above the floor (the smallest value, but at least zero) that
	// a peak must have, relative to the highest peak's: DIPY takes 0.5.
	RelativeThreshold float64
	// MinSeparation is the angle in degrees within which only the higher of two peaks is kept: 25.
	MinSeparation float64
	// Max is the number of peaks written: 5.
	Max int
	// Refine moves each peak from its vertex to the maximum of the function between the vertices,
	// as MRtrix3's sh2peaks does. DIPY does not.
	Refine bool
}

// A PeakFinder finds the peaks of SH functions. It is immutable and shared by all workers.
type PeakFinder struct {
	design    PeakDesign
	edges     [][2]int32
	values    *ref.Panels
	minCosine float64
	degree    int         // of the polynomial that refines; -1 without
	monomials *ref.Panels // SH coefficients to weights of monomials
}

// NewPeakFinder checks the design and prepares its matrices. Refine needs at least as many directions
// as coefficients, and a B that holds all even harmonics up to some degree.
func NewPeakFinder(d PeakDesign) (*PeakFinder, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: peak design: %w", err)
	}
	f := &PeakFinder{
		design: d, edges: make([][2]int32, len(d.Edges)), degree: -1,
		values:    ref.NewPanels(d.B, len(d.Directions), d.Coefficients),
		minCosine: math.Cos(math.Pi / 180 * d.MinSeparation),
	}
	for i, e := range d.Edges {
		f.edges[i] = [2]int32{int32(e[0]), int32(e[1])}
	}
	if d.Refine {
		if err := f.prepareRefinement(); err != nil {
			return nil, fmt.Errorf("kernel: peak design: %w", err)
		}
	}
	return f, nil
}

func (d *PeakDesign) check() error {
	n := len(d.Directions)
	switch {
	case n == 0 || d.Coefficients < 1:
		return fmt.Errorf("%d Directions and %d Coefficients, must be at least 1 each", n, d.Coefficients)
	case len(d.B) != n*d.Coefficients:
		return fmt.Errorf("field B has %d values, expected %d (Directions) x %d (Coefficients)", len(d.B), n, d.Coefficients)
	case !(d.RelativeThreshold >= 0 && d.RelativeThreshold <= 1):
		return fmt.Errorf("RelativeThreshold is %v, must be from 0 to 1", d.RelativeThreshold)
	case !(d.MinSeparation >= 0 && d.MinSeparation <= 90):
		return fmt.Errorf("MinSeparation is %v, must be from 0 to 90 degrees", d.MinSeparation)
	case d.Max < 1:
		return fmt.Errorf("field Max is %d, must be at least 1", d.Max)
	}
	for i, v := range d.Directions {
		if length := v[0]*v[0] + v[1]*v[1] + v[2]*v[2]; !(math.Abs(length-1) < 1e-6) {
			return fmt.Errorf("field Directions[%d] is %v, must be a unit vector", i, v)
		}
	}
	for i, e := range d.Edges {
		if e[0] < 0 || e[1] < 0 || e[0] >= n || e[1] >= n {
			return fmt.Errorf("field Edges[%d] is %v, must name two of %d directions", i, e, n)
		}
	}
	for i, v := range d.B {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("field B[%d] is %v, must be finite", i, v)
		}
	}
	return nil
}

// prepareRefinement finds the map from SH coefficients to homogeneous polynomials that agree with B in
// all directions.
func (f *PeakFinder) prepareRefinement() error {
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

// NewWorker allocates the scratch of one worker.
func (f *PeakFinder) NewWorker() *PeakWorker {
	w := &PeakWorker{
		finder: f,
		values: make([]float64, f.values.PaddedRows()),
		peaks:  ref.NewPeaks(len(f.design.Directions)),
		found:  make([]Peak, 0, len(f.design.Directions)),
	}
	if f.design.Refine {
		w.polynomial = ref.NewPolynomial(f.degree)
		w.weights = make([]float64, f.monomials.PaddedRows())
	}
	return w
}

// A Peak is a local maximum.
type Peak struct {
	Direction [3]float64 // unit vector
	Value     float64
	Index     int // the vertex that it was found at
}

// A PeakWorker finds peaks in the scratch that it owns. It is not safe for use by two goroutines at a
// time; it does not allocate.
type PeakWorker struct {
	finder     *PeakFinder
	values     []float64
	peaks      *ref.Peaks
	found      []Peak
	polynomial *ref.Polynomial
	weights    []float64
}

// Find returns the peaks of the function with the given coefficients, the highest first, at most Max.
// The slice is valid until the next call.
//
// The rules are those of DIPY's peak_directions: a vertex is a local maximum when it is higher than
// at least one neighbour and lower than none (a plateau has several, a constant none); equal ones
// keep the order of the vertices; where there is only one it is a peak; of several, those that pass
// RelativeThreshold and MinSeparation are. Only positive maxima count: a function that is nowhere
// positive has no peaks (DIPY 1.12 then gives vertex 0 with value 0, an accident of its sorting), nor
// has one that is not finite.
//
// With Refine, each of those then climbs to the maximum near it; they are ordered anew, and of two
// that MinSeparation finds too near by then only the higher is kept.
func (w *PeakWorker) Find(coefficients []float64) []Peak {
	f := w.finder
	coefficients = coefficients[:f.design.Coefficients]
	f.values.Multiply(w.values, coefficients)
	w.peaks.Find(w.values[:len(f.design.Directions)], f.design.Directions, f.edges, f.design.RelativeThreshold, f.minCosine)
	w.found = w.found[:0]
	for i, v := range w.peaks.Index {
		w.found = append(w.found, Peak{Direction: f.design.Directions[v], Value: w.peaks.Value[i], Index: v})
	}
	if f.design.Refine {
		w.refine(coefficients)
	}
	return w.found[:min(len(w.found), f.design.Max)]
}

func (w *PeakWorker) refine(coefficients []float64) {
	w.finder.monomials.Multiply(w.weights, coefficients)
	copy(w.polynomial.Weights(), w.weights)
	for i := range w.found {
		p := &w.found[i]
		p.Direction, p.Value = ref.Climb(w.polynomial, p.Direction)
		for k := i; k > 0 && w.found[k].Value > w.found[k-1].Value; k-- {
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
	w.found = w.found[:n]
}

func (w *PeakWorker) nearFirst(n int, direction [3]float64) bool {
	for _, kept := range w.found[:n] {
		if ref.Similar(direction, kept.Direction, w.finder.minCosine) {
			return true
		}
	}
	return false
}
