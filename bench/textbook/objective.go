package textbook

import (
	"fmt"
	"math"
	"slices"

	"github.com/viterin/vek"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// An objective is half the sum of the squares of exp(W q) + v^2 water - y. The unknowns are q and v. v is squared so
// that the signal of free water is not negative.
type objective struct {
	*FreeWater
	at       []float64 // the unknowns for which the following was computed
	tissue   []float64
	residual []float64
	product  []float64
	gradient []float64 // along q
	sums     blas64.General
}

func newObjective(f *FreeWater) objective {
	n := len(f.y)
	return objective{
		FreeWater: f, at: make([]float64, unknowns+1),
		tissue: make([]float64, n), residual: make([]float64, n), product: make([]float64, n), gradient: make([]float64, unknowns),
		sums: blas64.General{Rows: unknowns, Cols: unknowns, Stride: unknowns, Data: make([]float64, unknowns*unknowns)},
	}
}

// A minimum is where a fit has ended: the unknowns of the tissue, the signal of water at b = 0 over S0, and the objective.
type minimum struct {
	q            []float64
	water, value float64
}

// minimise finds a minimum, starting from a tensor fit and a fraction of water.
func (o *objective) minimise(q []float64, fraction float64) (minimum, error) {
	problem := optimize.Problem{Func: o.value, Grad: o.slope, Hess: o.curvature}
	settings := optimize.Settings{GradientThreshold: 1e-8, MajorIterations: 200, Converger: optimize.NeverTerminate{}}
	o.at[0] = math.NaN() // nothing was computed for this signal yet
	start := append(slices.Clone(q), math.Sqrt(fraction))
	result, err := optimize.Minimize(problem, start, &settings, &optimize.Newton{Linesearcher: &optimize.Backtracking{}})
	if err == nil {
		err = result.Status.Err()
	}
	// Close to the minimum, a line search fails because of rounding. That is not an error.
	if err != nil && !(result.Gradient != nil && floats.Norm(result.Gradient, math.Inf(1)) < 1e-7) {
		return minimum{}, fmt.Errorf("textbook: no minimum: %w", err)
	}
	v := result.X[unknowns]
	return minimum{result.X[:unknowns], v * v, result.F}, nil
}

// move computes tissue and residual at x, unless they are known.
func (o *objective) move(x []float64) {
	if slices.Equal(o.at, x) {
		return
	}
	copy(o.at, x)
	o.predict(o.tissue, x[:unknowns])
	vek.Sub_Into(o.residual, o.tissue, o.y)
	blas64.Axpy(x[unknowns]*x[unknowns], vector(o.water), vector(o.residual))
}

func (o *objective) value(x []float64) float64 {
	o.move(x)
	return vek.Dot(o.residual, o.residual) / 2
}

func (o *objective) slope(gradient, x []float64) {
	o.move(x)
	vek.Mul_Into(o.product, o.tissue, o.residual)
	blas64.Gemv(blas.NoTrans, 1, o.rows, vector(o.product), 0, vector(gradient[:unknowns]))
	gradient[unknowns] = 2 * x[unknowns] * vek.Dot(o.water, o.residual)
}

func (o *objective) curvature(hessian *mat.SymDense, x []float64) {
	o.move(x)
	vek.Add_Into(o.product, o.tissue, o.residual)
	vek.Mul_Inplace(o.product, o.tissue)
	o.crossProducts(o.sums, o.product)
	for i := range unknowns {
		for j := range i + 1 {
			hessian.SetSym(i, j, o.sums.Data[i*unknowns+j])
		}
	}
	v := x[unknowns]
	vek.Mul_Into(o.product, o.tissue, o.water)
	blas64.Gemv(blas.NoTrans, 2*v, o.rows, vector(o.product), 0, vector(o.gradient))
	for i, slope := range o.gradient {
		hessian.SetSym(unknowns, i, slope)
	}
	hessian.SetSym(unknowns, unknowns, 2*vek.Dot(o.water, o.residual)+4*v*v*vek.Dot(o.water, o.water))
}
