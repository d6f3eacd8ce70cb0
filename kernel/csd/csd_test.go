package csd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func newCSD(t testing.TB, d csd.Design) kernel.Fitter {
	t.Helper()
	f, err := csd.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// direct is the algorithm of Tournier 2007 with DIPY's decisions (or, where the design says so, MRtrix3's),
// written with whole matrices: H^T H is multiplied out.
func direct(d csd.Design, signal []float64) (f []float64, iterations int) {
	n := d.Coefficients
	x := mat.NewDense(len(d.Volumes), n, d.X)
	b := mat.NewDense(len(d.B)/n, n, d.B)
	s := mat.NewVecDense(len(d.Volumes), nil)
	for i, v := range d.Volumes {
		s.SetVec(i, signal[v])
		if d.FloorSignal {
			s.SetVec(i, max(signal[v], 0))
		}
	}
	var z, amplitudes mat.VecDense
	z.MulVec(x.T(), s)
	p := mat.NewSymDense(n, nil)
	p.SymOuterK(1, x.T())
	for i := range n {
		p.SetSym(i, i, p.At(i, i)+d.SolutionNorm)
	}
	solution, ok := solveSymmetric(p, &z)
	if !ok {
		for i := range n {
			p.SetSym(i, i, p.At(i, i)+1e-5)
		}
		solution, _ = solveSymmetric(p, &z)
	}
	start := mat.VecDenseCopyOf(solution.SliceVec(0, d.StartCoefficients))
	if d.Start != nil {
		start.MulVec(mat.NewDense(d.StartCoefficients, len(d.Volumes), d.Start), s)
	}
	threshold := d.B[0] * start.AtVec(0) * d.Tau
	below := func() []int {
		var rows []int
		for r := range amplitudes.Len() {
			if amplitudes.AtVec(r) < threshold {
				rows = append(rows, r)
			}
		}
		return rows
	}
	amplitudes.MulVec(b.Slice(0, len(d.B)/n, 0, d.StartCoefficients), start)
	active := below()
	if len(active) == 0 {
		amplitudes.MulVec(b, solution)
		if active = below(); len(active) == 0 {
			return solution.RawVector().Data, 0
		}
	}
	for iterations < d.MaxIterations {
		iterations++
		q := mat.NewSymDense(n, nil)
		q.CopySym(p)
		for _, r := range active { // no direction may be left; then q is P again
			q.SymRankOne(q, 1, mat.NewVecDense(n, b.RawRowView(r)))
		}
		solution, _ = solveSymmetric(q, &z)
		amplitudes.MulVec(b, solution)
		before := active
		if active = below(); slices.Equal(active, before) {
			break
		}
	}
	return solution.RawVector().Data, iterations
}

func solveSymmetric(a mat.Symmetric, z *mat.VecDense) (*mat.VecDense, bool) {
	var c mat.Cholesky
	var x mat.VecDense
	if !c.Factorize(a) {
		return nil, false
	}
	_ = c.SolveVecTo(&x, z) // gonum calls a poor condition an error; it is none here
	return &x, true
}

func TestCSDFollowsTheDirectAlgorithm(t *testing.T) {
	kerneltest.Portable(t)
	for _, c := range []struct{ lmax, directions, voxels int }{
		{2, 20, 50}, {4, 30, 100}, {6, 45, 100}, {8, 90, 200}, {10, 90, 50}, {12, 120, 30},
	} {
		g := kerneltest.ShellTable(t, c.directions)
		d := kerneltest.CSDDesign(t, g, c.lmax)
		f := newCSD(t, d)
		signal := kerneltest.Crossings(g, c.voxels, uint64(c.lmax))
		params, status := kerneltest.FitAll(f, signal)
		for v := range status {
			want, iterations := direct(d, signal[v*g.Len():][:g.Len()])
			got := params[v*d.Coefficients:][:d.Coefficients]
			if int(status[v].Iterations) != iterations || !(kerneltest.Relative(got, want) <= 1e-9) {
				t.Errorf("lmax %d voxel %d (%v): %d iterations, want %d; coefficients differ by %.2g",
					c.lmax, v, status[v].Code, status[v].Iterations, iterations, kerneltest.Relative(got, want))
			}
		}
	}
}

func TestCSDOfARandomDesignFollowsTheDirectAlgorithm(t *testing.T) {
	kerneltest.Portable(t)
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		lmax := 2 * rapid.IntRange(1, 4).Draw(t, "lmax/2")
		bvals, bvecs := []float64{0}, [][3]float64{{}}
		for range sh.Count(lmax) + rapid.IntRange(5, 60).Draw(t, "more directions than coefficients") {
			bvals, bvecs = append(bvals, 2000), append(bvecs, kerneltest.RandomAxis(rng))
		}
		vertices := make([][3]float64, rapid.IntRange(1, 200).Draw(t, "constrained directions"))
		for i := range vertices {
			vertices[i] = kerneltest.RandomAxis(rng)
		}
		g, _, err := acq.NewGradientTable(bvals, bvecs)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.NewCSD(g, kerneltest.FibreResponse, model.CSDOptions{
			LMax: lmax, Directions: vertices,
			Tau:           rapid.Float64Range(0.01, 1).Draw(t, "tau"),
			MaxIterations: rapid.IntRange(1, 60).Draw(t, "iterations"),
		})
		if err != nil {
			t.Fatal(err)
		}
		signal := kerneltest.Crossing(g, rng)
		params, status := kerneltest.FitAll(m.Fitter(), signal)
		want, iterations := direct(m.Design(), signal)
		// Both solve with H^T H, whose condition is the square of H's. Random directions may make it 1e10.
		condition := mat.Cond(mat.NewDense(len(m.Design().Volumes), m.Design().Coefficients, m.Design().X), 2)
		bound := 1e-9 + 5e-15*condition*condition
		if int(status[0].Iterations) != iterations || !(kerneltest.Relative(params, want) <= bound) {
			t.Fatalf("%v after %d iterations, want %d; coefficients differ by %.2g, want %.2g", status[0].Code, status[0].Iterations,
				iterations, kerneltest.Relative(params, want), bound)
		}
	})
}

func TestTwiceTheSignalGivesTwiceTheCoefficientsToTheBit(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	f := newCSD(t, kerneltest.CSDDesign(t, g, 8))
	rapid.Check(t, func(t *rapid.T) {
		signal := rapid.SliceOfN(rapid.Float64Range(-100, 1000), g.Len(), g.Len()).Draw(t, "signal")
		for i, s := range signal {
			if math.Abs(s) < 1e-30 {
				signal[i] = 0 // doubling must be exact
			}
		}
		doubled := make([]float64, len(signal))
		for i, s := range signal {
			doubled[i] = 2 * s
		}
		once, status := kerneltest.FitAll(f, signal)
		twice, statusTwice := kerneltest.FitAll(f, doubled)
		if status[0] != statusTwice[0] {
			t.Fatalf("%v, doubled %v", status[0], statusTwice[0])
		}
		for i := range once {
			if twice[i] != 2*once[i] {
				t.Fatalf("coefficient %d is %v, doubled %v", i, once[i], twice[i])
			}
		}
	})
}

func TestDistributionWithNothingToHoldDownNeedsNoIteration(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	f := newCSD(t, kerneltest.CSDDesign(t, g, 8))
	signal := make([]float64, g.Len())
	for i := range signal {
		signal[i] = 500
	}
	params, status := kerneltest.FitAll(f, signal)
	if status[0] != (kernel.Status{Code: kernel.OK}) {
		t.Errorf("a constant signal gives %+v, want OK after 0 iterations", status[0])
	}
	if !(params[0] > 0) || norm(params[1:]) > 1e-6*params[0] {
		t.Errorf("a constant signal gives coefficients %v, want a positive constant", params[:6])
	}
}

func TestSmoothDistributionWithNothingToHoldDownIsReplacedByTheFullOne(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := kerneltest.CSDDesign(t, g, 8)
	// Degree 6 alone goes below the threshold. The start, which ends at degree 4, does not.
	signal := make([]float64, g.Len())
	for i, v := range d.Volumes {
		signal[v] = 3*d.X[i*45] + 4*d.X[i*45+21]
	}
	want, iterations := direct(d, signal)
	params, status := kerneltest.FitAll(newCSD(t, d), signal)
	start := d
	start.StartCoefficients = 45
	_, fromFull := direct(start, signal)
	if iterations == 0 || iterations != fromFull {
		t.Fatalf("the case does not take the path that it is for: %d iterations, %d from the full start", iterations, fromFull)
	}
	if int(status[0].Iterations) != iterations || !(kerneltest.Relative(params, want) <= 1e-10) {
		t.Errorf("%+v, want %d iterations; coefficients differ by %.2g", status[0], iterations, kerneltest.Relative(params, want))
	}
}

func TestIterationLimitKeepsTheLastIterate(t *testing.T) {
	g := kerneltest.ShellTable(t, 90)
	d := kerneltest.CSDDesign(t, g, 8)
	d.MaxIterations = 2
	signal := kerneltest.Crossings(g, 1, 3)
	want, _ := direct(d, signal)
	params, status := kerneltest.FitAll(newCSD(t, d), signal)
	if status[0] != (kernel.Status{Code: kernel.MaxIterations, Iterations: 2}) || !(kerneltest.Relative(params, want) <= 1e-10) {
		t.Errorf("%+v, want MaxIterations after 2; coefficients differ by %.2g", status[0], kerneltest.Relative(params, want))
	}
}

func TestSetThatNeverSettlesStopsAfterFiftyIterationsAsInDIPY(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := kerneltest.CSDDesign(t, g, 8)
	f := newCSD(t, d)
	rng := rand.New(rand.NewPCG(5, 0))
	for range 40 {
		signal := make([]float64, g.Len())
		for i := range signal {
			signal[i] = rng.NormFloat64() * 100
		}
		want, iterations := direct(d, signal)
		if iterations < 50 {
			continue
		}
		params, status := kerneltest.FitAll(f, signal)
		if status[0] != (kernel.Status{Code: kernel.MaxIterations, Iterations: 50}) || !(kerneltest.Relative(params, want) <= 1e-10) {
			t.Errorf("%+v, want MaxIterations after 50; coefficients differ by %.2g", status[0], kerneltest.Relative(params, want))
		}
		return
	}
	t.Error("no voxel of noise kept changing for 50 iterations: the test needs another seed")
}

// withZeroColumn makes P singular: one coefficient contributes nothing to the signal.
func withZeroColumn(d csd.Design) csd.Design {
	d.X = slices.Clone(d.X)
	for i := range d.Volumes {
		d.X[i*d.Coefficients+d.Coefficients-1] = 0
	}
	return d
}

func TestNormalMatrixThatIsNotPositiveDefiniteGetsDIPYsDiagonal(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := withZeroColumn(kerneltest.CSDDesign(t, g, 8))
	signal := kerneltest.Crossings(g, 6, 8)
	params, status := kerneltest.FitAll(newCSD(t, d), signal)
	for v := range status {
		want, iterations := direct(d, signal[v*g.Len():][:g.Len()])
		if got := params[v*45:][:45]; status[v] != (kernel.Status{Code: kernel.OK, Iterations: uint16(iterations)}) || !(kerneltest.Relative(got, want) <= 1e-9) {
			t.Errorf("voxel %d: %+v, want OK after %d iterations; coefficients differ by %.2g", v, status[v], iterations, kerneltest.Relative(got, want))
		}
	}
}

// outweighed makes P so small beside the penalty that sums lose it. P + H^T H is then singular for sets of few
// directions.
func outweighed(d csd.Design, x, b float64) csd.Design {
	d.X, d.B = slices.Clone(d.X), slices.Clone(d.B)
	d.Gram.Rows = slices.Clone(d.Gram.Rows)
	for i := range d.X {
		d.X[i] *= x
	}
	for i := range d.B {
		d.B[i] *= b
	}
	for i := range d.Gram.Rows {
		d.Gram.Rows[i] *= b * b
	}
	return d
}

func TestIterationWithoutCholeskyFactorIsDoneWithALoadedDiagonal(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := outweighed(kerneltest.CSDDesign(t, g, 8), 1e-12, 1)
	d.Tau = -1 // few directions are below
	params, status := kerneltest.FitAll(newCSD(t, d), kerneltest.Crossings(g, 1, 9))
	if status[0].Code != kernel.NotPositiveDefinite || status[0].Iterations == 0 {
		t.Fatalf("%+v, want NotPositiveDefinite in an iteration", status[0])
	}
	for i, p := range params {
		if math.IsNaN(p) || math.IsInf(p, 0) || params[0] == 0 {
			t.Errorf("coefficient %d is %v, want the finite result of the loaded matrix", i, p)
		}
	}
}

func TestMatrixThatLoadingDoesNotHelpGivesZeros(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := outweighed(kerneltest.CSDDesign(t, g, 8), 1e-12, 1e9)
	d.Tau = -1
	params, status := kerneltest.FitAll(newCSD(t, d), kerneltest.Crossings(g, 1, 9))
	if status[0].Code != kernel.NotPositiveDefinite || slices.ContainsFunc(params, func(p float64) bool { return p != 0 }) {
		t.Errorf("%+v and coefficients %v, want NotPositiveDefinite and zeros", status[0], params[:3])
	}
}

func TestOddSignalsGetTheirCodeAndNeverHarmOthers(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	f := newCSD(t, kerneltest.CSDDesign(t, g, 8))
	good := kerneltest.Crossings(g, 1, 4)
	wantGood, wantStatus := kerneltest.FitAll(f, good)
	with := func(volume int, value float64) []float64 {
		s := slices.Clone(good)
		s[volume] = value
		return s
	}
	huge := slices.Clone(good)
	for i := range huge {
		huge[i] *= 1e305
	}
	for _, c := range []struct {
		name   string
		signal []float64
		code   kernel.Code
		zero   bool
	}{
		{"NaN", with(7, math.NaN()), kernel.NonFinite, true},
		{"infinity", with(7, math.Inf(1)), kernel.NonFinite, true},
		{"NaN and negative", with(7, math.Copysign(math.NaN(), -1)), kernel.NonFinite, true},
		{"beyond the range of sums", huge, kernel.Overflow, true},
		{"all zero", make([]float64, g.Len()), kernel.ZeroSignal, true},
		{"one negative", with(7, -1), kernel.NegativeSignal, false},
		{"NaN in a b0, which is not read", with(1, math.NaN()), kernel.OK, false},
	} {
		params, status := kerneltest.FitAll(f, slices.Concat(c.signal, good))
		if status[0].Code != c.code {
			t.Errorf("%s: %v, want %v", c.name, status[0].Code, c.code)
		}
		if zero := !slices.ContainsFunc(params[:45], func(p float64) bool { return p != 0 }); zero != c.zero {
			t.Errorf("%s: coefficients zero is %v, want %v", c.name, zero, c.zero)
		}
		if c.zero && status[0].Iterations != 0 {
			t.Errorf("%s: %d iterations, want 0", c.name, status[0].Iterations)
		}
		if !slices.Equal(params[45:], wantGood) || status[1] != wantStatus[0] {
			t.Errorf("%s: the voxel after it changed", c.name)
		}
	}
}

func TestResultDoesNotDependOnNeighboursOrCalls(t *testing.T) {
	kerneltest.Portable(t)
	g := kerneltest.ShellTable(t, 60)
	f := newCSD(t, kerneltest.CSDDesign(t, g, 8))
	n := 60
	signal := kerneltest.Crossings(g, n, 11)
	whole, wholeStatus := kerneltest.FitAll(f, signal)
	rapid.Check(t, func(t *rapid.T) {
		w := f.NewWorker()
		params, status := make([]float64, len(whole)), make([]kernel.Status, n)
		for begin := 0; begin < n; {
			end := begin + rapid.IntRange(0, n-begin).Draw(t, "voxels in a call")
			w.Fit64(params[begin*45:end*45], status[begin:end], signal[begin*g.Len():end*g.Len()])
			if end == begin {
				end++ // an empty call is allowed, but fits nothing
				w.Fit64(params[begin*45:end*45], status[begin:end], signal[begin*g.Len():end*g.Len()])
			}
			begin = end
		}
		if !slices.Equal(params, whole) || !slices.Equal(status, wholeStatus) {
			t.Fatal("results differ from those of one call")
		}
	})
}

func TestFloat32AndFloat64SignalsGiveTheSameBits(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	kerneltest.SameInFloat32(t, newCSD(t, kerneltest.CSDDesign(t, g, 8)), kerneltest.Crossings(g, 49, 12))
}

func TestFitOfCSDDoesNotAllocate(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	kerneltest.NoAllocations(t, newCSD(t, kerneltest.CSDDesign(t, g, 8)), kerneltest.Crossings(g, 49, 13))
}

func TestLengthsThatDoNotAgreeArePanics(t *testing.T) {
	f := newCSD(t, kerneltest.CSDDesign(t, kerneltest.ShellTable(t, 60), 8))
	for _, c := range []struct{ params, status, signal int }{{44, 1, 62}, {45, 1, 61}, {45, 2, 62}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", c)
				}
			}()
			f.NewWorker().Fit(make([]float64, c.params), make([]kernel.Status, c.status), make([]float32, c.signal))
		}()
	}
}

func TestDesignErrorsNameTheField(t *testing.T) {
	good := kerneltest.CSDDesign(t, kerneltest.ShellTable(t, 60), 8)
	for _, c := range []struct {
		want  string
		spoil func(d *csd.Design)
	}{
		{"Coefficients is 0", func(d *csd.Design) { d.Coefficients = 0 }},
		{"Volumes is empty", func(d *csd.Design) { d.Volumes = nil }},
		{"Volumes[3] is 62", func(d *csd.Design) { d.Volumes = slices.Clone(d.Volumes); d.Volumes[3] = 62 }},
		{"X has 2699 values", func(d *csd.Design) { d.X = d.X[1:] }},
		{"X[5] is NaN", func(d *csd.Design) { d.X = slices.Clone(d.X); d.X[5] = math.NaN() }},
		{"B has 8144 values", func(d *csd.Design) { d.B = d.B[1:] }},
		{"B[0] is +Inf", func(d *csd.Design) { d.B = slices.Clone(d.B); d.B[0] = math.Inf(1) }},
		{"StartCoefficients is 46", func(d *csd.Design) { d.StartCoefficients = 46 }},
		{"Tau is NaN", func(d *csd.Design) { d.Tau = math.NaN() }},
		{"MaxIterations is 0", func(d *csd.Design) { d.MaxIterations = 0 }},
		{"MaxIterations is 70000", func(d *csd.Design) { d.MaxIterations = 70000 }},
		{"Gram.Rows has 29321 values", func(d *csd.Design) { d.Gram.Rows = d.Gram.Rows[1:] }},
		{"Gram.Rows[1] is NaN", func(d *csd.Design) {
			d.Gram.Rows = slices.Clone(d.Gram.Rows)
			d.Gram.Rows[1] = math.NaN()
		}},
		{"no record gives entry", func(d *csd.Design) { d.Gram.Singles = d.Gram.Singles[1:] }},
		{"Quads[2]: moments", func(d *csd.Design) { d.Gram.Quads = slices.Clone(d.Gram.Quads); d.Gram.Quads[2].Sum = 81 }},
		{"Pairs[0]: entry -1", func(d *csd.Design) { d.Gram.Pairs = slices.Clone(d.Gram.Pairs); d.Gram.Pairs[0].Sin = -1 }},
		{"Singles[1]: coefficients", func(d *csd.Design) {
			d.Gram.Singles = slices.Clone(d.Gram.Singles)
			d.Gram.Singles[1].Coefficients = 1e6
		}},
		{"Gram does not belong to B", func(d *csd.Design) { d.B = slices.Clone(d.B); d.B[100] *= 1.001 }},
	} {
		d := good
		c.spoil(&d)
		if _, err := csd.New(d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
}

func BenchmarkCSD(b *testing.B) {
	for _, c := range []struct{ lmax, directions int }{{4, 30}, {6, 60}, {8, 60}, {8, 270}, {10, 120}, {12, 120}} {
		b.Run(fmt.Sprintf("lmax=%d/directions=%d", c.lmax, c.directions), func(b *testing.B) {
			g := kerneltest.ShellTable(b, c.directions)
			rng := rand.New(rand.NewPCG(1, 1))
			var signal []float64
			n := 64
			for range n {
				signal = append(signal, kerneltest.Crossing(g, rng)...)
			}
			f := newCSD(b, kerneltest.CSDDesign(b, g, c.lmax))
			w := f.NewWorker()
			params, status := make([]float64, n*f.Parameters()), make([]kernel.Status, n)
			for b.Loop() {
				w.Fit64(params, status, signal)
			}
			iterations := 0
			for _, s := range status {
				iterations += int(s.Iterations)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "us/voxel")
			b.ReportMetric(float64(iterations)/float64(n), "iterations/voxel")
			b.ReportMetric(0, "ns/op")
		})
	}
}
