package nnls_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/nnls"
)

// nnlsProblems is several problems with one matrix.
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

// randomProblems returns count problems with several matrices of a kind. Every third y lies in the cone, and every
// ninth is a multiple of one column.
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

// squares returns |A x - y|^2.
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

// gradientAt says how far a solution is from the conditions of the minimum, by their definition. It is the largest
// product of a column with y - A x, by magnitude where x is positive, over the lengths of the column and of y.
func gradientAt(a []float64, m, n int, x, y []float64) float64 {
	worst, length := 0.0, math.Sqrt(dot(y, y))
	for j := range n {
		product, square := 0.0, 0.0
		for i := range m {
			row := a[i*n:][:n]
			product += row[j] * (y[i] - dot(row, x))
			square += row[j] * row[j]
		}
		if x[j] > 0 {
			product = math.Abs(product)
		}
		if square > 0 {
			worst = max(worst, product/(math.Sqrt(square)*length))
		}
	}
	return worst
}

// A problem that scipy does not solve must satisfy the conditions of the minimum alone.
func TestNNLSReachesScipysObjective(t *testing.T) {
	peer.Slow(t)
	const matrices, each = 38, 30 // of nine kinds: 10,260 problems, of which 10,104 have a y that is not zero
	for kind := range nnlsKinds {
		t.Run(nnlsKinds[kind].name, func(t *testing.T) {
			tallies := map[string]*nnlsTally{"NNLS": {}}
			precisions := []kernel.Precision{kernel.Mixed, kernel.Double}
			for _, isa := range kernel.ISAs() {
				for _, precision := range precisions {
					tallies[isa+" "+precision.String()] = &nnlsTally{}
				}
			}
			for _, p := range randomProblems(kind, matrices, each) {
				theirs := peer.DIPY(t, "nnls", peer.Arrays{"a": peer.Matrix(p.a, p.n), "y": peer.Matrix(p.signals, p.m)}, nil)["x"]
				for _, isa := range kernel.ISAs() {
					for _, precision := range precisions {
						f := newNNLS(t, nnls.Design{Measurements: p.m, Unknowns: p.n, A: p.a, Precision: precision}, isa)
						params, status := kerneltest.FitAll(f, p.signals)
						for v, s := range status {
							row := params[v*f.Parameters():][:f.Parameters()]
							tallies[isa+" "+precision.String()].note(t, p.a, row[:p.n], p.signals[v*p.m:][:p.m], theirs.Row(v), row[p.n], row[p.n+1], s)
						}
					}
				}
				for v := range theirs.Shape[0] {
					y := p.signals[v*p.m:][:p.m]
					x, residual, err := nnls.Solve(p.a, p.m, p.n, y)
					if err != nil {
						t.Errorf("NNLS: %v", err)
					}
					tallies["NNLS"].note(t, p.a, x, y, theirs.Row(v), residual, 0, kernel.Status{})
				}
			}
			for name, y := range tallies {
				t.Logf("parity: %s, %s: objective above scipy's by at most %.2g of |y|^2 in %d problems (%d by reflections; lower by more than 1e-10 in %d; scipy gave up on %d more), KKT residual at most %.2g, found to be %.2g",
					nnlsKinds[kind].name, name, y.worst, y.problems, y.refits, y.lower, y.unsolved, y.kkt, y.gradient)
			}
		})
	}
}

type nnlsTally struct {
	problems, refits, lower, unsolved int
	worst, kkt, gradient              float64
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
	gradient := gradientAt(a, m, n, x, y)
	c.kkt, c.gradient = max(c.kkt, kkt), max(c.gradient, gradient)
	if !(kkt <= 1e-10 && gradient <= 1e-10) {
		t.Errorf("%d x %d: %+v: KKT residual %.3g, found to be %.3g", m, n, s, kkt, gradient)
	}
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

func newNNLS(t testing.TB, d nnls.Design, isa string) kernel.Fitter {
	t.Helper()
	f, err := nnls.New(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// nnlsObjective returns the objective of a design.
func nnlsObjective(d nnls.Design, x, y []float64) float64 {
	sum := squares(d.A, d.Measurements, d.Unknowns, x, y) / 2
	for _, v := range x {
		sum += d.L1*v + d.L2/2*v*v
	}
	return sum
}

func TestEverySetSolvesProblemsOfAnySize(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, size := range kerneltest.Sizes(1, 130) {
		for _, d := range []nnls.Design{
			{Measurements: size, Unknowns: 1 + rng.IntN(60)},
			{Measurements: 1 + rng.IntN(60), Unknowns: size},
			{Measurements: size, Unknowns: 1 + rng.IntN(60), L1: 3},
			{Measurements: 1 + rng.IntN(60), Unknowns: size, L1: 1, L2: 0.5},
		} {
			d.A = normalMatrix(rng, d.Measurements, d.Unknowns)
			signal := normalMatrix(rng, 11, d.Measurements)
			reference := newNNLS(t, d, "generic")
			want, wantStatus := kerneltest.FitAll(reference, signal)
			n := reference.Parameters()
			for _, isa := range kernel.ISAs() {
				d.Precision = kernel.Precision(rng.IntN(3)) // every precision sooner or later
				got, status := kerneltest.FitAll(newNNLS(t, d, isa), signal)
				for v := range status {
					y := signal[v*d.Measurements:][:d.Measurements]
					least, reached := nnlsObjective(d, want[v*n:][:d.Unknowns], y), nnlsObjective(d, got[v*n:][:d.Unknowns], y)
					if !(math.Abs(reached-least) <= 1e-12*dot(y, y)) {
						t.Errorf("%s: %d x %d, L1 %g, L2 %g: %+v: objective %g, the reference has %g", isa, d.Measurements, d.Unknowns, d.L1, d.L2, status[v], reached, least)
					}
					if status[v].Code == kernel.OK && wantStatus[v].Code == kernel.OK && status[v] != wantStatus[v] {
						t.Errorf("%s: %d x %d: %+v, the reference has %+v", isa, d.Measurements, d.Unknowns, status[v], wantStatus[v])
					}
				}
				for v, s := range status {
					if kkt := got[(v+1)*n-1]; s.Code != kernel.OK && s.Code != kernel.Refit || !(kkt <= 1e-10) {
						t.Errorf("%s: %d x %d: %+v, KKT residual %g", isa, d.Measurements, d.Unknowns, s, kkt)
					}
				}
			}
		}
	}
}

// The KKT conditions are sufficient. So they are all that must be checked, by their definition.
func TestPenalisedNNLSIsAtItsMinimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 5))
	for range 200 {
		d := nnls.Design{Measurements: 1 + rng.IntN(30), Unknowns: 1 + rng.IntN(40), L1: 3 * rng.Float64(), L2: rng.Float64()}
		d.A = normalMatrix(rng, d.Measurements, d.Unknowns)
		signal := normalMatrix(rng, 9, d.Measurements)
		for _, isa := range kernel.ISAs() {
			f := newNNLS(t, d, isa)
			params, _ := kerneltest.FitAll(f, signal)
			for v := range 9 {
				x, y := params[v*f.Parameters():][:d.Unknowns], signal[v*d.Measurements:][:d.Measurements]
				for j := range d.Unknowns {
					gradient := d.L1 + d.L2*x[j]
					for i := range y {
						gradient += d.A[i*d.Unknowns+j] * (dot(d.A[i*d.Unknowns:][:d.Unknowns], x) - y[i])
					}
					if gradient < -1e-9 || x[j] > 0 && gradient > 1e-9 || x[j] < 0 {
						t.Fatalf("%s: %d x %d: x[%d] is %g, the gradient there %g", isa, d.Measurements, d.Unknowns, j, x[j], gradient)
					}
				}
			}
		}
	}
}

func TestNNLSDoesNotDependOnTheUnitsOfTheUnknowns(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 5))
	const m, n = 20, 12
	a, signal := normalMatrix(rng, m, n), normalMatrix(rng, 30, m)
	units := make([]float64, n)
	scaled := slices.Clone(a)
	for j := range units {
		units[j] = math.Pow(10, 24*rng.Float64()-12)
		for i := range m {
			scaled[i*n+j] *= units[j]
		}
	}
	for _, isa := range kernel.ISAs() {
		f := newNNLS(t, nnls.Design{Measurements: m, Unknowns: n, A: a}, isa)
		want, _ := kerneltest.FitAll(f, signal)
		got, status := kerneltest.FitAll(newNNLS(t, nnls.Design{Measurements: m, Unknowns: n, A: scaled}, isa), signal)
		for v := range status {
			for j, unit := range units {
				if w, g := want[v*f.Parameters()+j], got[v*f.Parameters()+j]*unit; math.Abs(g-w) > 1e-11 {
					t.Errorf("%s: voxel %d: %+v: x[%d] is %.15g, in other units %.15g", isa, v, status[v], j, w, g)
				}
			}
		}
	}
}

func TestNNLSDoesNotDependOnNeighboursOrCalls(t *testing.T) {
	for kind := range nnlsKinds {
		for _, p := range randomProblems(kind, 6, 40) {
			for _, isa := range kernel.ISAs() {
				f := newNNLS(t, nnls.Design{Measurements: p.m, Unknowns: p.n, A: p.a}, isa)
				signal := slices.Clone(p.signals)
				signal[0] = math.NaN()
				clear(signal[7*p.m : 8*p.m])
				t.Run(isa+"/"+p.kind, func(t *testing.T) { kerneltest.CallsOfAnySize(t, f, signal, kerneltest.Sizes(0, 39)) })
				_, status := kerneltest.FitAll(f, signal)
				if status[0].Code != kernel.NonFinite || status[7].Code != kernel.ZeroSignal {
					t.Errorf("%s, %s: NaN gives %v and zeros give %v", p.kind, isa, status[0].Code, status[7].Code)
				}
			}
		}
	}
}

func TestFitOfNNLSDoesNotAllocate(t *testing.T) {
	for kind := range nnlsKinds {
		for _, p := range randomProblems(kind, 2, 20) {
			for _, isa := range kernel.ISAs() {
				f := newNNLS(t, nnls.Design{Measurements: p.m, Unknowns: p.n, A: p.a}, isa)
				t.Run(isa+"/"+p.kind, func(t *testing.T) { kerneltest.NoAllocations(t, f, p.signals) })
			}
		}
	}
}

func TestProblemsThatNNLSCannotTakeAreErrors(t *testing.T) {
	a := []float64{1, 2, 3, 4, 5, 6}
	for field, call := range map[string]func() error{
		"Measurements": func() error { _, err := nnls.New(nnls.Design{Unknowns: 2, A: a}); return err },
		"Unknowns":     func() error { _, err := nnls.New(nnls.Design{Measurements: 3, A: a}); return err },
		"6 values": func() error {
			_, err := nnls.New(nnls.Design{Measurements: 2, Unknowns: 2, A: a})
			return err
		},
		"L1": func() error {
			_, err := nnls.New(nnls.Design{Measurements: 3, Unknowns: 2, A: a, L1: math.NaN()})
			return err
		},
		"L2": func() error {
			_, err := nnls.New(nnls.Design{Measurements: 3, Unknowns: 2, A: a, L2: -1})
			return err
		},
		"instruction": func() error {
			_, err := nnls.New(nnls.Design{Measurements: 3, Unknowns: 2, A: a}, kernel.WithISA("abacus"))
			return err
		},
		"y has 2": func() error { _, _, err := nnls.Solve(a, 3, 2, []float64{1, 2}); return err },
		"A[1]":    func() error { _, _, err := nnls.Solve([]float64{1, math.Inf(1)}, 1, 2, []float64{1}); return err },
		"y[0]":    func() error { _, _, err := nnls.Solve([]float64{1}, 1, 1, []float64{math.NaN()}); return err },
		"columns": func() error { _, _, err := nnls.Solve(nil, 1, 0, []float64{1}); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}
