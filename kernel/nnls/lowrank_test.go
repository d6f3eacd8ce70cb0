package nnls_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/nnls"
	"github.com/voxfit/voxfit/model"
)

// In single precision the solver decides only what the bound leaves no doubt about. So no voxel may be beyond the
// bound. The bound must not be far too large either: signals that are made to lose much come within a quarter of it.
func TestLowRankLosesNoMoreThanTheSolverTakesForPossible(t *testing.T) {
	g, signal := kerneltest.Study(t, kerneltest.Voxels(400))
	for _, solver := range sfmSolvers {
		d := sfmDesign(t, g, solver)
		t.Run(solver.String(), func(t *testing.T) {
			kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
				f := newSFMOn(t, d, isa)
				lost := nnls.LostSignals(f, 1000)
				found, possible := nnls.LowRankErrors(f, append(lost, signal...))
				if isa != "generic" && found == nil {
					t.Fatal("the study's protocol is not fitted in low rank")
				}
				nearest := 0.0
				for v, worst := range found {
					if !(worst <= possible[v]) {
						t.Errorf("signal %d: A^T y is off by %g, possible are %g", v, worst, possible[v])
					}
					if v < d.Directions {
						nearest = max(nearest, worst/possible[v])
					}
				}
				if found != nil && nearest < 0.25 {
					t.Errorf("signals made to lose most lose %.3g of what is taken for possible", nearest)
				}
			})
		})
	}
}

// With few measurements, low rank would be more work than the matrix itself.
func TestNoLowRankWhereItWouldBeLonger(t *testing.T) {
	g, _ := kerneltest.Study(t, 1)
	d := sfmDesign(t, g, model.NNLS)
	d.Volumes = d.Volumes[:60]
	d.A = d.A[:60*d.Directions]
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		if nnls.LostSignals(newSFMOn(t, d, isa), 1000) != nil {
			t.Error("60 measurements are fitted in low rank")
		}
	})
}
