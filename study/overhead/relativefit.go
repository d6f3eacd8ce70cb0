package overhead

import (
	"math"

	"github.com/voxfit/voxfit/kernel/nnls"
)

// outlying is the relative error from which on the error of a setting counts by its size and no longer by its square
// (Huber 1964). Settings in which the engine broke down (no memory was left, say) then do not bend the model of all
// others.
const outlying = 0.05

func huber(e float64) float64 {
	if e = math.Abs(e); e > outlying {
		return outlying * (e - outlying/2)
	}
	return e * e / 2
}

// A problem is a least-squares problem with unknowns that are not negative. Every row is divided by its measured time.
// The right sides are then all 1, and residuals are relative errors.
type problem struct {
	rows, columns int
	a             []float64
}

func newProblem(rows, columns int) problem {
	return problem{rows, columns, make([]float64, rows*columns)}
}

func (p problem) set(r, c int, x float64) { p.a[r*p.columns+c] = x }

// solve finds the unknowns with the least sum of huber(relative error): by weighted least squares, with new weights
// each time, until the weights no longer change. It leaves the columns scaled to the same length, because a number of
// chunks is ten thousand times as large as a number of seconds.
func (p problem) solve() []float64 {
	if p.columns == 0 {
		return nil
	}
	scale := p.scaleColumns()
	squared := make([]float64, p.rows) // the weights, squared
	for r := range squared {
		squared[r] = 1
	}
	var x []float64
	var e normalEquations
	for range 50 {
		x = p.solveWeighted(&e, squared)
		moved := 0.0
		for r, before := range squared {
			e := -1.0
			for c, v := range p.a[r*p.columns:][:p.columns] {
				e += v * x[c]
			}
			squared[r] = min(1, outlying/math.Abs(e))
			moved = max(moved, math.Abs(math.Sqrt(squared[r])-math.Sqrt(before)))
		}
		if moved < 1e-3 {
			break
		}
	}
	for c := range x {
		x[c] /= scale[c]
	}
	return x
}

// scaleColumns divides each column by its length, and returns the lengths: 1 for a column of zeros.
func (p problem) scaleColumns() []float64 {
	scale := make([]float64, p.columns)
	for i, x := range p.a {
		scale[i%p.columns] += x * x
	}
	for c := range scale {
		if scale[c] = math.Sqrt(scale[c]); scale[c] == 0 {
			scale[c] = 1
		}
	}
	for i := range p.a {
		p.a[i] /= scale[i%p.columns]
	}
	return scale
}

// solveWeighted solves with the squares of the weights. Its result is valid until the next call. The normal equations are
// ten times as quick as nnls.Solve, and hundreds of thousands of problems are solved for the intervals. They lose half of
// the digits where columns are nearly dependent; nnls.Solve then takes over.
func (p problem) solveWeighted(e *normalEquations, squared []float64) []float64 {
	if e.set(p, squared); e.solve() {
		return e.x[:p.columns]
	}
	a, y := make([]float64, len(p.a)), make([]float64, p.rows)
	for r, w := range squared {
		w = math.Sqrt(w)
		y[r] = w
		for c := range p.columns {
			a[r*p.columns+c] = w * p.a[r*p.columns+c]
		}
	}
	x, _, _ := nnls.Solve(a, p.rows, p.columns, y) // at its limit of steps it returns its last solution, which is good enough
	return x
}
