package textbook

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/viterin/vek"
	"github.com/voxfit/voxfit/kernel/nnls"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
)

// SFM is the sparse fascicle model by non-negative least squares, the active-set method of Lawson and Hanson (1974)
// on A^T A and A^T y as in Bro and De Jong (1997). It owns the memory of one fit, so each goroutine needs its own
// SFM.
type SFM struct {
	design nnls.SFMDesign
	a      blas64.General
	gram   blas64.General // A^T A

	measured, b0s []float64
	y             []float64 // the signal over S0, less its isotropic part
	moments       []float64 // A^T y
	gradient      []float64 // A^T (y - A w)
	places        []int     // the columns in use
	w, next       []float64 // their weights, and the weights without the constraint
	factor        blas64.Triangular
}

// NewSFM makes an SFM. The error is ErrNoModel if the design has the penalties or the intercept of an elastic net.
func NewSFM(d nnls.SFMDesign) (*SFM, error) {
	if d.L1 != 0 || d.L2 != 0 || d.Intercept {
		return nil, fmt.Errorf("%w: an elastic net", ErrNoModel)
	}
	m, n := len(d.Volumes), d.Directions
	s := &SFM{
		design: d, a: blas64.General{Rows: m, Cols: n, Stride: n, Data: d.A},
		gram:     blas64.General{Rows: n, Cols: n, Stride: n, Data: make([]float64, n*n)},
		measured: make([]float64, d.Measurements), b0s: make([]float64, len(d.B0s)), y: make([]float64, m),
		moments: make([]float64, n), gradient: make([]float64, n),
		places: make([]int, 0, n), w: make([]float64, 0, n), next: make([]float64, 0, n),
		factor: blas64.Triangular{Stride: n, Data: make([]float64, n*n), Uplo: blas.Lower, Diag: blas.NonUnit},
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, s.a, s.a, 0, s.gram)
	return s, nil
}

// Parameters is the number of directions.
func (s *SFM) Parameters() int { return s.design.Directions }

// Fit writes the weights of the directions of one voxel.
func (s *SFM) Fit(weights []float64, signal []float32) error {
	clear(weights)
	if err := s.load(signal); err != nil {
		return err
	}
	blas64.Gemv(blas.Trans, 1, s.a, vector(s.y), 0, vector(s.moments))
	if err := s.solve(); err != nil {
		return err
	}
	for i, place := range s.places {
		weights[place] = s.w[i]
	}
	return nil
}

// load computes y from a signal.
func (s *SFM) load(signal []float32) error {
	if err := load(s.measured, signal); err != nil {
		return err
	}
	vek.Gather_Into(s.b0s, s.measured, s.design.B0s)
	vek.Gather_Into(s.y, s.measured, s.design.Volumes)
	s0 := vek.Mean(s.b0s)
	if s0 <= 0 || isZero(s.y) {
		return ErrNothing
	}
	vek.DivNumber_Inplace(s.y, s0)
	isotropic := 0.0
	for _, v := range s.y {
		isotropic += max(v, 0)
	}
	vek.SubNumber_Inplace(s.y, isotropic/float64(len(s.y)))
	return nil
}

// entering is how large the gradient of a column must be for it to enter, relative to the largest element of A^T y.
// Rounding errors are smaller.
const entering = 1e-12

// errDependent says that A^T A is singular, to rounding, for the columns in use.
var errDependent = errors.New("textbook: the columns in use are dependent")

// solve finds the columns with a weight that is not zero, and these weights.
func (s *SFM) solve() error {
	s.places, s.w, s.factor.N = s.places[:0], s.w[:0], 0
	least := entering * floats.Max(s.moments)
	for range 3 * s.design.Directions { // scipy's limit
		copy(s.gradient, s.moments)
		for i, place := range s.places {
			blas64.Axpy(-s.w[i], vector(s.row(place)), vector(s.gradient))
		}
		for _, place := range s.places {
			s.gradient[place] = math.Inf(-1) // these are in use already
		}
		place := vek.ArgMax(s.gradient)
		if s.gradient[place] <= least {
			return nil
		}
		if !s.enter(place) {
			return errDependent
		}
		if err := s.descend(); err != nil {
			return err
		}
	}
	return errors.New("textbook: columns still enter after three entries for each")
}

// row is a row of A^T A.
func (s *SFM) row(place int) []float64 { return s.gram.Data[place*s.gram.Stride:][:s.gram.Cols] }

// enter adds a column to those in use, and a row to the Cholesky factor of their Gram matrix. It returns false if
// the column is a combination of these.
func (s *SFM) enter(place int) bool {
	k, stride := len(s.places), s.factor.Stride
	gram, l := s.row(place), s.factor.Data[k*stride:][:k+1]
	for j, other := range s.places {
		l[j] = gram[other]
	}
	if k > 0 {
		blas64.Trsv(blas.NoTrans, s.factor, vector(l[:k]))
	}
	rest := gram[place] - blas64.Dot(vector(l[:k]), vector(l[:k]))
	if rest <= 1e-14*gram[place] {
		return false
	}
	l[k] = math.Sqrt(rest)
	s.places, s.w, s.factor.N = append(s.places, place), append(s.w, 0), k+1
	return true
}

// descend goes to the least-squares solution of the columns in use. Where a weight would be negative there, it stops when
// that weight is zero, drops its column and goes on to the solution of those that are left.
func (s *SFM) descend() error {
	for {
		s.next = s.next[:0]
		for _, place := range s.places {
			s.next = append(s.next, s.moments[place])
		}
		solve(s.factor, vector(s.next))
		step, leaves := 1.0, -1
		for i, next := range s.next {
			if next > 0 {
				continue
			}
			share := 0.0 // the share of the way on which the weight is positive
			if s.w[i] > 0 {
				share = s.w[i] / (s.w[i] - next)
			}
			if share < step || leaves < 0 {
				step, leaves = share, i
			}
		}
		if leaves < 0 {
			copy(s.w, s.next)
			return nil
		}
		for i, next := range s.next {
			s.w[i] += step * (next - s.w[i])
		}
		s.w[leaves] = 0
		if err := s.drop(); err != nil {
			return err
		}
	}
}

// drop leaves out the columns whose weight is not positive, and factors the Gram matrix anew from the first of these on.
func (s *SFM) drop() error {
	places, weights := s.places, s.w
	first := slices.IndexFunc(weights, func(w float64) bool { return w <= 0 })
	s.places, s.w, s.factor.N = places[:first], weights[:first], first
	for i := first; i < len(places); i++ {
		w := weights[i]
		if w <= 0 {
			continue
		}
		if !s.enter(places[i]) { // it overwrites only places that were read
			return errDependent
		}
		s.w[len(s.w)-1] = w
	}
	return nil
}
