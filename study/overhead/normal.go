package overhead

import "math"

// mostUnknowns is the largest number of unknowns of a problem.
const mostUnknowns = termCount

// normalEquations are those of a weighted problem: G = A^T W A, of columns that had the length 1 before they were
// weighted, and b = A^T W 1.
type normalEquations struct {
	n int
	g [mostUnknowns][mostUnknowns]float64
	b [mostUnknowns]float64

	inUse  []int                               // the unknowns that may be above zero, in the order in which they entered
	places [mostUnknowns]int                   // the memory of inUse
	factor [mostUnknowns][mostUnknowns]float64 // the Cholesky factor L of their part of G
	x      [mostUnknowns]float64
}

// set makes the equations of a problem whose weights have these squares.
func (e *normalEquations) set(p problem, squared []float64) {
	*e = normalEquations{n: p.columns}
	e.inUse = e.places[:0]
	for r, w := range squared {
		row := p.a[r*p.columns:][:p.columns]
		for i, v := range row {
			v *= w
			e.b[i] += v
			g := &e.g[i]
			for j, u := range row[:i+1] {
				g[j] += v * u
			}
		}
	}
	for i := range e.n {
		for j := range i {
			e.g[j][i] = e.g[i][j]
		}
	}
}

// solve finds the x >= 0 with the least x^T G x / 2 - b^T x, by the active-set method of Lawson and Hanson (1974) on
// the normal equations, as Bro and De Jong (1997) have it. It returns false where rounding may have spoilt the result.
func (e *normalEquations) solve() bool {
	const entering = 1e-12 // the gradient of an unknown that enters, relative to the largest b
	largest := 0.0
	for _, b := range e.b[:e.n] {
		largest = max(largest, math.Abs(b))
	}
	for range 3 * e.n {
		best, most := -1, entering*largest
		for i := range e.n {
			if descent := e.descent(i); e.x[i] == 0 && descent > most {
				best, most = i, descent
			}
		}
		if best < 0 {
			return true
		}
		e.inUse = append(e.inUse, best)
		if !e.settle() {
			return false
		}
	}
	return false
}

// descent is how fast the objective falls when an unknown grows.
func (e *normalEquations) descent(i int) float64 {
	d := e.b[i]
	for _, j := range e.inUse {
		d -= e.g[i][j] * e.x[j]
	}
	return d
}

// settle goes to the least objective of the unknowns in use. Where one would become negative on the way, that one goes
// out of use, and the others go on.
func (e *normalEquations) settle() bool {
	for first := true; ; first = false {
		next, ok := e.unconstrained()
		if !ok || first && !(next[len(e.inUse)-1] > 0) { // one that has just entered must grow: rounding says otherwise
			return false
		}
		step, leaves := 1.0, -1
		for k, i := range e.inUse {
			if next[k] <= 0 {
				if t := e.x[i] / (e.x[i] - next[k]); leaves < 0 || t < step {
					step, leaves = t, k
				}
			}
		}
		for k, i := range e.inUse {
			e.x[i] += step * (next[k] - e.x[i])
		}
		if leaves < 0 {
			return true
		}
		e.x[e.inUse[leaves]] = 0
		e.inUse = append(e.inUse[:leaves], e.inUse[leaves+1:]...)
	}
}

// unconstrained solves the equations of the unknowns in use. It returns false where one of their columns is nearly a
// combination of those before it.
func (e *normalEquations) unconstrained() (next [mostUnknowns]float64, ok bool) {
	const independent = 1e-9 // the least share of a column's square that must be new
	l := &e.factor
	for r, i := range e.inUse {
		sum := e.b[i]
		for c, j := range e.inUse[:r+1] {
			v := e.g[i][j]
			for k := range c {
				v -= l[r][k] * l[c][k]
			}
			if c < r {
				l[r][c] = v / l[c][c]
				sum -= l[r][c] * next[c]
				continue
			}
			if !(v > independent*e.g[i][i]) {
				return next, false
			}
			l[r][r] = math.Sqrt(v)
		}
		next[r] = sum / l[r][r]
	}
	for r := len(e.inUse) - 1; r >= 0; r-- {
		for k := r + 1; k < len(e.inUse); k++ {
			next[r] -= l[k][r] * next[k]
		}
		next[r] /= l[r][r]
	}
	return next, true
}
