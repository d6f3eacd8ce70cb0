package peaks_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
)

func newPeakFinderOn(t testing.TB, d peaks.Design, isa string) *peaks.Finder {
	t.Helper()
	f, err := peaks.NewFinder(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// oddFunctions spoils some of many functions. They become zero, constant, negative, tiny, huge or not finite, or get
// ties.
func oddFunctions(functions []float64, count int) {
	for v := 0; v < len(functions)/count; v += 3 {
		f := functions[v*count:][:count]
		switch v / 3 % 12 {
		case 0:
			clear(f)
		case 1:
			clear(f[1:])
		case 2:
			f[0] = -1
			clear(f[1:])
		case 3:
			f[count-1] = math.NaN()
		case 4:
			f[0] = math.Inf(1)
		case 5, 6, 7, 8:
			scale := []float64{1e-300, 1e-25, 1e15, 1e200}[v/3%12-5]
			for i := range f {
				f[i] *= scale
			}
		case 9:
			f[0] += 100
		case 10:
			f[0] -= 100
		case 11:
			copy(f, functions[:count]) // a copy of another
		}
	}
}

// peakCases are designs with functions for them.
func peakCases(t testing.TB) map[string]struct {
	design    peaks.Design
	functions []float64
} {
	type peakCase = struct {
		design    peaks.Design
		functions []float64
	}
	cases := map[string]peakCase{}
	whole := sh.Symmetric362()
	small, err := sh.NewHemisphere("small", [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0.8, 0}})
	if err != nil {
		t.Fatal(err)
	}
	n := kerneltest.Voxels(300)
	for i, s := range []*sh.Sphere{sh.DefaultHemisphere(), sh.Symmetric362Hemisphere(), whole, small} {
		for _, lmax := range []int{0, 2, 4, 8, 12} {
			d := hemisphereDesign(s, lmax)
			f := randomFunctions(n, lmax, uint64(lmax+i))
			oddFunctions(f, d.Coefficients)
			cases[fmt.Sprintf("%d vertices, lmax %d", len(s.Vertices), lmax)] = peakCase{d, f}
		}
	}
	d := hemisphereDesign(sh.DefaultHemisphere(), 8)
	f := randomFunctions(n, 8, 3)
	d.RelativeThreshold, d.MinSeparation, d.Max = 0, 0, 400
	cases["all maxima"] = peakCase{d, f}
	d.RelativeThreshold, d.MinSeparation, d.Max = 1, 90, 1
	cases["one peak"] = peakCase{d, f}
	d = hemisphereDesign(sh.DefaultHemisphere(), 8)
	d.Refine = true
	cases["refined"] = peakCase{d, f}

	d = hemisphereDesign(sh.Symmetric362Hemisphere(), 8)
	d.B, d.Coefficients = nil, len(d.Directions)
	values := make([]float64, n*d.Coefficients)
	random := rand.New(rand.NewPCG(1, 7))
	for i := range values {
		values[i] = math.Round(random.NormFloat64() * 1000) // with ties
		if i/d.Coefficients%2 == 0 {
			values[i] = math.Abs(values[i]) / 1000
		}
	}
	oddFunctions(values, d.Coefficients)
	cases["values"] = peakCase{d, values}
	few := onVertices()
	few.B = nil
	cases["few values"] = peakCase{few, values[:n*7]}
	apart := onVertices()
	apart.Edges = apart.Edges[:4]
	cases["vertices without neighbours"] = peakCase{apart, values[:n*7]}
	return cases
}

func TestPeaksAndGFAOnEverySetAreThoseOfThePortableCodeToTheLastBit(t *testing.T) {
	cases := peakCases(t)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, c := range cases {
			k := c.design.Coefficients
			want, got := newPeakFinderOn(t, c.design, "generic").NewWorker(), newPeakFinderOn(t, c.design, isa).NewWorker()
			random := rand.New(rand.NewPCG(5, 5))
			for first := 0; first < len(c.functions)/k; {
				n := min(1+random.IntN(got.Block()+8), got.Block(), want.Block(), len(c.functions)/k-first)
				part := c.functions[first*k:]
				want.Load(part, k, n)
				got.Load(part[:n*k], k, n)
				wantGFA, gotGFA := want.GFA(), got.GFA()
				for i, peaks := range want.Peaks() {
					if g := got.Peaks()[i]; !slices.Equal(g, peaks) {
						t.Fatalf("%s: function %d has peaks %v, on the portable set %v", name, first+i, g, peaks)
					}
					if math.Float32bits(gotGFA[i]) != math.Float32bits(wantGFA[i]) && gotGFA[i] == gotGFA[i] {
						t.Fatalf("%s: function %d has GFA %v, on the portable set %v", name, first+i, gotGFA[i], wantGFA[i])
					}
				}
				first += n
			}
		}
	})
}

func TestPeaksDoNotDependOnTheOthersInABlockNorOnTheStride(t *testing.T) {
	const n, stride = 100, 50
	d := hemisphereDesign(sh.DefaultHemisphere(), 8)
	f := randomFunctions(n, 8, 11)
	oddFunctions(f, 45)
	spread := make([]float64, n*stride)
	for i := range n {
		copy(spread[i*stride:], f[i*45:][:45])
		for k := 45; k < stride; k++ {
			spread[i*stride+k] = math.NaN()
		}
	}
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		alone, together := newPeakFinderOn(t, d, isa).NewWorker(), newPeakFinderOn(t, d, isa).NewWorker()
		for first := 0; first < n; first += together.Block() {
			together.Load(spread[first*stride:], stride, min(together.Block(), n-first))
			for i, peaks := range together.Peaks() {
				alone.Load(f[(first+i)*45:][:45], 45, 1)
				if got := alone.Peaks()[0]; !slices.Equal(got, peaks) {
					t.Fatalf("function %d has peaks %v alone, among others %v", first+i, got, peaks)
				}
				if a, b := alone.GFA()[0], together.GFA()[i]; a != b && a == a {
					t.Fatalf("function %d has GFA %v alone, among others %v", first+i, a, b)
				}
			}
		}
	})
}

func TestFindingPeaksInLanesDoesNotAllocate(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, c := range peakCases(t) {
			w := newPeakFinderOn(t, c.design, isa).NewWorker()
			n := min(w.Block(), 5)
			if got := testing.AllocsPerRun(3, func() {
				w.Load(c.functions, c.design.Coefficients, n)
				w.Peaks()
				w.GFA()
			}); got != 0 {
				t.Errorf("%s: %v allocations", name, got)
			}
		}
	})
}

// Of the distributions of the study's protocol, hardly any is left to the portable code.
func TestFewDistributionsAreInDoubt(t *testing.T) {
	peer.Slow(t)
	functions := fittedDistributions(t, 2048, 30)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		w := newPeakFinderOn(t, hemisphereDesign(sh.DefaultHemisphere(), 8), isa).NewWorker()
		peaks, gfa := peaks.InDoubt(w, functions, 45)
		t.Logf("of 2048 distributions the peaks of %d and the GFA of %d were in doubt", peaks, gfa)
		if peaks > 40 || gfa > 40 {
			t.Errorf("the peaks of %d and the GFA of %d of 2048 distributions are left to the portable code", peaks, gfa)
		}
	})
}

func fittedDistributions(t testing.TB, n int, snr float64) []float64 {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: snr, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := kerneltest.CSDDesign(t, p.Gradients, 8)
	params := make([]float64, n*d.Coefficients)
	kerneltest.NewCSD(t, d, "").NewWorker().Fit(params, make([]kernel.Status, n), p.Signal)
	return params
}

// BenchmarkPeaksOfTheStudy finds peaks and GFA of csdm's distributions, for the protocol of the published study, on
// DIPY's default sphere. Times are the shortest of all turns, because other programs disturb these least. share is
// relative to the time of csdm itself in double precision.
func BenchmarkPeaksOfTheStudy(b *testing.B) {
	const n = 2048
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: 30, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	d := kerneltest.CSDDesign(b, p.Gradients, 8)
	params, status := make([]float64, n*d.Coefficients), make([]kernel.Status, n)
	for _, isa := range kernel.ISAs() {
		for _, refine := range []bool{false, true} {
			name := isa + "/vertices"
			if refine {
				name = isa + "/refined"
			}
			b.Run(name, func(b *testing.B) {
				design := hemisphereDesign(sh.DefaultHemisphere(), 8)
				design.Refine = refine
				fit, find := kerneltest.NewCSD(b, d, isa).NewWorker(), newPeakFinderOn(b, design, isa).NewWorker()
				var times [3]time.Duration
				each := func(part func()) {
					for first := 0; first < n; first += find.Block() {
						find.Load(params[first*d.Coefficients:], d.Coefficients, min(find.Block(), n-first))
						part()
					}
				}
				for b.Loop() {
					for i, work := range []func(){
						func() { fit.Fit(params, status, p.Signal) },
						func() { each(func() { find.Peaks(); find.GFA() }) },
						func() { each(func() { find.Peaks() }) },
					} {
						start := time.Now()
						work()
						if took := time.Since(start); times[i] == 0 || took < times[i] {
							times[i] = took
						}
					}
				}
				for i, unit := range []string{"csdm-us/voxel", "us/voxel", "peaks-us/voxel"} {
					b.ReportMetric(times[i].Seconds()*1e6/n, unit)
				}
				b.ReportMetric(times[1].Seconds()/times[0].Seconds(), "share")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
