package csd_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/phantom"
)

// disagreement counts the voxels whose status or iterations differ. Among the others it finds the largest difference of
// coefficients, relative to the largest coefficient of the voxel.
func disagreement(got, want []float64, gotStatus, wantStatus []kernel.Status) (differ int, largest float64) {
	n := len(got) / len(gotStatus)
	for v := range gotStatus {
		if gotStatus[v] != wantStatus[v] {
			differ++
		} else if e := kerneltest.Relative(got[v*n:][:n], want[v*n:][:n]); !(e <= largest) {
			largest = e
		}
	}
	return differ, largest
}

func TestEverySetAgreesWithTheReferenceOnTheStudysProtocol(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(2200))
	d := kerneltest.CSDDesign(t, g, 8)
	want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		got, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
		differ, largest := disagreement(got, want, status, wantStatus)
		t.Logf("%d of %d voxels took another path; coefficients of the others differ by up to %.2g", differ, len(status), largest)
		if differ > len(status)/1000 || !(largest <= 1e-9) {
			t.Errorf("%d of %d voxels have another status or number of iterations; coefficients differ by %.2g", differ, len(status), largest)
			for v := range status {
				if status[v] != wantStatus[v] {
					t.Errorf("voxel %d (kind %d): %+v, want %+v", v, v%5*100+v/5%11, status[v], wantStatus[v])
				}
			}
		}
	})
}

func TestEverySetAgreesWithTheReferenceForAnyOrderAndAcquisition(t *testing.T) {
	for _, c := range kerneltest.Some([]struct{ lmax, directions int }{
		{2, 6}, {2, 30}, {4, 30}, {4, 300}, {6, 45}, {6, 64}, {8, 46}, {8, 300}, {10, 90}, {10, 300}, {12, 120}, {12, 300},
	}) {
		g := kerneltest.ShellTable(t, c.directions)
		d := kerneltest.CSDDesign(t, g, c.lmax)
		signal := kerneltest.Crossings(g, kerneltest.Crossed(98), uint64(c.lmax))
		want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
		t.Run(fmt.Sprintf("lmax=%d/directions=%d", c.lmax, c.directions), func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				got, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
				differ, largest := disagreement(got, want, status, wantStatus)
				if differ > 0 || !(largest <= 1e-9) {
					t.Errorf("%d voxels have another status or number of iterations; coefficients differ by %.2g", differ, largest)
				}
			})
		})
	}
}

func TestEverySetGivesTheSameBits(t *testing.T) {
	kerneltest.AtLeastTwoSets(t)
	g, signal := kerneltest.Study(t, 500)
	d := kerneltest.CSDDesign(t, g, 8)
	want, wantStatus := []float64(nil), []kernel.Status(nil)
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

func TestAnyNumberOfVoxelsInACallGivesTheSameBitsOnEverySet(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := kerneltest.CSDDesign(t, g, 8)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.CallsOfAnySize(t, kerneltest.NewCSD(t, d, isa), kerneltest.Crossings(g, 180, 21), kerneltest.Sizes(0, 130))
	})
}

func TestNeighboursAndOrderDoNotCountOnAnySet(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(300))
	d := kerneltest.CSDDesign(t, g, 8)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.OrderOfVoxels(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}

func TestShortSignalsAreFittedOnEverySet(t *testing.T) {
	// Fewer measurements than lanes.
	g := kerneltest.ShellTable(t, 6)
	bvals, bvecs := g.Bvals[1:], g.Bvecs[1:]
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	d := kerneltest.CSDDesign(t, g, 2)
	signal := kerneltest.Crossings(g, 50, 2)
	want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		got, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
		if differ, largest := disagreement(got, want, status, wantStatus); differ > 0 || !(largest <= 1e-9) {
			t.Errorf("%d voxels have another status or number of iterations; coefficients differ by %.2g", differ, largest)
		}
	})
}

func TestOddDesignsOnEverySetAreAsInTheReference(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	good := kerneltest.CSDDesign(t, g, 8)
	limited, negative := good, outweighed(good, 1e-12, 1)
	limited.MaxIterations = 2
	negative.Tau = -1
	zeros := outweighed(good, 1e-12, 1e9)
	zeros.Tau = -1
	for _, c := range []struct {
		name   string
		design csd.Design
	}{
		{"iteration limit", limited},
		{"singular P", withZeroColumn(good)},
		{"loaded diagonal in an iteration", negative},
		{"no factor at all", zeros},
	} {
		signal := kerneltest.Crossings(g, 40, 9)
		want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, c.design, "generic"), signal)
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				got, status := kerneltest.FitAll(kerneltest.NewCSD(t, c.design, isa), signal)
				differ, largest := 0, 0.0
				for v := range status {
					switch e := kerneltest.Relative(got[v*45:][:45], want[v*45:][:45]); {
					case status[v] != wantStatus[v]:
						differ++
					case status[v].Code != kernel.NotPositiveDefinite:
						largest = max(largest, e)
					case e != 0:
						t.Errorf("voxel %d, which is left to the portable code, differs from it by %.2g", v, e)
					}
				}
				if differ > 0 || !(largest <= 1e-9) {
					t.Errorf("%d voxels have another status or number of iterations; coefficients differ by %.2g", differ, largest)
				}
			})
		})
	}
}

func TestQuadWithMoreTermsOfTheSumIsLeftToTheReference(t *testing.T) {
	g := kerneltest.ShellTable(t, 60)
	d := kerneltest.CSDDesign(t, g, 8)
	signal := kerneltest.Crossings(g, 20, 3)
	want, wantStatus := kerneltest.FitAll(kerneltest.NewCSD(t, d, "generic"), signal)
	// This map is right, but it is not one of products of harmonics: one sum has additional weights of zero.
	d.Gram.Quads = slices.Clone(d.Gram.Quads)
	q := &d.Gram.Quads[slices.IndexFunc(d.Gram.Quads, func(q gram.Quad) bool { return q.Sum < 40 })]
	weights := d.Gram.Coefficients[q.Coefficients:][:q.DifferenceTerms+q.SumTerms]
	q.Coefficients = int32(len(d.Gram.Coefficients))
	d.Gram.Coefficients = slices.Concat(d.Gram.Coefficients, weights, make([]float64, 20))
	q.SumTerms = q.DifferenceTerms + 1
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		got, status := kerneltest.FitAll(kerneltest.NewCSD(t, d, isa), signal)
		if differ, largest := disagreement(got, want, status, wantStatus); differ > 0 || !(largest <= 1e-9) {
			t.Errorf("%d voxels have another status or number of iterations; coefficients differ by %.2g", differ, largest)
		}
	})
}

func TestFitOfCSDDoesNotAllocateOnAnySet(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(150))
	d := kerneltest.CSDDesign(t, g, 8)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.NoAllocations(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}

func TestFloat32SignalsGiveTheSameBitsAsFloat64OnEverySet(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(150))
	d := kerneltest.CSDDesign(t, g, 8)
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		kerneltest.SameInFloat32(t, kerneltest.NewCSD(t, d, isa), signal)
	})
}

// BenchmarkCSDOfTheStudy is the protocol of the published study: 288 measurements, 270 of them diffusion-weighted, 45
// coefficients, 181 directions. It fits the same voxels in both precisions.
func BenchmarkCSDOfTheStudy(b *testing.B) {
	const n = 2048
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: 30, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	d := kerneltest.CSDDesign(b, p.Gradients, 8)
	for _, isa := range kernel.ISAs() {
		for _, precision := range []kernel.Precision{kernel.Double, kernel.Mixed} {
			if isa == "generic" && precision == kernel.Mixed {
				continue // the portable code is in double precision
			}
			b.Run(isa+"/"+precision.String(), func(b *testing.B) {
				d.Precision = precision
				w := kerneltest.NewCSD(b, d, isa).NewWorker()
				params, status := make([]float64, n*d.Coefficients), make([]kernel.Status, n)
				for b.Loop() {
					w.Fit(params, status, p.Signal)
				}
				iterations := 0
				for _, s := range status {
					iterations += int(s.Iterations)
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "us/voxel")
				b.ReportMetric(float64(iterations)/n, "iterations/voxel")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
