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

// searchSchemes returns the schemes of the tests of lanes, and one without a shell near 1000 s/mm2.
func searchSchemes() map[string]kerneltest.Scheme {
	schemes := kerneltest.Schemes()
	schemes["no middle shell"] = kerneltest.NewScheme(7, 40, 300, 2600)
	return schemes
}

func searchOn(t testing.TB, s kerneltest.Scheme, precision kernel.Precision, isa string) kernel.Fitter {
	d := waterDesign(s, kernel.WLS)
	d.Precision = precision
	f, err := freewater.New(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Mixed precision only finds the way to a fraction. Its result is the fit in double precision, to the last bit.
func TestMixedPrecisionOfTheSearchIsDoublesToTheLastBit(t *testing.T) {
	voxels := kerneltest.Voxels(160)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range searchSchemes() {
			mixed, double := searchOn(t, s, kernel.Mixed, isa), searchOn(t, s, kernel.Double, isa)
			check := func(what string, signal []float64) {
				want, wantStatus := kerneltest.FitAll(double, signal)
				got, gotStatus := kerneltest.FitAll(mixed, signal)
				for v := range wantStatus {
					if gotStatus[v] != wantStatus[v] || !slices.Equal(got[8*v:][:8], want[8*v:][:8]) {
						t.Errorf("%s, %s, voxel %d: %v %v, double precision %v %v", name, what, v,
							gotStatus[v], got[8*v:][:8], wantStatus[v], want[8*v:][:8])
					}
				}
			}
			for _, snr := range kerneltest.Some([]float64{0, 3, 5, 8, 12, 20, 30, 50, 100, 300}) {
				signal := s.Mixtures(voxels, snr, 41)
				check(fmt.Sprintf("SNR %v, more digits", snr), signal)
				for i, v := range signal {
					signal[i] = float64(float32(v))
				}
				check(fmt.Sprintf("SNR %v", snr), signal)
				for i, v := range signal {
					signal[i] = math.Round(v) // many equal values, and zeros
				}
				check(fmt.Sprintf("SNR %v, integers", snr), signal)
			}
			check("hard", s.Hard(voxels, 43))
			check("few values that are not zero", s.Sparse(kerneltest.Voxels(1600), 45))
		}
	})
}

// The rule on the mean diffusivity and that on the least signal hold to the last digit, however close a voxel is to a
// limit.
func TestMixedPrecisionKeepsTheRulesOfDouble(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range searchSchemes() {
			for _, least := range []float64{1e-6, 1, 60} {
				random := rand.New(rand.NewPCG(51, 52))
				var signal []float64
				for v := range kerneltest.Voxels(320) {
					spread := math.Pow(10, -1-float64(v%10)) // of the mean diffusivity, around the limit
					d := 2.7e-3 * (1 + spread*random.NormFloat64())
					voxel := s.Signal([6]float64{0: 0.9 * d, 2: d, 5: 1.1 * d}, 100, 0)
					if v%16 == 5 {
						voxel = s.Signal([6]float64{0: 1e-3, 2: 0.5e-3, 5: 0.5e-3}, 100, 0.3)
					}
					if v%3 == 0 {
						for i := range voxel {
							voxel[i] += 5 * random.NormFloat64()
						}
					}
					signal = append(signal, voxel...)
				}
				design := waterDesign(s, kernel.WLS)
				design.MinSignal = least
				fit := func(precision kernel.Precision) ([]float64, []kernel.Status) {
					design.Precision = precision
					f, err := freewater.New(design, kernel.WithISA(isa))
					if err != nil {
						t.Fatal(err)
					}
					return kerneltest.FitAll(f, signal)
				}
				want, wantStatus := fit(kernel.Double)
				got, gotStatus := fit(kernel.Mixed)
				water := 0
				for v := range wantStatus {
					if wantStatus[v].Code == kernel.AllFreeWater {
						water++
					}
					if gotStatus[v] != wantStatus[v] || !slices.Equal(got[8*v:][:8], want[8*v:][:8]) {
						t.Errorf("%s, least signal %v, voxel %d: %v %v, double precision %v %v", name, least, v,
							gotStatus[v], got[8*v:][:8], wantStatus[v], want[8*v:][:8])
					}
				}
				if least == 1e-6 && (8*water < len(wantStatus) || 8*water > 7*len(wantStatus)) {
					t.Errorf("%s: %d of %d voxels are water alone", name, water, len(wantStatus))
				}
			}
		}
	})
}

// Signals may be in any unit, because single precision holds them scaled.
func TestFractionDoesNotDependOnTheUnitOfTheSignal(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		s := kerneltest.NewScheme(6, 32, 500, 1500)
		signal := s.Mixtures(48, 20, 47)
		want, _ := kerneltest.FitAll(searchOn(t, s, kernel.Mixed, isa), signal)
		for _, unit := range []float64{0x1p-10, 0x1p20, 0x1p40, 0x1p100} {
			scaled := slices.Clone(signal)
			for i := range scaled {
				scaled[i] *= unit
			}
			d := waterDesign(s, kernel.WLS)
			d.MinSignal *= unit
			f, err := freewater.New(d, kernel.WithISA(isa))
			if err != nil {
				t.Fatal(err)
			}
			got, status := kerneltest.FitAll(f, scaled)
			for v := range status {
				if got[8*v+7] != want[8*v+7] || math.Abs(got[8*v+6]/unit/want[8*v+6]-1) > 1e-9 {
					t.Errorf("voxel %d times %g: f %v S0 %v, else %v and %v", v, unit, got[8*v+7], got[8*v+6]/unit, want[8*v+7], want[8*v+6])
				}
			}
		}
	})
}

// The error of the norm of the differences of signal and fit is what the search assumes. This holds at every point of
// the grid, and however little water leaves of a measurement.
func TestSinglePrecisionIsWithinItsMargin(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		for name, s := range searchSchemes() {
			f := searchOn(t, s, kernel.Mixed, isa)
			worst, evaluations := 0.0, 0
			for _, signal := range [][]float64{s.Hard(kerneltest.Voxels(320)/16*16, 53), s.Mixtures(kerneltest.Voxels(160)/16*16, 30, 55), s.Mixtures(kerneltest.Voxels(160)/16*16, 0, 57)} {
				for ; len(signal) > 0; signal = signal[16*s.N():] {
					for _, fraction := range []float64{0.1, 0.2, 0.4, 0.6, 0.8, 0.9} {
						single, double, margin := freewater.FractionNorms(f, signal[:16*s.N()], fraction)
						for l, v := range double {
							if math.IsNaN(v) {
								continue // the rules decide
							}
							evaluations++
							off := math.Abs(single[l]-v) / margin[l]
							if worst = max(worst, off); !(off <= 1) {
								t.Errorf("%s, f %v: %v, in double precision %v, margin %v", name, fraction, single[l], v, margin[l])
							}
						}
					}
				}
			}
			t.Logf("%s: at most %.2f of the margin in %d evaluations", name, worst, evaluations)
		}
	})
}
