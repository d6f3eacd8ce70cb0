package reftensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A weighted solves one weighted log-linear least-squares problem after another: it minimises the sum of v (y - W p)^2.
// It solves normal equations, which takes a quarter of the time of an orthogonal factorisation. It regains the digits
// that they lose by refinement: it adds the solution for the residual. Where weights differ so much that this may not
// converge, it uses the orthogonal factorisation.
type weighted struct {
	design   *LogLinear
	factor   factor
	matrix   [packedSize]float64
	residual []float64
	delicate bool      // a fit since this was last false would lose digits by normal equations alone
	columns  []float64 // 8 columns, the weighted design and the right-hand side, for the orthogonal factorisation
}

func newWeighted(design *LogLinear) *weighted {
	return &weighted{design: design, residual: make([]float64, design.n), columns: make([]float64, waterSize*design.n)}
}

// steep is the ratio of a pivot to its diagonal element below which normal equations are given up. Above it, a step of
// refinement gains at least six digits.
const steep = 1e-10

// delicateRatio is the ratio below which normal equations without refinement may be wrong in the fifth digit.
const delicateRatio = 1e-7

// fit solves for weights v and values y. Where the weights do not determine all seven unknowns, ok is false and p is
// zero.
func (w *weighted) fit(p *[logLinearSize]float64, v, y []float64) (ok bool) {
	*p = [logLinearSize]float64{}
	w.design.normal(w.matrix[:], v)
	ratio := w.factor.decompose(w.matrix[:], logLinearSize)
	w.delicate = w.delicate || !(ratio > delicateRatio)
	if !(ratio > steep) {
		return w.orthogonal(p, v, y)
	}
	w.solve(p, v, y)
	w.refine(p, v, y)
	return true
}

// solve writes the solution of the factored normal equations for values y.
func (w *weighted) solve(p *[logLinearSize]float64, v, y []float64) {
	for i, x := range y {
		w.residual[i] = v[i] * x
	}
	w.design.project(p, w.residual)
	w.factor.solve(p[:])
}

// refine adds to p the solution for the residual.
func (w *weighted) refine(p *[logLinearSize]float64, v, y []float64) {
	var step [logLinearSize]float64
	w.design.predict(w.residual, p)
	for i, z := range w.residual {
		w.residual[i] = v[i] * (y[i] - z)
	}
	w.design.project(&step, w.residual)
	w.factor.solve(step[:])
	for k := range p {
		p[k] += step[k]
	}
}

// orthogonal solves by modified Gram-Schmidt on the weighted design, with the right-hand side as its last column. This
// is as stable as Householder's method (Björck 1967).
func (w *weighted) orthogonal(p *[logLinearSize]float64, v, y []float64) (ok bool) {
	n := w.design.n
	column := func(k int) []float64 { return w.columns[k*n : (k+1)*n] }
	for i := range n {
		root := math.Sqrt(v[i])
		for k := range 6 {
			column(k)[i] = root * w.design.rows[6*i+k]
		}
		column(6)[i], column(7)[i] = root, root*y[i]
	}
	var r [waterPacked]float64
	if !gramSchmidt(r[:], w.columns, n, logLinearSize, 1e-14) {
		return false
	}
	backward(p[:], r[:], logLinearSize)
	return true
}

// gramSchmidt factors a matrix of n rows by the modified method of Gram and Schmidt. It replaces size columns by
// orthogonal ones, and writes a triangle R. One more column follows, the right-hand side. Column k of R is row k of a
// packed triangle. A column that depends on those before it, up to a part least of its length, is left out. ok is then
// false.
func gramSchmidt(r, columns []float64, n, size int, least float64) (ok bool) {
	column := func(k int) []float64 { return columns[k*n : (k+1)*n] }
	ok = true
	for k := range size {
		before := r[packed(k, 0) : packed(k, 0)+k]
		norm := math.Sqrt(sumSquares(column(k)))
		whole := float64(norm * norm)
		for _, x := range before {
			whole += float64(x * x)
		}
		if !(norm > least*math.Sqrt(whole)) {
			for j := k; j <= size; j++ {
				r[packed(j, k)] = 0
			}
			ok = false
			continue
		}
		r[packed(k, k)] = norm
		q := column(k)
		for i := range q {
			q[i] /= norm
		}
		for j := k + 1; j <= size; j++ {
			target := column(j)
			along := ref.Dot(q, target)
			r[packed(j, k)] = along
			for i, x := range q {
				target[i] -= float64(along * x)
			}
		}
	}
	return ok
}

// backward solves R x = y, where y is the last row that gramSchmidt wrote. x is zero for columns that were left out.
func backward(x, r []float64, size int) {
	for k := size - 1; k >= 0; k-- {
		diagonal := r[packed(k, k)]
		if x[k] = 0; diagonal == 0 {
			continue
		}
		v := r[packed(size, k)]
		for j := k + 1; j < size; j++ {
			v -= float64(r[packed(j, k)] * x[j])
		}
		x[k] = v / diagonal
	}
}

func sumSquares(x []float64) float64 { return ref.Dot(x, x) }
