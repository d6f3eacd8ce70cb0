package textbook

import (
	"errors"
	"fmt"
	"slices"

	"github.com/viterin/vek"
	"github.com/voxfit/voxfit/kernel/csd"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// CSD is constrained spherical deconvolution as DIPY's csdeconv does it, with the decisions that csd.New lists. It
// owns the memory of one fit, so each goroutine needs its own CSD.
type CSD struct {
	design     csd.Design
	x          blas64.General   // turns coefficients into the signal
	amplitudes blas64.General   // B, which turns coefficients into amplitudes
	smooth     blas64.General   // the columns of B of low degree, by which the first set of directions is chosen
	columns    []float64        // B, column after column
	normal     blas64.Symmetric // P = X^T X
	start      blas64.Triangular

	measured, weighted []float64 // the signal, and its volumes with diffusion weighting
	z, f               blas64.Vector
	values             blas64.Vector // amplitudes in all directions
	held, next         []bool        // whether a direction is constrained
	places             []int         // the numbers of the constrained directions
	rows               []float64     // the columns of B in these directions
	matrix             blas64.Symmetric
}

// NewCSD makes a CSD. The error is ErrNoModel if the design follows MRtrix3: if it has a filter for the start, a
// weight of the solution's norm, or a floor of the signal.
func NewCSD(d csd.Design) (*CSD, error) {
	if d.Start != nil || d.SolutionNorm != 0 || d.FloorSignal {
		return nil, fmt.Errorf("%w: CSD in another convention than DIPY's", ErrNoModel)
	}
	n, m, directions := d.Coefficients, len(d.Volumes), len(d.B)/d.Coefficients
	c := &CSD{
		design:     d,
		x:          blas64.General{Rows: m, Cols: n, Stride: n, Data: d.X},
		amplitudes: blas64.General{Rows: directions, Cols: n, Stride: n, Data: d.B},
		smooth:     blas64.General{Rows: directions, Cols: d.StartCoefficients, Stride: n, Data: d.B},
		columns:    transposed(d.B, directions, n),
		normal:     newSymmetric(n),
		measured:   make([]float64, d.Measurements),
		weighted:   make([]float64, m),
		z:          newVector(n), f: newVector(n), values: newVector(directions),
		held: make([]bool, directions), next: make([]bool, directions),
		places: make([]int, 0, directions), rows: make([]float64, n*directions),
		matrix: newSymmetric(n),
	}
	blas64.Syrk(blas.Trans, 1, c.x, 0, c.normal)
	factor := newSymmetric(n)
	copy(factor.Data, c.normal.Data)
	var ok bool
	if c.start, ok = lapack64.Potrf(factor); ok {
		return c, nil
	}
	loadDiagonal(c.normal)
	copy(factor.Data, c.normal.Data)
	if c.start, ok = lapack64.Potrf(factor); !ok {
		return nil, errors.New("textbook: X^T X is singular, even with 1e-5 added to its diagonal")
	}
	return c, nil
}

// Parameters is the number of coefficients.
func (c *CSD) Parameters() int { return c.design.Coefficients }

// Fit writes the coefficients of one voxel.
func (c *CSD) Fit(coefficients []float64, signal []float32) error {
	clear(coefficients)
	if err := load(c.measured, signal); err != nil {
		return err
	}
	vek.Gather_Into(c.weighted, c.measured, c.design.Volumes)
	if isZero(c.weighted) {
		return ErrNothing
	}
	blas64.Gemv(blas.Trans, 1, c.x, vector(c.weighted), 0, c.z)
	copy(c.f.Data, c.z.Data)
	solve(c.start, c.f)
	threshold := c.design.Tau * c.design.B[0] * c.f.Data[0]
	if !c.below(c.held, c.smooth, threshold) && !c.below(c.held, c.amplitudes, threshold) {
		copy(coefficients, c.f.Data)
		return nil
	}
	for range c.design.MaxIterations {
		if err := c.constrain(); err != nil {
			return err
		}
		c.below(c.next, c.amplitudes, threshold)
		if slices.Equal(c.held, c.next) {
			break
		}
		c.held, c.next = c.next, c.held
	}
	copy(coefficients, c.f.Data)
	return nil
}

// below finds the directions whose amplitude is below a threshold, and says whether there are any. It uses as many
// coefficients as the matrix has columns.
func (c *CSD) below(set []bool, amplitudes blas64.General, threshold float64) bool {
	blas64.Gemv(blas.NoTrans, 1, amplitudes, vector(c.f.Data[:amplitudes.Cols]), 0, c.values)
	return vek.Any(vek.LtNumber_Into(set, c.values.Data, threshold))
}

// constrain solves (P + H^T H) f = z, where H has the rows of B for the constrained directions.
func (c *CSD) constrain() error {
	c.places = c.places[:0]
	for i, held := range c.held {
		if held {
			c.places = append(c.places, i)
		}
	}
	n, directions, held := c.f.N, c.values.N, len(c.places)
	for j := range n {
		vek.Gather_Into(c.rows[j*held:(j+1)*held], c.columns[j*directions:(j+1)*directions], c.places)
	}
	h := blas64.General{Rows: n, Cols: held, Stride: max(held, 1), Data: c.rows}
	for _, loaded := range []bool{false, true} {
		copy(c.matrix.Data, c.normal.Data)
		if held > 0 {
			blas64.Syrk(blas.NoTrans, 1, h, 1, c.matrix)
		}
		if loaded {
			loadDiagonal(c.matrix)
		}
		if factor, ok := lapack64.Potrf(c.matrix); ok {
			copy(c.f.Data, c.z.Data)
			solve(factor, c.f)
			return nil
		}
	}
	return errors.New("textbook: the normal matrix has no Cholesky factor")
}

// loadDiagonal adds 1e-5 to the diagonal, as DIPY does where a matrix has no Cholesky factor.
func loadDiagonal(a blas64.Symmetric) {
	for i := range a.N {
		a.Data[i*a.Stride+i] += 1e-5
	}
}
