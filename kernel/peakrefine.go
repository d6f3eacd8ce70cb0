package kernel

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
	"gonum.org/v1/gonum/mat"
)

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

// refine lets peaks climb from vertices to the maxima near them, and returns those that are left, at most Max.
func (w *PeakWorker) refine(coefficients []float64, vertices *ref.Peaks) []Peak {
	w.finder.monomials.Multiply(w.weights, coefficients)
	copy(w.polynomial.Weights(), w.weights)
	w.found = w.found[:0]
	for i, v := range vertices.Index {
		direction, value := ref.Climb(w.polynomial, w.finder.design.Directions[v])
		w.found = append(w.found, Peak{direction, value, v})
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
	return w.found[:min(n, w.finder.design.Max)]
}

func (w *PeakWorker) nearFirst(n int, direction [3]float64) bool {
	for _, kept := range w.found[:n] {
		if ref.Similar(direction, kept.Direction, w.finder.minCosine) {
			return true
		}
	}
	return false
}
