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
// each time, until the weights no longer change. Columns are first scaled to the same length, because a number of
// chunks is ten thousand times as large as a number of seconds.
func (p problem) solve() []float64 {
	if p.columns == 0 {
		return nil
	}
	scale := make([]float64, p.columns)
	for i, x := range p.a {
		scale[i%p.columns] += x * x
	}
	for c := range scale {
		if scale[c] = math.Sqrt(scale[c]); scale[c] == 0 {
			scale[c] = 1
		}
	}
	a, y, weight := make([]float64, len(p.a)), make([]float64, p.rows), make([]float64, p.rows)
	for r := range weight {
		weight[r] = 1
	}
	var x []float64
	for range 50 {
		for r, w := range weight {
			y[r] = w
			for c := range p.columns {
				a[r*p.columns+c] = w * p.a[r*p.columns+c] / scale[c]
			}
		}
		x, _, _ = nnls.Solve(a, p.rows, p.columns, y) // at its limit of steps it returns its last solution, which is good enough
		moved := 0.0
		for r := range weight {
			e := -1.0
			for c := range p.columns {
				e += p.a[r*p.columns+c] / scale[c] * x[c]
			}
			w := math.Sqrt(min(1, outlying/math.Abs(e)))
			moved = max(moved, math.Abs(w-weight[r]))
			weight[r] = w
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
