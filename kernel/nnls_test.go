package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
)

// nnlsProblems are problems of one matrix.
type nnlsProblems struct {
	kind    string
	m, n    int
	a       []float64
	signals []float64
}

// nnlsKinds make matrices, of independent columns and of dependent ones.
var nnlsKinds = []struct {
	name string
	make func(rng *rand.Rand, m, n int) []float64
}{
	{"normal", normalMatrix},
	{"positive", func(rng *rand.Rand, m, n int) []float64 {
		a := make([]float64, m*n)
		for i := range a {
			a[i] = rng.Float64()
		}
		return a
	}},
	{"low rank", func(rng *rand.Rand, m, n int) []float64 {
		r := 1 + rng.IntN(min(m, n))
		return product(normalMatrix(rng, m, r), normalMatrix(rng, r, n), m, r, n)
	}},
	{"equal columns", func(rng *rand.Rand, m, n int) []float64 {
		a := normalMatrix(rng, m, n)
		for j := range n {
			copyColumn(a, n, j, rng.IntN(n), 1)
		}
		return a
	}},
	{"opposite and zero columns", func(rng *rand.Rand, m, n int) []float64 {
		a := normalMatrix(rng, m, n)
		for j := range n {
			copyColumn(a, n, j, rng.IntN(n), float64(rng.IntN(3)-1))
		}
		return a
	}},
	{"whole numbers", func(rng *rand.Rand, m, n int) []float64 { // ties and exact zeros
		a := make([]float64, m*n)
		for i := range a {
			a[i] = float64(rng.IntN(5) - 2)
		}
		return a
	}},
	{"nearly equal columns", func(rng *rand.Rand, m, n int) []float64 {
		a := normalMatrix(rng, m, n)
		for j := range n {
			copyColumn(a, n, j, rng.IntN(n), 1)
		}
		for i := range a {
			a[i] += math.Pow(10, -3-10*rng.Float64()) * rng.NormFloat64()
		}
		return a
	}},
	{"powers", func(rng *rand.Rand, m, n int) []float64 { // Vandermonde
		a := make([]float64, m*n)
		for i := range m {
			for j := range n {
				a[i*n+j] = math.Pow((float64(i)+1)/float64(m), float64(j))
			}
		}
		return a
	}},
	{"of all sizes", func(rng *rand.Rand, m, n int) []float64 {
		a := normalMatrix(rng, m, n)
		for j := range n {
			scale := math.Pow(10, 8*rng.Float64()-4)
			for i := range m {
				a[i*n+j] *= scale
			}
		}
		return a
	}},
}

func normalMatrix(rng *rand.Rand, m, n int) []float64 {
	a := make([]float64, m*n)
	for i := range a {
		a[i] = rng.NormFloat64()
	}
	return a
}

func product(a, b []float64, m, r, n int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for k := range r {
			for j := range n {
				c[i*n+j] += a[i*r+k] * b[k*n+j]
			}
		}
	}
	return c
}

func copyColumn(a []float64, n, to, from int, factor float64) {
	for i := 0; i < len(a); i += n {
		a[i+to] = factor * a[i+from]
	}
}

// randomProblems are count problems of several matrices of a kind; every third y lies in the cone, every
// ninth is an image of one column alone.
func randomProblems(kind int, matrices, each int) []nnlsProblems {
	rng := rand.New(rand.NewPCG(uint64(kind), 11))
	var list []nnlsProblems
	for range matrices {
		m, n := 1+rng.IntN(30), 1+rng.IntN(40)
		p := nnlsProblems{nnlsKinds[kind].name, m, n, nnlsKinds[kind].make(rng, m, n), nil}
		for k := range each {
			y := make([]float64, m)
			switch {
			case k%9 == 0:
				j := rng.IntN(n)
				for i := range y {
					y[i] = p.a[i*n+j]
				}
			case k%3 == 0:
				x := make([]float64, n)
				for j := range x {
					x[j] = max(0, rng.NormFloat64())
				}
				copy(y, product(p.a, x, m, n, 1))
			default:
				for i := range y {
					y[i] = rng.NormFloat64()
				}
			}
			p.signals = append(p.signals, y...)
		}
		list = append(list, p)
	}
	return list
}

// squares is |A x - y|^2.
func squares(a []float64, m, n int, x, y []float64) float64 {
	sum := 0.0
	for i := range m {
		r := -y[i]
		for j := range n {
			r += a[i*n+j] * x[j]
		}
		sum += r * r
	}
	return sum
}

// What scipy does not solve is held to the conditions of the minimum alone.
func TestNNLSReachesScipysObjective(t *testing.T) {
	peer.Slow(t)
	const matrices, each = 38, 30 // of nine kinds: 10,260 problems
	for kind := range nnlsKinds {
		t.Run(nnlsKinds[kind].name, func(t *testing.T) {
			tallies := map[string]*nnlsTally{"NNLS": {}}
			for _, isa := range kernel.ISAs() {
				tallies[isa] = &nnlsTally{}
			}
			for _, p := range randomProblems(kind, matrices, each) {
				theirs := peer.DIPY(t, "nnls", peer.Arrays{"a": peer.Matrix(p.a, p.n), "y": peer.Matrix(p.signals, p.m)}, nil)["x"]
				for _, isa := range kernel.ISAs() {
					f := newNNLS(t, kernel.NNLSDesign{Measurements: p.m, Unknowns: p.n, A: p.a}, isa)
					params, status := fitAll(f, p.signals)
					for v, s := range status {
						row := params[v*f.Parameters():][:f.Parameters()]
						tallies[isa].note(t, p.a, row[:p.n], p.signals[v*p.m:][:p.m], theirs.Row(v), row[p.n], row[p.n+1], s)
					}
				}
				for v := range theirs.Shape[0] {
					y := p.signals[v*p.m:][:p.m]
					x, residual, err := kernel.NNLS(p.a, p.m, p.n, y)
					if err != nil {
						t.Errorf("NNLS: %v", err)
					}
					tallies["NNLS"].note(t, p.a, x, y, theirs.Row(v), residual, 0, kernel.Status{})
				}
			}
			for name, y := range tallies {
				t.Logf("parity: %s, %s: objective above scipy's by at most %.2g of |y|^2 in %d problems (%d by reflections; lower by more than 1e-10 in %d; scipy gave up on %d more), KKT residual at most %.2g",
					nnlsKinds[kind].name, name, y.worst, y.problems, y.refits, y.lower, y.unsolved, y.kkt)
			}
		})
	}
}

type nnlsTally struct {
	problems, refits, lower, unsolved int
	worst, kkt                        float64
}

func (c *nnlsTally) note(t *testing.T, a, x, y, theirs []float64, residual, kkt float64, s kernel.Status) {
	t.Helper()
	m, n := len(y), len(x)
	energy, got, want := dot(y, y), squares(a, m, n, x, y), squares(a, m, n, theirs, y)
	if energy == 0 {
		if s.Code != kernel.ZeroSignal && s.Code != kernel.OK || dot(x, x) != 0 {
			t.Errorf("y is zero: %+v, x %v", s, x)
		}
		return
	}
	for j, v := range x {
		if !(v >= 0) {
			t.Errorf("x[%d] is %v", j, v)
		}
	}
	if math.Abs(residual-math.Sqrt(got)) > 1e-8*math.Sqrt(energy) {
		t.Errorf("residual %.10g, is %.10g", residual, math.Sqrt(got))
	}
	if s.Code != kernel.OK && s.Code != kernel.Refit {
		t.Errorf("%d x %d: %+v", m, n, s)
	}
	if s.Code == kernel.Refit {
		c.refits++
	}
	c.kkt = max(c.kkt, kkt)
	if math.IsNaN(want) {
		c.unsolved++
		return
	}
	c.problems++
	excess := (got - want) / energy
	c.worst = max(c.worst, excess)
	if excess < -1e-10 {
		c.lower++
	}
	if !(excess <= 1e-10) {
		t.Errorf("%d x %d: %+v: objective %.15g, scipy %.15g, above by %.3g of |y|^2", m, n, s, got, want, excess)
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func newNNLS(t testing.TB, d kernel.NNLSDesign, isa string) kernel.Fitter {
	t.Helper()
	f, err := kernel.NewNNLS(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
