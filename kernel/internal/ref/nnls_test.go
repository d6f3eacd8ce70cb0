package ref

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

func randomColumns(rng *rand.Rand, m, n int) []float64 {
	columns := make([]float64, m*n)
	for i := range columns {
		columns[i] = rng.NormFloat64()
	}
	return columns
}

// solveBoth solves by the Gram matrix and by reflections, and returns both solutions as vectors.
func solveBoth(t *testing.T, columns []float64, m, n int, y []float64, shift, l2 float64) (gram, reflections []float64, kkt float64) {
	t.Helper()
	p := NewNNLS(columns, m, n, l2)
	p.MakeGram(n)
	s := p.NewScratch(nil)
	first := 0
	for j := range n {
		s.B[j] = Dot(p.column(j), y) - shift
		if s.B[j] > s.B[first] {
			first = j
		}
	}
	vector := func() []float64 {
		x := make([]float64, n)
		for i, place := range s.Places {
			x[place] = s.X[i]
		}
		return x
	}
	if outcome := s.Solve(first, shift, Dot(y, y)); outcome != Converged {
		t.Fatalf("%d x %d: outcome %v", m, n, outcome)
	}
	gram, kkt = vector(), s.KKT
	if outcome := s.SolveCarefully(y, shift); outcome != Careful {
		t.Fatalf("%d x %d: careful outcome %v", m, n, outcome)
	}
	return gram, vector(), max(kkt, s.KKT)
}

func TestGramAndReflectionsFindTheSameMinimum(t *testing.T) {
	peer.Slow(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		n := 1 + rng.IntN(40)
		m := n + rng.IntN(40)
		columns, y := randomColumns(rng, m, n), randomColumns(rng, m, 1)
		for _, c := range []struct{ shift, l2 float64 }{{0, 0}, {0.5, 0}, {0, 0.5}, {1, 2}, {1e6, 1}} {
			gram, reflections, kkt := solveBoth(t, columns, m, n, y, c.shift, c.l2)
			if !(kkt <= 1e-11) {
				t.Errorf("KKT residual %g", kkt)
			}
			for j, want := range reflections {
				if math.Abs(gram[j]-want) > 1e-8*(1+want) {
					t.Fatalf("%d x %d, shift %g, L2 %g: x[%d] is %.15g by the Gram matrix, %.15g by reflections", m, n, c.shift, c.l2, j, gram[j], want)
				}
			}
		}
	}
}

// With a ridge, any number of columns can be in use, even more than there are rows.
func TestARidgeMakesManyColumnsIndependent(t *testing.T) {
	const m, n = 3, 20
	rng := rand.New(rand.NewPCG(2, 1))
	columns := make([]float64, m*n)
	for i := range columns {
		columns[i] = 1 + 0.01*rng.NormFloat64()
	}
	gram, reflections, _ := solveBoth(t, columns, m, n, []float64{1, 1, 1}, 0, 1)
	positive := 0
	for j, x := range gram {
		if math.Abs(x-reflections[j]) > 1e-12 {
			t.Errorf("x[%d] is %g and %g", j, x, reflections[j])
		}
		if x > 0 {
			positive++
		}
	}
	if positive <= m {
		t.Errorf("%d columns are in use, expected more than the %d rows", positive, m)
	}
}

func TestDotExactlyLosesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 100 {
		a, b := randomColumns(rng, 101, 1), randomColumns(rng, 101, 1)
		for i := range a {
			a[i] *= math.Ldexp(1, rng.IntN(60))
		}
		a = append(a, a...)
		b = append(b, b...)
		for i := range b[:101] {
			b[i] = -b[i] // everything cancels except for the last
		}
		a, b = append(a, rng.NormFloat64()), append(b, rng.NormFloat64())
		exact := new(big.Float).SetPrec(2000)
		for i, v := range a {
			exact.Add(exact, new(big.Float).SetPrec(2000).Mul(big.NewFloat(v), big.NewFloat(b[i])))
		}
		want, _ := exact.Float64()
		if got := dotExactly(a, b); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Fatalf("%g, want %g", got, want)
		}
	}
}

// Whatever a matrix is like, a solution is reached within the steps that are allowed.
func TestTheCarefulMethodEndsOnNearlySingularMatrices(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for k := range 300 {
		m, n := 2+rng.IntN(10), 2+rng.IntN(30)
		columns := randomColumns(rng, m, n)
		for j := 1; j < n; j++ {
			for i := range m { // all nearly equal, up to rounding or a little more
				columns[j*m+i] = columns[i] * (1 + float64(k%7)*0x1p-52*rng.NormFloat64())
			}
		}
		y := randomColumns(rng, m, 1)
		s := NewNNLS(columns, m, n, 0).NewScratch(nil)
		outcome := s.SolveCarefully(y, 0)
		if outcome != Careful {
			t.Errorf("%d x %d: outcome %v after %d entries", m, n, outcome, s.Entered)
		}
		best := max(0, Dot(columns[:m], y)/norm(columns[:m])) // with the first column alone
		if limit := math.Sqrt(max(0, Dot(y, y)-best*best)); s.Residual(y) > limit*(1+1e-12)+1e-12 {
			t.Errorf("%d x %d: residual %g, one column has %g", m, n, s.Residual(y), limit)
		}
	}
}
