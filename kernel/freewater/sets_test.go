package freewater_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/freewater"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
)

func freeWaterOn(t testing.TB, s kerneltest.Scheme, method kernel.Method, isa string) kernel.Fitter {
	return freeWaterIn(t, s, method, isa, kernel.DefaultPrecision)
}

func freeWaterIn(t testing.TB, s kerneltest.Scheme, method kernel.Method, isa string, precision kernel.Precision) kernel.Fitter {
	design := waterDesign(s, method)
	design.Precision = precision
	f, err := freewater.New(design, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var precisions = []kernel.Precision{kernel.Mixed, kernel.Double}

func TestFreeWaterLanesAgreeWithThePortableFit(t *testing.T) {
	portable := kerneltest.PortableFit()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range kerneltest.Schemes() {
			signal := s.Hard(kerneltest.Voxels(2000), 1)
			want, wantStatus := portable(name, freeWaterOn(t, s, kernel.NLS, "generic"), signal)
			for _, precision := range precisions {
				got, gotStatus := kerneltest.FitAll(freeWaterIn(t, s, kernel.NLS, isa, precision), signal)
				agree(t, s, fmt.Sprintf("%s, %v", name, precision), signal, got, want, gotStatus, wantStatus)
			}
		}
	})
}

// agree compares fits of free water by NLS with the portable ones: they have the same status and the same minimum.
// Where the fit wants less and less tissue, there is no minimum, and it is chance where the fit ends.
func agree(t *testing.T, s kerneltest.Scheme, name string, signal, got, want []float64, gotStatus, wantStatus []kernel.Status) {
	t.Helper()
	steps, higher, apart := 0, 0.0, 0.0
	for v := range gotStatus {
		y, p, q := signal[v*s.N():][:s.N()], got[8*v:][:8], want[8*v:][:8]
		endless := q[7] > 1-1e-8 && p[7] > 1-1e-8 && q[7] < 1
		if gotStatus[v].Code != wantStatus[v].Code && !endless {
			t.Errorf("%s voxel %d: %v, portable %v; f %g and %g", name, v, gotStatus[v], wantStatus[v], p[7], q[7])
		}
		if gotStatus[v].Iterations != wantStatus[v].Iterations {
			steps++
		}
		if gotStatus[v].Code == kernel.NonFinite || s.Objective(y, q) == 0 {
			continue // nothing was fitted
		}
		above := s.Objective(y, p)/s.Objective(y, q) - 1
		if !(math.Abs(above) <= 1e-9 || endless && math.Abs(above) <= 1e-6) {
			t.Errorf("%s voxel %d: the sum of squares is %g above the portable fit's; %v and %v, f %g and %g", name, v, above, gotStatus[v], wantStatus[v], p[7], q[7])
		}
		higher, apart = max(higher, above), max(apart, math.Abs(p[7]-q[7]))
		if math.Abs(p[7]-q[7]) > 2e-6 {
			t.Errorf("%s voxel %d: f %.9f, the portable fit's %.9f, objectives %g apart", name, v, p[7], q[7], above)
		}
	}
	t.Logf("%s: %d numbers of steps differ; objective at most %.2g higher, f at most %.2g apart", name, steps, higher, apart)
}

// S0 is the signal that the fit predicts without diffusion weighting. In water, of which next to nothing is tissue,
// this is the mean b0 signal, whatever the intercept of the tissue is.
func TestFreeWaterS0IsTissueAndWaterTogether(t *testing.T) {
	s := kerneltest.NewScheme(4, 30, 1000, 2000)
	water := s.Signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000, 0)
	random := rand.New(rand.NewPCG(33, 1))
	signal := slices.Clone(water)
	for range kerneltest.Voxels(200) {
		for _, x := range water {
			signal = append(signal, math.Hypot(x+33*random.NormFloat64(), 33*random.NormFloat64()))
		}
	}
	for _, isa := range kernel.ISAs() {
		for _, method := range []kernel.Method{kernel.NLS, kernel.WLS} {
			for _, precision := range precisions {
				params, status := kerneltest.FitAll(freeWaterIn(t, s, method, isa, precision), signal)
				if status[0].Code != kernel.AllFreeWater || math.Abs(params[6]-1000) > 1e-9 || params[7] != 1 {
					t.Errorf("%s, %v, %v: water is %v, S0 %g, f %g", isa, method, precision, status[0].Code, params[6], params[7])
				}
				for v := range status {
					mean := 0.0
					for _, i := range s.B0s {
						mean += signal[v*s.N()+i] / float64(len(s.B0s))
					}
					if s0 := params[8*v+6]; math.Abs(s0/mean-1) > 0.15 {
						t.Errorf("%s, %v, %v, voxel %d: %v, S0 %g, the mean b0 signal is %g", isa, method, precision, v, status[v].Code, s0, mean)
					}
				}
			}
		}
	}
}

// Such voxels have many minima. Lanes end in the same one as the portable fit, except where rounding decides on DIPY's
// way. That is one voxel in a hundred at most, and the minimum is then lower as often as not.
func TestLanesEndAsThePortableFitWherePartOfTheWaterDecaysFaster(t *testing.T) {
	portable := kerneltest.PortableFit()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range kerneltest.Schemes() {
			if testing.Short() && s.N() > 100 { // every voxel is fitted twice, and in DIPY's way, too
				continue
			}
			voxels := kerneltest.Voxels(200)
			signal := s.FastDecay(voxels, 1)
			want, wantStatus := portable(name, freeWaterOn(t, s, kernel.NLS, "generic"), signal)
			for _, precision := range precisions {
				got, gotStatus := kerneltest.FitAll(freeWaterIn(t, s, kernel.NLS, isa, precision), signal)
				others, strange := 0, 0
				for v := range voxels {
					y := signal[v*s.N():][:s.N()]
					above := s.Objective(y, got[8*v:][:8])/s.Objective(y, want[8*v:][:8]) - 1
					if math.Abs(above) > 1e-6 {
						others++
					}
					if gotStatus[v].Code == kernel.NegativeEigenvalue || gotStatus[v].Code == kernel.Refit {
						strange++
					}
					if gotStatus[v].Code != wantStatus[v].Code && above == 0 {
						t.Errorf("%s, %v, voxel %d: %v, portable %v", name, precision, v, gotStatus[v], wantStatus[v])
					}
				}
				t.Logf("%s, %v: of %d voxels %d end elsewhere, %d in a tensor below zero or from another start", name, precision, voxels, others, strange)
				if others > 1+voxels/100 {
					t.Errorf("%s, %v: %d of %d voxels end elsewhere than the portable fit", name, precision, others, voxels)
				}
			}
		}
	})
}

// Where WLS has a fraction of 0.99 or more, its result is kept. Where the plain tensor diffuses like water, nothing
// else counts. Both hold in every voxel, although instruction sets decide most voxels without finding the fraction.
func TestLanesKeepTheFractionOfWLSWhereThePortableFitDoes(t *testing.T) {
	portable := kerneltest.PortableFit()
	voxels := kerneltest.Voxels(3000)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		seen := 0
		for name, s := range kerneltest.Schemes() {
			signal := s.Watery(voxels, 1)
			want, wantStatus := portable(name, freeWaterOn(t, s, kernel.NLS, "generic"), signal)
			linear, _ := kerneltest.FitAll(freeWaterOn(t, s, kernel.WLS, isa), signal)
			kept, water := 0, 0
			for v := range voxels {
				if f := linear[8*v+7]; f == 1 {
					water++
				} else if f >= 0.99 {
					kept++
				}
			}
			for _, precision := range precisions {
				got, gotStatus := kerneltest.FitAll(freeWaterIn(t, s, kernel.NLS, isa, precision), signal)
				agree(t, s, fmt.Sprintf("%s, %v", name, precision), signal, got, want, gotStatus, wantStatus)
			}
			t.Logf("%s: of %d voxels %d are water, %d keep the result of WLS", name, voxels, water, kept)
			seen += min(kept, water)
		}
		if seen == 0 {
			t.Error("no voxel tests the rules")
		}
	})
}

func TestFractionLanesEndOnTheGridPointOfThePortableFit(t *testing.T) {
	portable := kerneltest.PortableFit()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range kerneltest.Schemes() {
			voxels := kerneltest.Voxels(2000)
			signal := s.Hard(voxels, 5)
			want, wantStatus := portable(name, freeWaterOn(t, s, kernel.WLS, "generic"), signal)
			got, gotStatus := kerneltest.FitAll(freeWaterOn(t, s, kernel.WLS, isa), signal)
			worst := 0.0
			for v := range voxels {
				p, q := got[8*v:][:8], want[8*v:][:8]
				if gotStatus[v] != wantStatus[v] || p[7] != q[7] {
					t.Errorf("%s voxel %d: %v f %v, portable %v f %v", name, v, gotStatus[v], p[7], wantStatus[v], q[7])
				}
				largest := 1e-300
				for k := range 6 {
					largest = max(largest, math.Abs(q[k]))
				}
				for k := range 6 {
					worst = max(worst, math.Abs(p[k]-q[k])/largest)
				}
				worst = max(worst, math.Abs(p[6]-q[6])/max(q[6], 1e-300))
			}
			t.Logf("%s: tensors at most %.2g of the largest element apart", name, worst)
			if !(worst < 1e-7) {
				t.Errorf("%s: tensors %g apart", name, worst)
			}
		}
	})
}

// laneFitters returns the fitters that have kernels.
func laneFitters(t testing.TB, s kerneltest.Scheme, isa string) map[string]kernel.Fitter {
	return map[string]kernel.Fitter{
		"free water NLS":        freeWaterOn(t, s, kernel.NLS, isa),
		"free water NLS double": freeWaterIn(t, s, kernel.NLS, isa, kernel.Double),
		"free water WLS":        freeWaterOn(t, s, kernel.WLS, isa),
	}
}

// A voxel's bits stay the same for every number of voxels from 0 to 130, from every place in a block, forwards and
// backwards.
func TestLanesDoNotSeeTheirNeighbours(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		s := kerneltest.NewScheme(4, 15, 1000, 2000)
		const voxels = 260
		n, signal := s.N(), slices.Concat(s.Hard(voxels/2, 3), s.FastDecay(2, 3), s.Hard(voxels/2-2, 4))
		for name, f := range laneFitters(t, s, isa) {
			p := f.Parameters()
			want, wantStatus := kerneltest.FitAll(f, signal)
			worker := f.NewWorker()
			check := func(what string, got []float64, status []kernel.Status, first int) {
				t.Helper()
				for v := range status {
					if status[v] != wantStatus[first+v] || !slices.Equal(got[v*p:][:p], want[(first+v)*p:][:p]) {
						t.Fatalf("%s, %s: voxel %d is %v %v, in one call %v %v", name, what, first+v,
							status[v], got[v*p:][:p], wantStatus[first+v], want[(first+v)*p:][:p])
					}
				}
			}
			for _, count := range kerneltest.Sizes(0, 130) {
				first := count % (voxels - 130)
				got, status := make([]float64, count*p), make([]kernel.Status, count)
				worker.Fit64(got, status, signal[first*n:(first+count)*n])
				check("fewer voxels", got, status, first)
			}
			var turned []float64
			for v := range voxels {
				turned = append(turned, signal[(voxels-1-v)*n:][:n]...)
			}
			got, status := kerneltest.FitAll(f, turned)
			for v := range voxels {
				check("backwards", got[(voxels-1-v)*p:][:p], status[voxels-1-v:voxels-v], v)
			}
			single := make([]float32, len(signal))
			for i, v := range signal {
				single[i] = float32(v)
			}
			worker.Fit(got, status, single)
			check("float32", got, status, 0)
		}
	})
}

// Noise makes the queues of second starts long.
func TestLanesDoNotAllocate(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		s := kerneltest.NewScheme(4, 15, 1000, 2000)
		noise := slices.Concat(s.Hard(50, 4), s.Typical(kerneltest.Voxels(700), 3), s.Typical(kerneltest.Voxels(300), 30), s.Watery(kerneltest.Voxels(200), 4), s.FastDecay(30, 4))
		for name, f := range laneFitters(t, s, isa) {
			worker := f.NewWorker()
			voxels := len(noise) / s.N()
			params, status := make([]float64, voxels*f.Parameters()), make([]kernel.Status, voxels)
			if got := testing.AllocsPerRun(2, func() { worker.Fit64(params, status, noise) }); got != 0 {
				t.Errorf("%s: %v allocations for a call", name, got)
			}
		}
	})
}

// BenchmarkFreeWater fits voxels of a brain at several signal-to-noise ratios, in both precisions.
func BenchmarkFreeWater(b *testing.B) {
	s := kerneltest.NewScheme(18, 90, 1000, 2000, 3000)
	for _, snr := range []float64{30, 10, 5, 3} {
		for _, precision := range []kernel.Precision{kernel.Mixed, kernel.Double} {
			b.Run(fmt.Sprintf("SNR%g/%v", snr, precision), func(b *testing.B) {
				benchmarkBlock(b, s, s.Typical(4096, snr), func(isa string) kernel.Fitter {
					return freeWaterIn(b, s, kernel.NLS, isa, precision)
				})
			})
		}
	}
}

// BenchmarkFreeWaterFastDecay fits voxels of which most need a fit in DIPY's way, too.
func BenchmarkFreeWaterFastDecay(b *testing.B) {
	s := kerneltest.NewScheme(18, 90, 1000, 2000, 3000)
	benchmarkBlock(b, s, s.FastDecay(512, 1), func(isa string) kernel.Fitter { return freeWaterOn(b, s, kernel.NLS, isa) })
}

func BenchmarkFreeWaterWLS(b *testing.B) {
	s := kerneltest.NewScheme(18, 90, 1000, 2000, 3000)
	benchmarkLanes(b, s, func(isa string) kernel.Fitter { return freeWaterOn(b, s, kernel.WLS, isa) })
}

// benchmarkLanes reports the time per voxel of typical voxels on every instruction set.
func benchmarkLanes(b *testing.B, s kerneltest.Scheme, fitter func(isa string) kernel.Fitter) {
	benchmarkBlock(b, s, s.Typical(4096, 30), fitter)
}

func benchmarkBlock(b *testing.B, s kerneltest.Scheme, block []float64, fitter func(isa string) kernel.Fitter) {
	voxels := len(block) / s.N()
	signal := make([]float32, 0, len(block))
	for _, v := range block {
		signal = append(signal, float32(v))
	}
	for _, isa := range kernel.ISAs() {
		b.Run(isa, func(b *testing.B) {
			f := fitter(isa)
			w := f.NewWorker()
			params, status := make([]float64, f.Parameters()*voxels), make([]kernel.Status, voxels)
			for b.Loop() {
				w.Fit(params, status, signal)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N*voxels), "us/voxel")
		})
	}
}
