package tensor_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/tensor"
	"github.com/voxfit/voxfit/phantom"
)

// tensorBy makes the usual fitter of a method for an instruction set.
func tensorBy(t testing.TB, s kerneltest.Scheme, method kernel.Method, isa string) kernel.Fitter {
	d := tensor.Design{W: s.W, Method: method, MinSignal: 1e-4, LeastDiffusivity: 5e-10}
	if method == kernel.IWLS {
		d.Iterations = 2
	}
	return newTensorOn(t, d, isa)
}

var methods = []kernel.Method{kernel.OLS, kernel.WLS, kernel.IWLS, kernel.NLS}

func newTensorOn(t testing.TB, d tensor.Design, isa string) kernel.Fitter {
	f, err := tensor.New(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// tensorSchemes returns the schemes of kerneltest, and one with few measurements.
func tensorSchemes() map[string]kerneltest.Scheme {
	schemes := kerneltest.Schemes()
	schemes["short"] = kerneltest.NewScheme(2, 28, 1000)
	return schemes
}

func TestLinearTensorLanesAgreeWithThePortableFit(t *testing.T) {
	designs := map[string]tensor.Design{
		"OLS":             {Method: kernel.OLS, MinSignal: 1e-4},
		"WLS":             {Method: kernel.WLS, MinSignal: 1e-4},
		"WLS, high floor": {Method: kernel.WLS, MinSignal: 20},
		"WLS, tiny floor": {Method: kernel.WLS, MinSignal: 1e-310},
		"IWLS once":       {Method: kernel.IWLS},
		"IWLS":            {Method: kernel.IWLS, Iterations: 2},
		"IWLS uniform":    {Method: kernel.IWLS, Iterations: 2, UniformStart: true},
	}
	portable := kerneltest.PortableFit()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range tensorSchemes() {
			voxels := kerneltest.Voxels(1000)
			signal := s.Hard(voxels, 2)
			for which, d := range designs {
				d.W, d.LeastDiffusivity = s.W, 5e-10
				want, wantStatus := portable(name+which, newTensorOn(t, d, "generic"), signal)
				got, gotStatus := kerneltest.FitAll(newTensorOn(t, d, isa), signal)
				worst := 0.0
				for v := range voxels {
					p, q := got[7*v:][:7], want[7*v:][:7]
					if gotStatus[v] != wantStatus[v] {
						t.Errorf("%s, %s, voxel %d: %v, portable %v", name, which, v, gotStatus[v], wantStatus[v])
					}
					largest, apart := 1e-7, math.Abs(p[6]-q[6])/max(q[6], 1e-300)
					for k := range 6 { // the tensor of a flat signal is rounding
						largest = max(largest, math.Abs(q[k]))
					}
					for k := range 6 {
						apart = max(apart, math.Abs(p[k]-q[k])/largest)
					}
					if worst = max(worst, apart); !(apart <= 1e-9) {
						t.Errorf("%s, %s, voxel %d: %v, portable %v", name, which, v, p, q)
					}
				}
				t.Logf("%s, %s: at most %.2g of the largest element apart", name, which, worst)
			}
		}
	})
}

func TestNonlinearTensorLanesEndAtThePortableMinimum(t *testing.T) {
	const minSignal = 1e-4
	portable := kerneltest.PortableFit()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range tensorSchemes() {
			voxels := kerneltest.Voxels(2000)
			signal := s.Hard(voxels, 6)
			want, wantStatus := portable(name, tensorBy(t, s, kernel.NLS, "generic"), signal)
			got, gotStatus := kerneltest.FitAll(tensorBy(t, s, kernel.NLS, isa), signal)
			steps, worst := 0, 0.0
			for v := range voxels {
				y, p, q := signal[v*s.N():][:s.N()], got[7*v:][:7], want[7*v:][:7]
				if gotStatus[v].Code != wantStatus[v].Code {
					t.Errorf("%s voxel %d: %v, portable %v", name, v, gotStatus[v], wantStatus[v])
				}
				if gotStatus[v].Iterations != wantStatus[v].Iterations {
					steps++
				}
				if q[6] == 0 {
					if [7]float64(p) != [7]float64(q) {
						t.Errorf("%s voxel %d: %v, portable %v", name, v, p, q)
					}
					continue
				}
				raised := make([]float64, len(y))
				for i := range y {
					raised[i] = max(y[i], minSignal)
				}
				objective := func(p []float64) float64 {
					return s.Objective(raised, append(append([]float64{}, p...), 0))
				}
				above := objective(p)/objective(q) - 1
				if worst = max(worst, math.Abs(above)); !(math.Abs(above) <= 1e-9) {
					t.Errorf("%s voxel %d: the sum of squares is %g above the portable fit's; %v and %v", name, v, above, gotStatus[v], wantStatus[v])
				}
			}
			t.Logf("%s: sums of squares at most %.2g apart, %d numbers of steps differ", name, worst, steps)
			if steps > voxels/100 {
				t.Errorf("%s: %d of %d numbers of steps differ", name, steps, voxels)
			}
		}
	})
}

// The values are at the ends of what float64 holds, alone and beside ordinary voxels.
func TestTensorLanesTakeAnySignal(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	signals := map[string]func(i int, v float64) float64{
		"all zero":        func(int, float64) float64 { return 0 },
		"negative zeros":  func(int, float64) float64 { return math.Copysign(0, -1) },
		"all negative":    func(_ int, v float64) float64 { return -v },
		"one zero":        func(i int, v float64) float64 { return map[bool]float64{true: 0, false: v}[i == 9] },
		"one value":       func(i int, v float64) float64 { return map[bool]float64{true: v, false: 0}[i == 9] },
		"NaN":             func(i int, v float64) float64 { return map[bool]float64{true: math.NaN(), false: v}[i == 40] },
		"infinite":        func(i int, v float64) float64 { return map[bool]float64{true: math.Inf(1), false: v}[i == 41] },
		"minus infinite":  func(i int, v float64) float64 { return map[bool]float64{true: math.Inf(-1), false: v}[i == 43] },
		"below the floor": func(_ int, v float64) float64 { return 1e-9 * v },
		"subnormal":       func(_ int, v float64) float64 { return 1e-315 * v },
		"huge":            func(_ int, v float64) float64 { return 1e290 * v },
		"infinite and NaN": func(i int, _ float64) float64 {
			return map[bool]float64{true: math.Inf(1), false: math.NaN()}[i%2 == 0]
		},
		"rising with b": func(i int, v float64) float64 { return 1e8 / v / v / v },
	}
	ordinary := s.Signal(kerneltest.Fibre, 1000, 0.2)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for _, method := range methods {
			f, generic := tensorBy(t, s, method, isa), tensorBy(t, s, method, "generic")
			alone, _ := kerneltest.FitAll(f, ordinary)
			for name, change := range signals {
				var block []float64
				for i, v := range ordinary {
					block = append(block, change(i, v))
				}
				want, wantStatus := kerneltest.FitAll(generic, block)
				block = append(block, ordinary...)
				got, gotStatus := kerneltest.FitAll(f, block)
				if gotStatus[0].Code != wantStatus[0].Code {
					t.Errorf("%v, %s: %v, portable %v", method, name, gotStatus[0], wantStatus[0])
				}
				for k := range 7 {
					if !(math.Abs(got[k]-want[k]) <= 1e-6*math.Abs(want[k])+1e-12) {
						t.Errorf("%v, %s: parameters %v, portable %v", method, name, got[:7], want)
						break
					}
					if got[7+k] != alone[k] {
						t.Errorf("%v: an ordinary voxel beside one that is %s is %v, alone %v", method, name, got[7:], alone)
						break
					}
				}
			}
		}
	})
}

// A voxel's bits stay the same for every number of voxels from 0 to 130 on one worker, in float64 and float32, and one
// by one backwards.
func TestTensorLanesSeeNeitherNeighboursNorEarlierCalls(t *testing.T) {
	s := kerneltest.NewScheme(4, 15, 1000, 2000)
	const voxels = 131
	n, signal := s.N(), s.Hard(voxels, 7)
	narrow := make([]float32, len(signal))
	for i, v := range signal {
		narrow[i] = float32(v)
	}
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for _, method := range methods {
			f := tensorBy(t, s, method, isa)
			want, wantStatus := kerneltest.FitAll(f, signal)
			worker := f.NewWorker()
			check := func(first, count int, what string, fit func(params []float64, status []kernel.Status)) {
				got, status := make([]float64, 7*count), make([]kernel.Status, count)
				fit(got, status)
				if !slices.Equal(got, want[7*first:][:7*count]) || !slices.Equal(status, wantStatus[first:][:count]) {
					t.Fatalf("%v: %d voxels from %d, %s, have other results than in one call", method, count, first, what)
				}
			}
			for count := voxels; count >= 0; count-- {
				first := (voxels - count) / 2
				some := n * first
				check(first, count, "float64", func(params []float64, status []kernel.Status) {
					worker.Fit64(params, status, signal[some:][:n*count])
				})
				check(first, count, "float32", func(params []float64, status []kernel.Status) {
					worker.Fit(params, status, narrow[some:][:n*count])
				})
			}
			for v := voxels - 1; v >= 0; v-- {
				check(v, 1, "alone", func(params []float64, status []kernel.Status) {
					worker.Fit64(params, status, signal[n*v:][:n])
				})
			}
		}
	})
}

func TestTensorLanesDoNotAllocate(t *testing.T) {
	s := kerneltest.NewScheme(4, 15, 1000, 2000)
	const voxels = 100
	signal := s.Hard(voxels, 8)
	params, status := make([]float64, 7*voxels), make([]kernel.Status, voxels)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for _, method := range methods {
			worker := tensorBy(t, s, method, isa).NewWorker()
			if got := testing.AllocsPerRun(5, func() { worker.Fit64(params, status, signal) }); got != 0 {
				t.Errorf("%v: %v allocations for a call", method, got)
			}
		}
	})
}

// BenchmarkTensor is the protocol of the published study, 288 measurements, on the phantom. Useful operations are those
// that the sums, polynomials and products of a fit need, one for each addition and multiplication. Their share is of
// the peak measured in the same process.
func BenchmarkTensor(b *testing.B) {
	const voxels = 4096
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	s := kerneltest.Scheme{W: p.Gradients.DesignMatrix(), Bvals: p.Gradients.Bvals}
	for _, isa := range kernel.ISAs() {
		peak, err := kernel.MeasureThroughput(isa, 50*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		for _, method := range methods {
			b.Run(isa+"/"+strings.ToLower(method.String()), func(b *testing.B) {
				f := tensorBy(b, s, method, isa)
				w := f.NewWorker()
				params, status := make([]float64, 7*voxels), make([]kernel.Status, voxels)
				for b.Loop() {
					w.Fit(params, status, p.Signal)
				}
				operations := 0.0
				for _, x := range status {
					operations += tensorOperations(method, int(x.Iterations)) * float64(s.N())
				}
				seconds := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(1e6*seconds/voxels, "us/voxel")
				b.ReportMetric(operations/seconds/1e9, "GFLOP/s")
				b.ReportMetric(100*operations/seconds/1e9/peak.Float64, "%peak")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// tensorOperations are the useful operations of one measurement: 20 for a logarithm; 14 for seven sums of products; 13
// for six and one of the values themselves; 43 for 21 and one; 12 for the exponent of a prediction; 12 for a weight; 16
// for an exponential that is right to the last digits; 6 for what a Newton step needs of it.
func tensorOperations(method kernel.Method, iterations int) float64 {
	const logarithm, table, right, normal, predicted, weight, exponential, newton = 20, 14, 13, 43, 12, 12, 16, 6
	const weighted = 1 + right + normal
	switch method {
	case kernel.OLS:
		return logarithm + table
	case kernel.IWLS:
		return logarithm + 2 + weighted + float64(iterations)*(predicted+weight+weighted)
	case kernel.NLS:
		return logarithm + table + float64(iterations)*(predicted+exponential+newton+right+normal)
	}
	return logarithm + table + predicted + weight + weighted
}
