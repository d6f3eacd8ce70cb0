package csd_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// roundedOn returns a fitter that compares in single precision first, and one that does not. It ends the test where the
// set has no step for the former.
func roundedOn(t *testing.T, d csd.Design, isa string) (rounded, alone kernel.Fitter) {
	rounded = kerneltest.NewCSD(t, d, isa)
	alone, ok := csd.InDoubleAlone(rounded)
	if has := sets.Find(isa).CSD.BelowRounded != nil; ok != has {
		t.Errorf("amplitudes are compared in single precision first: %v, and the set has a step for that: %v", ok, has)
	}
	if !ok {
		t.Skip("amplitudes are compared in double precision")
	}
	return rounded, alone
}

func TestComparingInSinglePrecisionFirstChangesNoBit(t *testing.T) {
	for _, c := range mixedCases(t, 1000) {
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				rounded, alone := roundedOn(t, c.design, isa)
				want, wantStatus := kerneltest.FitAll(alone, c.signal)
				got, status := kerneltest.FitAll(rounded, c.signal)
				if !slices.Equal(got, want) || !slices.Equal(status, wantStatus) {
					t.Error("results differ from those of comparing in double precision alone")
				}
			})
		})
	}
}

func TestComparingInSinglePrecisionFirstChangesNoBitOfOddSignals(t *testing.T) {
	g, spoilt := kerneltest.Study(t, kerneltest.Voxels(300))
	good := kerneltest.CSDDesign(t, g, 8)
	strict, none, negative := good, good, good
	strict.Tau, none.Tau, negative.Tau = 1, 0, -1
	for i, d := range []csd.Design{good, strict, none, negative} {
		for k, unit := range []float64{1e-300, 1e-45, 1e-38, 1e-34, 1e-28, 1e-20, 1, 1e20, 1e28, 1e31, 1e34, 1e36, 1e40, 1e150} {
			if testing.Short() && k%4 != i { // all designs and all units, but not every combination
				continue
			}
			t.Run(fmt.Sprintf("design %d/unit=%v", i, unit), func(t *testing.T) {
				signal := slices.Clone(spoilt)
				for i := range signal {
					if i/g.Len()%3 != 1 { // neighbours are in other units
						signal[i] *= unit
					}
				}
				kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
					rounded, alone := roundedOn(t, d, isa)
					want, wantStatus := kerneltest.FitAll(alone, signal)
					got, status := kerneltest.FitAll(rounded, signal)
					if !slices.Equal(got, want) || !slices.Equal(status, wantStatus) {
						t.Error("results differ from those of comparing in double precision alone")
					}
				})
			})
		}
	}
}

// The documentation of rounded says this.
func TestErrorsOfRoundedComparisonsAreWithinTheirBound(t *testing.T) {
	for _, c := range mixedCases(t, 200) {
		t.Run(c.name, func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				rounded, _ := roundedOn(t, c.design, isa)
				compared := csd.CompareRounded(rounded, c.signal)
				largest := 0.0
				for _, e := range compared.Errors {
					largest = max(largest, e.Largest/e.Bound)
				}
				t.Logf("largest error %.3f of the bound; of %d batches %.2f%% had a panel in doubt, of panels %.2f%%", largest, compared.Batches,
					100*float64(compared.BatchesAgain)/float64(compared.Batches),
					100*float64(compared.PanelsAgain)/float64(compared.Batches*compared.PanelsInBatch))
				if !(largest <= 1) {
					t.Errorf("a comparison is wrong by %.3f of the bound", largest)
				}
				if !(largest > 1./50) {
					t.Errorf("no error is above %.3f of the bound: it is not worth its name", largest)
				}
			})
		})
	}
}
