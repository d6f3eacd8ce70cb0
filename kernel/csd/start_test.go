package csd_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/model"
)

// startDesign is a design in MRtrix3's convention. It has a Start, a norm, a threshold of zero, and takes negative
// signals for zero.
func startDesign(t testing.TB, g *acq.GradientTable, lmax int, precision kernel.Precision) csd.Design {
	t.Helper()
	m, err := model.NewCSD(g, kerneltest.FibreResponse, model.CSDOptions{Convention: model.MRtrix, LMax: lmax, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	return m.Design()
}

var startCases = []struct{ lmax, directions int }{{2, 6}, {4, 30}, {6, 64}, {8, 30}, {8, 64}, {8, 300}, {10, 90}, {12, 64}, {12, 300}}

func TestCSDWithAStartOfItsOwnFollowsTheDirectAlgorithm(t *testing.T) {
	kerneltest.Portable(t)
	for _, c := range startCases {
		g := kerneltest.ShellTable(t, c.directions)
		d, signal := startDesign(t, g, c.lmax, kernel.Double), kerneltest.Crossings(g, kerneltest.Crossed(49), uint64(c.directions))
		params, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
		for v := range status {
			want, iterations := direct(d, signal[v*g.Len():][:g.Len()])
			got := params[v*d.Coefficients:][:d.Coefficients]
			if e := kerneltest.Relative(got, want); int(status[v].Iterations) != iterations || !(e <= 1e-9) {
				t.Errorf("lmax %d, %d directions, voxel %d: %+v, want %d iterations; coefficients differ by %.2g", c.lmax, c.directions, v, status[v], iterations, e)
			}
		}
	}
}

func TestEverySetAndPrecisionAgreesWithTheReferenceWithAStartOfItsOwn(t *testing.T) {
	compare := func(t *testing.T, g *acq.GradientTable, lmax int, signal []float64) {
		want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, startDesign(t, g, lmax, kernel.Double), "generic"), signal)
		kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
			for _, precision := range []kernel.Precision{kernel.Double, kernel.Mixed} {
				got, status := kerneltest.FitAll(kerneltest.NewCSD(t, startDesign(t, g, lmax, precision), isa), signal)
				differ, largest := disagreement(got, want, status, wantStatus)
				if differ > 0 || !(largest <= 1e-9) {
					t.Errorf("%v: %d of %d voxels have another status or number of iterations; coefficients differ by %.2g", precision, differ, len(status), largest)
					for v := range status {
						if status[v] != wantStatus[v] {
							t.Errorf("voxel %d: %+v, want %+v", v, status[v], wantStatus[v])
						}
					}
				}
			}
		})
	}
	for _, c := range kerneltest.Some(startCases) {
		t.Run(fmt.Sprintf("lmax=%d/directions=%d", c.lmax, c.directions), func(t *testing.T) {
			g := kerneltest.ShellTable(t, c.directions)
			compare(t, g, c.lmax, kerneltest.Crossings(g, kerneltest.Crossed(98), uint64(c.lmax)))
		})
	}
	t.Run("study", func(t *testing.T) {
		g, signal := kerneltest.Study(t, kerneltest.Voxels(1100))
		compare(t, g, 8, signal)
	})
}

// The start of such a voxel is finite and has no amplitude below zero. Its sums are not finite.
func TestProductsOutOfRangeOverflowEvenWhereTheStartDoesNot(t *testing.T) {
	g := kerneltest.ShellTable(t, 64)
	d := startDesign(t, g, 8, kernel.Double)
	signal := make([]float64, 3*g.Len())
	for i := range signal {
		signal[i] = 500
		if i/g.Len() == 1 {
			signal[i] = 1e305
		}
	}
	start := 0.0
	for i, v := range d.Volumes {
		start += d.Start[i] * signal[g.Len()+v]
	}
	if math.IsInf(start, 0) || math.IsNaN(start) {
		t.Fatalf("the start is %v, want a finite one", start)
	}
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		params, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
		if status[1].Code != kernel.Overflow {
			t.Errorf("status %+v, want %v", status[1], kernel.Overflow)
		}
		for i, f := range params[d.Coefficients:][:d.Coefficients] {
			if f != 0 {
				t.Errorf("coefficient %d is %v, want 0", i, f)
			}
		}
		if status[0] != status[2] || status[0].Code != kernel.OK || params[0] != params[2*d.Coefficients] {
			t.Errorf("the voxels beside it have status %+v and %+v", status[0], status[2])
		}
	})
}

func TestNegativeSignalsCountAsZeroWhereTheDesignSaysSo(t *testing.T) {
	g := kerneltest.ShellTable(t, 64)
	d := startDesign(t, g, 8, kernel.Double)
	signal := kerneltest.Crossings(g, 40, 3)
	floored := make([]float64, len(signal))
	for i, s := range signal {
		if i%5 == 0 {
			signal[i] = -s
		}
		floored[i] = max(signal[i], 0)
	}
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		f := kerneltest.NewCSD(t, d, isa)
		got, status := kerneltest.FitAll(f, signal)
		want, _ := kerneltest.FitAll(f, floored)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
			}
		}
		if status[0].Code != kernel.NegativeSignal {
			t.Errorf("status %+v, want %v", status[0], kernel.NegativeSignal)
		}
	})
}

func TestAStartThatDoesNotFitIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(d *csd.Design){
		"Start":        func(d *csd.Design) { d.Start = d.Start[1:] },
		"Start[3]":     func(d *csd.Design) { d.Start[3] = math.NaN() },
		"SolutionNorm": func(d *csd.Design) { d.SolutionNorm = -1 },
	} {
		d := startDesign(t, kerneltest.ShellTable(t, 30), 4, kernel.Double)
		spoil(&d)
		if _, err := csd.New(d); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one about %s", err, name)
		}
	}
}

func TestFitWithAStartOfItsOwnDoesNotAllocate(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d, signal := startDesign(t, g, 8, kernel.Double), kerneltest.Crossings(g, 98, 2)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.NoAllocations(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}
