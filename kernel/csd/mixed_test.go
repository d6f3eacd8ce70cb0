package csd_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
)

func mixed(d csd.Design) csd.Design {
	d.Precision = kernel.Mixed
	return d
}

// mixedCase is an acquisition and voxels for it.
type mixedCase struct {
	name   string
	design csd.Design
	signal []float64
}

// mixedCases are phantoms of the study's protocol at several noise levels, all orders, few and many
// directions, and other spheres than the default one.
func mixedCases(t *testing.T, voxels int) (cases []mixedCase) {
	for i, snr := range kerneltest.Some([]float64{5, 10, 20, 30, 60, 200}) {
		p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: kerneltest.Crossed(voxels), SNR: snr, Seed: uint64(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		signal := make([]float64, len(p.Signal))
		for i, s := range p.Signal {
			signal[i] = float64(s)
		}
		cases = append(cases, mixedCase{fmt.Sprintf("study/SNR=%v", snr), kerneltest.CSDDesign(t, p.Gradients, 8), signal})
	}
	for _, c := range kerneltest.Some([]struct{ lmax, directions int }{
		{2, 6}, {4, 15}, {4, 30}, {4, 300}, {6, 28}, {6, 64}, {8, 46}, {8, 64}, {8, 300}, {10, 90}, {10, 300}, {12, 120}, {12, 300},
	}) {
		g := kerneltest.ShellTable(t, c.directions)
		cases = append(cases, mixedCase{fmt.Sprintf("lmax=%d/directions=%d", c.lmax, c.directions),
			kerneltest.CSDDesign(t, g, c.lmax), kerneltest.Crossings(g, kerneltest.Crossed(voxels/2), uint64(c.lmax))})
	}
	g := kerneltest.ShellTable(t, 90)
	for _, sphere := range kerneltest.Some([]*sh.Sphere{
		{Vertices: kerneltest.ShellTable(t, 60).Bvecs[2:]}, sh.Symmetric362(), sh.DefaultHemisphere(), {Vertices: kerneltest.ShellTable(t, 500).Bvecs[2:]},
	}) {
		m, err := model.NewCSD(g, kerneltest.FibreResponse, model.CSDOptions{LMax: 8, Directions: sphere.Vertices})
		if err != nil {
			t.Fatal(err)
		}
		n := len(sphere.Vertices)
		cases = append(cases, mixedCase{fmt.Sprintf("sphere of %d", n), m.Design(), kerneltest.Crossings(g, kerneltest.Crossed(voxels/2), uint64(n))})
	}
	return cases
}

// norm returns the square root of the sum of squares, for numbers of any size.
func norm(f []float64) float64 {
	n := 0.0
	for _, v := range f {
		n = math.Hypot(n, v)
	}
	return n
}

func TestMixedTakesTheWayOfDoubleInEveryVoxel(t *testing.T) {
	for _, c := range mixedCases(t, 1000) {
		n := c.design.Coefficients
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, c.design, isa), c.signal)
				got, status := kerneltest.FitAll(kerneltest.NewCSD(t, mixed(c.design), isa), c.signal)
				differ, largest := 0, 0.0
				for v := range status {
					if status[v] != wantStatus[v] {
						differ++
						continue
					}
					difference := make([]float64, n)
					for i := range difference {
						difference[i] = got[v*n+i] - want[v*n+i]
					}
					if e := norm(difference); e > 0 {
						largest = max(largest, e/norm(want[v*n:][:n]))
					}
				}
				if differ > 0 || !(largest <= 1e-9) {
					t.Errorf("%d of %d voxels have another status or number of iterations; coefficients differ by %.2g of their norm", differ, len(status), largest)
				}
			})
		})
	}
}

// The documentation of guard says this.
func TestErrorsOfSinglePrecisionAreWithinTheGuardsBound(t *testing.T) {
	for _, c := range mixedCases(t, 300) {
		if c.design.Coefficients != 45 {
			continue // everything is in double precision
		}
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				d := mixed(c.design)
				var ratios []float64
				for _, e := range csd.SearchErrors(kerneltest.NewCSD(t, d, isa), d, c.signal) {
					if !math.IsInf(e.Bound, 0) && e.Bound > 0 {
						ratios = append(ratios, e.Largest/e.Bound)
					}
				}
				slices.Sort(ratios)
				half, largest := ratios[len(ratios)/2], ratios[len(ratios)-1]
				t.Logf("error over bound in %d iterations: half below %.3f, largest %.3f", len(ratios), half, largest)
				if !(largest < 0.8) {
					t.Errorf("an amplitude of single precision is wrong by %.3f of the bound", largest)
				}
				if !(half < 0.2) {
					t.Errorf("half of the errors are above %.3f of the bound: it is not worth its name", half)
				}
			})
		})
	}
}

func TestOddDesignsAndSignalsInMixedAreAsInDouble(t *testing.T) {
	g, spoilt := kerneltest.Study(t, kerneltest.Voxels(1100))
	good := kerneltest.CSDDesign(t, g, 8)
	limited, negative := good, outweighed(good, 1e-12, 1)
	limited.MaxIterations = 2
	negative.Tau = -1
	zeros := outweighed(good, 1e-12, 1e9)
	zeros.Tau = -1
	strict, none := good, good
	strict.Tau, none.Tau = 1, 0
	for _, c := range []struct {
		name   string
		design csd.Design
	}{
		{"odd signals", good},
		{"iteration limit", limited},
		{"singular P", withZeroColumn(good)},
		{"loaded diagonal in an iteration", negative},
		{"no factor at all", zeros},
		{"beyond the range of single precision", outweighed(good, 1e30, 1e30)},
		{"below the range of single precision", outweighed(good, 1e-30, 1e-30)},
		{"threshold at the mean", strict},
		{"threshold at zero", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, c.design, isa), spoilt)
				got, status := kerneltest.FitAll(kerneltest.NewCSD(t, mixed(c.design), isa), spoilt)
				if differ, largest := disagreement(got, want, status, wantStatus); differ > 0 || !(largest <= 1e-9) {
					t.Errorf("%d of %d voxels have another status or number of iterations; coefficients differ by %.2g", differ, len(status), largest)
				}
			})
		})
	}
}

func TestAnyNumberOfVoxelsInACallGivesTheSameBitsInMixed(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := mixed(kerneltest.CSDDesign(t, g, 8))
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.CallsOfAnySize(t, kerneltest.NewCSD(t, d, isa), kerneltest.Crossings(g, 180, 21), kerneltest.Sizes(0, 130))
	})
}

func TestNeighboursAndOrderDoNotCountInMixed(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(600))
	d := mixed(kerneltest.CSDDesign(t, g, 8))
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.OrderOfVoxels(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}

func TestFitOfMixedCSDDoesNotAllocate(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(300))
	d := mixed(kerneltest.CSDDesign(t, g, 8))
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.NoAllocations(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}

func TestEverySetGivesTheSameBitsInMixed(t *testing.T) {
	kerneltest.AtLeastTwoSets(t)
	g, signal := kerneltest.Study(t, 500)
	d := mixed(kerneltest.CSDDesign(t, g, 8))
	var want []float64
	var wantStatus []kernel.Status
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		got, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
		if want == nil {
			want, wantStatus = got, status
		}
		if !slices.Equal(got, want) || !slices.Equal(status, wantStatus) {
			t.Error("results are not those of the other sets")
		}
	})
}

func TestOrdersThatSinglePrecisionDoesNotPayForAreFittedAsInDouble(t *testing.T) {
	g := kerneltest.ShellTable(t, 120)
	for _, lmax := range kerneltest.Some([]int{4, 6, 10, 12}) {
		d, signal := kerneltest.CSDDesign(t, g, lmax), kerneltest.Crossings(g, kerneltest.Crossed(50), 3)
		kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
			want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
			got, status := kerneltest.FitAll(kerneltest.NewCSD(t, mixed(d), isa), signal)
			if !slices.Equal(got, want) || !slices.Equal(status, wantStatus) {
				t.Errorf("lmax %d: Mixed differs from Double", lmax)
			}
		})
	}
}

func TestOnMixedThePortableCodeIsInDoublePrecision(t *testing.T) {
	kerneltest.Portable(t)
	g, signal := kerneltest.Study(t, 60)
	d := kerneltest.CSDDesign(t, g, 8)
	want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
	got, status := kerneltest.FitAll(kerneltest.NewCSD(t, mixed(d), "generic"), signal)
	if !slices.Equal(got, want) || !slices.Equal(status, wantStatus) {
		t.Error("Mixed differs from Double on the portable code")
	}
}
