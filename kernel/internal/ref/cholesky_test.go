package ref

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// randomPositive returns M M^T + I as a packed lower triangle, padded to whole tiles, and a right-hand side of the
// padded length.
func randomPositive(t *rapid.T, n int) (q, z []float64) {
	value := rapid.Float64Range(-1, 1)
	m := rapid.SliceOfN(value, n*n, n*n).Draw(t, "matrix")
	q, z = make([]float64, Triangle(tilePadded(n))), make([]float64, tilePadded(n))
	for i := range n {
		for j := range i + 1 {
			q[Triangle(i)+j] = Dot(m[i*n:][:n], m[j*n:][:n])
		}
		q[Triangle(i)+i]++
	}
	copy(z, rapid.SliceOfN(value, n, n).Draw(t, "right-hand side"))
	identityRows(q, n)
	return q, z
}

// times multiplies a packed symmetric matrix by a vector.
func times(q, x []float64) []float64 {
	b := make([]float64, len(x))
	for i := range x {
		for j := range x {
			b[i] += q[Triangle(max(i, j))+min(i, j)] * x[j]
		}
	}
	return b
}

func TestSolutionOfCholeskySolvesTheSystem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 28).Draw(t, "size")
		q, z := randomPositive(t, n)
		l, inverse, fused := append([]float64{}, q...), make([]float64, len(z)), append([]float64{}, z...)
		if !cholesky(l, inverse, fused) {
			t.Fatal("a positive definite matrix had no factor")
		}
		backSolve(l, inverse, fused)
		separate := append([]float64{}, z...)
		forwardSolve(l, inverse, separate)
		backSolve(l, inverse, separate)
		for name, x := range map[string][]float64{"fused": fused, "separate": separate} {
			b := times(q, x)
			for i := range b {
				if !(math.Abs(b[i]-z[i]) <= 1e-11*float64(n)) {
					t.Fatalf("%s solve of size %d: row %d of Q x is %g, want %g", name, n, i, b[i], z[i])
				}
			}
		}
	})
}

func TestEveryRowOfATileRejectsANonPositivePivot(t *testing.T) {
	for _, pivot := range []float64{0, -1, math.NaN()} {
		for bad := range 7 {
			q, y := make([]float64, Triangle(9)), make([]float64, 9)
			identityRows(q, 0)
			for i := range 9 {
				q[Triangle(i)+i] = 2
			}
			q[Triangle(bad)+bad] = pivot
			if cholesky(q, make([]float64, 9), y) {
				t.Errorf("pivot %v in row %d was accepted", pivot, bad)
			}
		}
	}
}
