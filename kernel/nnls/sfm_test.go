package nnls_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/nnls"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

var sfmSolvers = []model.Solver{model.NNLS, model.ElasticNet}

func sfmDesign(t testing.TB, g *acq.GradientTable, solver model.Solver) nnls.SFMDesign {
	t.Helper()
	m, err := model.NewSFM(g, model.SFMOptions{Solver: solver})
	if err != nil {
		t.Fatal(err)
	}
	return m.Design()
}

func newSFMOn(t testing.TB, d nnls.SFMDesign, isa string) kernel.Fitter {
	t.Helper()
	f, err := nnls.NewSFM(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// forEachSFM runs a test for each solver and precision on every set, on the study's protocol with some odd voxels.
func forEachSFM(t *testing.T, voxels int, test func(t *testing.T, d nnls.SFMDesign, isa string, signal []float64)) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(voxels))
	for _, solver := range sfmSolvers {
		for _, precision := range []kernel.Precision{kernel.Mixed, kernel.Double} {
			d := sfmDesign(t, g, solver)
			d.Precision = precision
			t.Run(fmt.Sprintf("%v/%v", solver, precision), func(t *testing.T) {
				kerneltest.ForEachISA(t, func(t *testing.T, isa string) { test(t, d, isa, signal) })
			})
		}
	}
}

// kktOf returns how far a voxel's parameters are from the minimum, by the definition of the conditions.
func kktOf(d nnls.SFMDesign, row, signal []float64) float64 {
	n, m := d.Directions, len(d.Volumes)
	s0, isotropic := row[n], row[n+1]
	rest, mean := make([]float64, m), 0.0 // y - A w, with an intercept its deviations from the mean
	y, yMean := make([]float64, m), 0.0
	for i, v := range d.Volumes {
		y[i] = signal[v]/s0 - isotropic
		rest[i] = y[i] - dot(d.A[i*n:][:n], row[:n])
		mean += rest[i] / float64(m)
		yMean += y[i] / float64(m)
	}
	if !d.Intercept {
		mean, yMean = 0, 0
	}
	worst, scale := 0.0, 0.0
	for j := range n {
		gradient, b := 0.0, 0.0
		for i := range m {
			gradient += d.A[i*n+j] * (rest[i] - mean)
			b += d.A[i*n+j] * (y[i] - yMean)
		}
		gradient -= d.L1 + d.L2*row[j]
		if row[j] > 0 {
			gradient = math.Abs(gradient)
		}
		worst, scale = max(worst, gradient), max(scale, b)
	}
	if scale == 0 {
		return 0
	}
	return worst / scale
}

func TestSFMIsAtTheMinimumInEveryVoxel(t *testing.T) {
	forEachSFM(t, 400, func(t *testing.T, d nnls.SFMDesign, isa string, signal []float64) {
		f := newSFMOn(t, d, isa)
		params, status := kerneltest.FitAll(f, signal)
		fitted := 0
		for v, s := range status {
			row, voxel := params[v*f.Parameters():][:f.Parameters()], signal[v*d.Measurements:][:d.Measurements]
			switch s.Code {
			case kernel.NonFinite, kernel.Overflow, kernel.ZeroSignal:
				if slices.ContainsFunc(row, func(x float64) bool { return x != 0 }) {
					t.Errorf("voxel %d: %+v with parameters that are not zero", v, s)
				}
				continue
			case kernel.MaxIterations:
				t.Errorf("voxel %d: %+v", v, s)
			}
			if row[d.Directions+1] < 1e-3 && s.Code == kernel.NegativeSignal {
				continue // all negative: nothing can be said relative to the rounding of y
			}
			fitted++
			if kkt := kktOf(d, row, voxel); !(kkt <= 1e-9) || !(row[d.Directions+3] <= 1e-10) {
				t.Errorf("voxel %d (kind %d): %+v: KKT residual %.3g, told %.3g", v, v%5*100+v/5%11, s, kkt, row[d.Directions+3])
			}
			squares := 0.0
			for i, volume := range d.Volumes {
				r := voxel[volume]/row[d.Directions] - row[d.Directions+1] - dot(d.A[i*d.Directions:][:d.Directions], row[:d.Directions])
				squares += r * r / float64(len(d.Volumes))
			}
			if want := math.Sqrt(squares); math.Abs(row[d.Directions+2]-want) > 1e-7*want+1e-13 {
				t.Errorf("voxel %d: %+v: residual %.10g, is %.10g", v, s, row[d.Directions+2], want)
			}
		}
		if fitted < len(status)*33/40 {
			t.Errorf("%d voxels were fitted, expected nearly all but the zero ones and those not finite", fitted)
		}
	})
}

// In single precision, another of two columns that are nearly as good may enter first. The way then has another length,
// in at most one voxel of a hundred, and leads to the same weights.
func TestEverySetFindsTheReferencesWeights(t *testing.T) {
	forEachSFM(t, 1100, func(t *testing.T, d nnls.SFMDesign, isa string, signal []float64) {
		want, wantStatus := kerneltest.FitAll(newSFMOn(t, d, "generic"), signal)
		got, status := kerneltest.FitAll(newSFMOn(t, d, isa), signal)
		n, worst, others, allowed := d.Directions+nnls.SFMExtra, 0.0, 0, 0
		if d.Precision == kernel.Mixed {
			allowed = max(1, len(status)/100)
		}
		for v := range status {
			if status[v].Iterations != wantStatus[v].Iterations {
				others++
			}
			if status[v].Code != wantStatus[v].Code || others > allowed {
				t.Errorf("voxel %d (kind %d): %+v, want %+v", v, v%5*100+v/5%11, status[v], wantStatus[v])
			}
			worst = max(worst, kerneltest.Relative(got[v*n:][:n-2], want[v*n:][:n-2]))
		}
		t.Logf("weights differ by up to %.2g of the largest parameter; %d voxels took another number of entries", worst, others)
		if !(worst <= 1e-9) {
			t.Errorf("parameters differ by %.3g", worst)
		}
	})
}

// A volume to which no row belongs may hold anything. One to which two rows belong counts twice.
func TestSFMReadsTheVolumesThatTheDesignLists(t *testing.T) {
	g := kerneltest.ShellTable(t, 40)
	d := sfmDesign(t, g, model.NNLS)
	twice := d
	twice.Volumes = append(slices.Clone(d.Volumes[3:]), d.Volumes[7])
	twice.A = append(slices.Clone(d.A[3*d.Directions:]), d.A[7*d.Directions:8*d.Directions]...)
	signal := kerneltest.Crossings(g, 25, 9)
	spoilt := slices.Clone(signal)
	for v := range 25 {
		spoilt[v*d.Measurements+d.Volumes[1]] = math.NaN()
	}
	want, wantStatus := kerneltest.FitAll(newSFMOn(t, twice, "generic"), signal)
	for _, isa := range kernel.ISAs() {
		for _, precision := range []kernel.Precision{kernel.Mixed, kernel.Double} {
			twice.Precision = precision
			got, status := kerneltest.FitAll(newSFMOn(t, twice, isa), spoilt)
			n := d.Directions + nnls.SFMExtra
			for v := range status {
				if e := kerneltest.Relative(got[v*n:][:n-2], want[v*n:][:n-2]); status[v].Code != wantStatus[v].Code || !(e <= 1e-9) {
					t.Errorf("%s, %v: voxel %d: %+v, want %+v; parameters differ by %.3g", isa, precision, v, status[v], wantStatus[v], e)
				}
			}
		}
	}
}

func TestSFMDoesNotDependOnNeighboursOrCalls(t *testing.T) {
	forEachSFM(t, 260, func(t *testing.T, d nnls.SFMDesign, isa string, signal []float64) {
		f := newSFMOn(t, d, isa)
		kerneltest.CallsOfAnySize(t, f, signal, kerneltest.Sizes(0, len(signal)/f.Measurements()/2))
		kerneltest.OrderOfVoxels(t, f, signal)
	})
}

func TestSFMOfFloat32AndFloat64SignalsGivesTheSameBits(t *testing.T) {
	g, signal := kerneltest.Study(t, 120)
	d := sfmDesign(t, g, model.NNLS)
	for _, isa := range kernel.ISAs() {
		t.Run(isa, func(t *testing.T) { kerneltest.SameInFloat32(t, newSFMOn(t, d, isa), signal) })
	}
}

func TestFitOfSFMDoesNotAllocate(t *testing.T) {
	g, signal := kerneltest.Study(t, 55) // some of them are solved by the orthogonal method
	for _, solver := range sfmSolvers {
		d := sfmDesign(t, g, solver)
		for _, isa := range kernel.ISAs() {
			t.Run(fmt.Sprintf("%v/%s", solver, isa), func(t *testing.T) { kerneltest.NoAllocations(t, newSFMOn(t, d, isa), signal) })
		}
	}
}

func TestOddSignalsOfSFMGetTheirCode(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := sfmDesign(t, g, model.NNLS)
	usual := kerneltest.Crossings(g, 1, 3)
	for _, c := range []struct {
		what  string
		spoil func(voxel []float64)
		code  kernel.Code
		zero  bool
	}{
		{"usual", func([]float64) {}, kernel.OK, false},
		{"NaN at b = 0", func(v []float64) { v[0] = math.NaN() }, kernel.NonFinite, true},
		{"NaN", func(v []float64) { v[30] = math.NaN() }, kernel.NonFinite, true},
		{"infinite", func(v []float64) { v[30] = math.Inf(-1) }, kernel.NonFinite, true},
		{"squares overflow", func(v []float64) { v[30] = 1e200 }, kernel.Overflow, true},
		{"zero", func(v []float64) { clear(v) }, kernel.ZeroSignal, true},
		{"zero at b = 0", func(v []float64) { v[0], v[1] = 0, 0 }, kernel.ZeroSignal, true},
		{"negative at b = 0", func(v []float64) { v[0], v[1] = -500, 100 }, kernel.ZeroSignal, true},
		{"too small at b = 0", func(v []float64) { v[0], v[1] = 5e-324, 5e-324 }, kernel.Overflow, true},
		{"one negative at b = 0", func(v []float64) { v[0] = -1 }, kernel.NegativeSignal, false},
		{"negative", func(v []float64) { v[30] = -5 }, kernel.NegativeSignal, false},
		{"nothing but b = 0", func(v []float64) { clear(v[2:]) }, kernel.ZeroSignal, true},
	} {
		for _, isa := range kernel.ISAs() {
			voxel := slices.Clone(usual)
			c.spoil(voxel)
			// Usual voxels beside it.
			params, status := kerneltest.FitAll(newSFMOn(t, d, isa), slices.Concat(usual, voxel, usual))
			n := len(params) / 3
			if status[1].Code != c.code {
				t.Errorf("%s, %s: %v, want %v", c.what, isa, status[1].Code, c.code)
			}
			row := params[n : 2*n]
			if zero := !slices.ContainsFunc(row, func(x float64) bool { return x != 0 }); zero != c.zero {
				t.Errorf("%s, %s: parameters are zero: %v, want %v", c.what, isa, zero, c.zero)
			}
			if slices.ContainsFunc(row, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
				t.Errorf("%s, %s: parameters are not finite", c.what, isa)
			}
			if status[0].Code != kernel.OK || status[0] != status[2] || !slices.Equal(params[:n], params[2*n:]) {
				t.Errorf("%s, %s: the voxels beside it have changed", c.what, isa)
			}
		}
	}
}

func TestSFMOfAnyAcquisitionIsAtTheMinimum(t *testing.T) {
	for _, directions := range kerneltest.Some([]int{1, 2, 6, 15, 30, 64, 200, 600}) {
		g := kerneltest.ShellTable(t, directions)
		signal := kerneltest.Crossings(g, kerneltest.Crossed(49), uint64(directions))
		for _, solver := range sfmSolvers {
			d := sfmDesign(t, g, solver)
			for _, isa := range kernel.ISAs() {
				f := newSFMOn(t, d, isa)
				params, status := kerneltest.FitAll(f, signal)
				refits := 0
				for v, s := range status {
					if s.Code == kernel.MaxIterations {
						t.Errorf("%d directions, %v, %s: voxel %d: %+v", directions, solver, isa, v, s)
					}
					if s.Code == kernel.Refit {
						refits++
					}
					if kkt := params[(v+1)*f.Parameters()-1]; !(kkt <= 1e-9) {
						t.Errorf("%d directions, %v, %s: voxel %d: %+v: KKT residual %.3g", directions, solver, isa, v, s, kkt)
					}
				}
				t.Logf("%d directions, %v, %s: %d of %d voxels by reflections", directions, solver, isa, refits, len(status))
			}
		}
	}
}

func TestErrorsOfSFMDesignsNameTheField(t *testing.T) {
	g := kerneltest.ShellTable(t, 20)
	for field, spoil := range map[string]func(d *nnls.SFMDesign){
		"B0s":        func(d *nnls.SFMDesign) { d.B0s = nil },
		"B0s[0]":     func(d *nnls.SFMDesign) { d.B0s = []int{d.Measurements} },
		"Volumes":    func(d *nnls.SFMDesign) { d.Volumes = nil },
		"Volumes[1]": func(d *nnls.SFMDesign) { d.Volumes = slices.Clone(d.Volumes); d.Volumes[1] = -1 },
		"Directions": func(d *nnls.SFMDesign) { d.Directions = 0 },
		"field A":    func(d *nnls.SFMDesign) { d.A = d.A[1:] },
		"A[3]":       func(d *nnls.SFMDesign) { d.A = slices.Clone(d.A); d.A[3] = math.NaN() },
		"Precision":  func(d *nnls.SFMDesign) { d.Precision = 9 },
		"L1":         func(d *nnls.SFMDesign) { d.L1 = -1 },
		"L2":         func(d *nnls.SFMDesign) { d.L2 = math.Inf(1) },
	} {
		d := sfmDesign(t, g, model.ElasticNet)
		spoil(&d)
		if _, err := nnls.NewSFM(d); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}

// BenchmarkSFM is the published study's protocol: 270 diffusion-weighted measurements, 181 directions.
func BenchmarkSFM(b *testing.B) {
	const n = 2048
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: 30, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, solver := range sfmSolvers {
		d := sfmDesign(b, p.Gradients, solver)
		for _, isa := range kernel.ISAs() {
			b.Run(fmt.Sprintf("%v/%s", solver, isa), func(b *testing.B) {
				f := newSFMOn(b, d, isa)
				w := f.NewWorker()
				params, status := make([]float64, n*f.Parameters()), make([]kernel.Status, n)
				for b.Loop() {
					w.Fit(params, status, p.Signal)
				}
				entries, refits := 0, 0
				for _, s := range status {
					entries += int(s.Iterations)
					if s.Code == kernel.Refit {
						refits++
					}
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "us/voxel")
				b.ReportMetric(float64(entries)/n, "entries/voxel")
				b.ReportMetric(float64(refits), "refits")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
