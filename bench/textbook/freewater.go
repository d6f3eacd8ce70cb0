package textbook

import (
	"errors"
	"fmt"
	"math"

	"github.com/viterin/vek"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/freewater"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// unknowns is the number of unknowns of a tensor fit: six elements of the tensor, and the logarithm of the signal at
// b = 0.
const unknowns = 7

// perUnit is the unit of the tensor, 1e-3 mm2/s. All unknowns are then of about the same size, as optimisers need
// it.
const perUnit = 1e-3

// FreeWater is the tensor with free water by nonlinear least squares. It starts from the best fraction of a grid and
// uses Newton's method of gonum/optimize. It owns the memory of one fit, so each goroutine needs its own FreeWater.
type FreeWater struct {
	design freewater.Design
	rows   blas64.General // the design matrix, transposed: a row for each unknown
	water  []float64      // the signal of free water over its S0

	measured, b0s []float64
	y             []float64 // the signal over S0
	s0            float64   // the mean of the signals without diffusion weighting
	squares       []float64 // of y: the weights of the linear fits
	factor        blas64.Triangular

	fraction    float64 // fraction of water of the last linear fit, and its unknowns
	q           []float64
	logarithms  []float64
	rest        []float64
	weightedRow blas64.General // rows times weights
	normal      blas64.General

	objective objective
	tensor    *mat.SymDense
	eigen     mat.EigenSym
}

// NewFreeWater makes a FreeWater. The error is ErrNoModel if the design's method is WLS.
func NewFreeWater(d freewater.Design) (*FreeWater, error) {
	if d.Method != kernel.NLS && d.Method != kernel.DefaultMethod {
		return nil, fmt.Errorf("%w: free water by %v", ErrNoModel, d.Method)
	}
	n := len(d.W) / unknowns
	f := &FreeWater{
		design: d, rows: blas64.General{Rows: unknowns, Cols: n, Stride: n, Data: transposed(d.W, n, unknowns)},
		water:    make([]float64, n),
		measured: make([]float64, n), b0s: make([]float64, len(d.B0)), y: make([]float64, n), squares: make([]float64, n),
		q: make([]float64, unknowns), logarithms: make([]float64, n), rest: make([]float64, n),
		weightedRow: blas64.General{Rows: unknowns, Cols: n, Stride: n, Data: make([]float64, unknowns*n)},
		normal:      blas64.General{Rows: unknowns, Cols: unknowns, Stride: unknowns, Data: make([]float64, unknowns*unknowns)},
		tensor:      mat.NewSymDense(3, nil),
	}
	vek.MulNumber_Inplace(f.rows.Data[:6*n], perUnit)
	vek.MulNumber_Inplace(f.rows.Data[6*n:], -1)
	diso := d.Diso / perUnit
	f.predict(f.water, []float64{diso, 0, diso, 0, 0, diso, 0})
	f.objective = newObjective(f)
	return f, nil
}

// Parameters is how many parameters Fit writes.
func (f *FreeWater) Parameters() int { return 8 }

// Fit writes the tensor (Dxx, Dxy, Dyy, Dxz, Dyz, Dzz, in mm2/s), S0 and the fraction of free water.
func (f *FreeWater) Fit(params []float64, signal []float32) error {
	clear(params)
	if err := f.load(signal); err != nil {
		return err
	}
	if md := f.plainMeanDiffusivity(); md >= f.design.MDReg {
		params[6], params[7] = f.s0, 1 // all is water
		return nil
	}
	if f.search() >= allWater {
		f.write(params, f.q, f.fraction)
		params[7] = f.fraction // a share of the measured S0, not of the fitted one
		return nil
	}
	end, err := f.objective.minimise(f.q, f.fraction)
	if err != nil || !f.isTissue(end.q) {
		end, err = f.lowestEnd()
	}
	if err != nil {
		return err
	}
	f.write(params, end.q, end.water)
	return nil
}

// isTissue says whether all eigenvalues of a tensor are between zero and the diffusivity of water. If they are not,
// the sum of squares may have a lower minimum elsewhere.
func (f *FreeWater) isTissue(q []float64) bool {
	f.tensor.SetSym(0, 0, q[0])
	f.tensor.SetSym(0, 1, q[1])
	f.tensor.SetSym(1, 1, q[2])
	f.tensor.SetSym(0, 2, q[3])
	f.tensor.SetSym(1, 2, q[4])
	f.tensor.SetSym(2, 2, q[5])
	if !f.eigen.Factorize(f.tensor, false) {
		return false
	}
	values := f.eigen.Values(nil)
	return values[0] >= 0 && values[2] <= f.design.Diso/perUnit
}

// lowestEnd returns the lowest minimum that other starts lead to. These are the linear fits for all tenths of water,
// and water with a constant signal of a hundredth. If no start leads to a minimum, the error is that of the last.
func (f *FreeWater) lowestEnd() (lowest minimum, err error) {
	found := false
	from := func(q []float64, fraction float64) {
		end, failed := f.objective.minimise(q, fraction)
		switch {
		case failed != nil:
			err = failed
		case !found || end.value < lowest.value:
			lowest, found = end, true
		}
	}
	for tenths := 1; tenths <= 9; tenths++ {
		f.fit(float64(tenths) / 10)
		from(f.q, f.fraction)
	}
	from([]float64{6: math.Log(0.01)}, 0.99)
	if found {
		err = nil
	}
	return lowest, err
}

// allWater is the fraction at or above which DIPY keeps the result of the linear fits.
const allWater = 0.99

// write writes the parameters. q has the unknowns of the tissue, and water is the signal of free water at b = 0,
// over S0.
func (f *FreeWater) write(params, q []float64, water float64) {
	vek.MulNumber_Into(params, q[:6], perUnit)
	s0 := math.Exp(q[6]) + water
	params[6], params[7] = s0*f.s0, water/s0
}

// load computes y from a signal, and the factor that all linear fits share.
func (f *FreeWater) load(signal []float32) error {
	if err := load(f.measured, signal); err != nil {
		return err
	}
	vek.Gather_Into(f.b0s, f.measured, f.design.B0)
	f.s0 = vek.Mean(f.b0s)
	if f.s0 <= f.design.MinSignal || vek.Mean(f.measured) <= f.design.MinSignal {
		return ErrNothing
	}
	vek.DivNumber_Into(f.y, f.measured, f.s0)
	vek.Mul_Into(f.squares, f.y, f.y)
	f.crossProducts(f.normal, f.squares)
	symmetric := blas64.Symmetric{N: unknowns, Stride: f.normal.Stride, Data: f.normal.Data, Uplo: blas.Lower}
	var ok bool
	if f.factor, ok = lapack64.Potrf(symmetric); !ok {
		return errors.New("textbook: the signal does not determine a tensor")
	}
	return nil
}

// crossProducts writes the sums over measurements of the products of unknowns' rows, weighted.
func (f *FreeWater) crossProducts(sums blas64.General, weights []float64) {
	n := f.rows.Cols
	for k := range unknowns {
		vek.Mul_Into(f.weightedRow.Data[k*n:(k+1)*n], f.rows.Data[k*n:(k+1)*n], weights)
	}
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, f.weightedRow, f.rows, 0, sums)
}

// fitLogarithms fits a tensor to the logarithms of rest.
func (f *FreeWater) fitLogarithms() {
	for i, v := range f.rest {
		f.logarithms[i] = math.Log(v)
	}
	vek.Mul_Inplace(f.logarithms, f.squares)
	blas64.Gemv(blas.NoTrans, 1, f.rows, vector(f.logarithms), 0, vector(f.q))
	solve(f.factor, vector(f.q))
}

// plainMeanDiffusivity is the mean diffusivity of a tensor fitted without water, in mm2/s.
func (f *FreeWater) plainMeanDiffusivity() float64 {
	vek.MaximumNumber_Into(f.rest, f.y, f.design.MinSignal/f.s0)
	f.fitLogarithms()
	return (f.q[0] + f.q[2] + f.q[5]) / 3 * perUnit
}

// fit subtracts the water of a fraction from the signal, fits a tensor to the rest, and returns the sum of squares.
func (f *FreeWater) fit(fraction float64) float64 {
	f.fraction = fraction
	for i, w := range f.water {
		if f.rest[i] = f.y[i] - fraction*w; f.rest[i] <= 0 {
			f.rest[i] = f.design.MinSignal / f.s0
		}
	}
	f.fitLogarithms()
	f.predict(f.rest, f.q)
	blas64.Axpy(fraction, vector(f.water), vector(f.rest))
	vek.Sub_Inplace(f.rest, f.y)
	return vek.Dot(f.rest, f.rest)
}

// predict writes the signal of the tissue.
func (f *FreeWater) predict(tissue, q []float64) {
	blas64.Gemv(blas.Trans, 1, f.rows, vector(q), 0, vector(tissue))
	for i, v := range tissue {
		tissue[i] = math.Exp(v) // vek has an exponential in single precision only
	}
}

// search makes the best fit of DIPY's grid of fractions and returns its fraction. It searches in tenths. At 0.9 the
// voxel may be all water, and the search goes on in hundredths and thousandths. Elsewhere the fit is only a start,
// for which tenths are fine enough.
func (f *FreeWater) search() float64 {
	best := f.level(0.1, 0.9, 9)
	if best >= 0.9 {
		best = f.level(best-0.09, best+0.09, 19)
		best = f.level(best-0.009, best+0.009, 19)
	}
	f.fit(best)
	return best
}

// level returns the best of n equally spaced fractions.
func (f *FreeWater) level(first, last float64, n int) float64 {
	fractions, sums := floats.Span(make([]float64, n), first, last), make([]float64, n)
	for i, fraction := range fractions {
		sums[i] = f.fit(fraction)
	}
	return fractions[floats.MinIdx(sums)]
}
