package startup

import (
	"flag"
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
)

var known = flag.String("sets", "", "the instruction sets that this processor is known to have, with commas, the one to be chosen first")

func TestTheSetsAreThoseOfTheProcessor(t *testing.T) {
	if *known == "" {
		t.Skip("what this processor has is known only where -sets says it, as for an emulated one")
	}
	t.Setenv(kernel.EnvISA, "")
	chosen, err := kernel.ChosenISA()
	if sets := strings.Join(kernel.ISAs(), ","); err != nil || sets != *known || chosen != kernel.ISAs()[0] {
		t.Errorf("the sets are %s, %s is chosen (%v); expected %s, the first of them chosen", sets, chosen, err, *known)
	}
}

// acquisition returns two shells of few directions, so that models are set up quickly.
func acquisition(t *testing.T) *acq.GradientTable {
	t.Helper()
	bvals, bvecs := make([]float64, 2), make([][3]float64, 2)
	for i, b := range []float64{1000, 2500} {
		for _, direction := range sh.Repulsion(30, uint64(i+1)) {
			bvals, bvecs = append(bvals, b), append(bvecs, direction)
		}
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// spoiltPhantom returns voxels of a phantom, enough for two batches and a part of one. Four of them have a value that
// is not a signal.
func spoiltPhantom(t *testing.T, g *acq.GradientTable) (signal []float32) {
	t.Helper()
	p, err := phantom.Make(g, phantom.Options{Voxels: 21, SNR: 30, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	voxel := func(v int) []float32 { return p.Signal[v*g.Len():][:g.Len()] }
	voxel(5)[7] = float32(math.NaN())
	voxel(10)[9] = float32(math.Inf(1))
	voxel(15)[11] = -1
	clear(voxel(20))
	return p.Signal
}

func fit(t *testing.T, kind *model.Kind, g *acq.GradientTable, signal []float32) ([]float64, []kernel.Status) {
	t.Helper()
	wm, gm, csf := phantom.Tissues()
	in := model.Inputs{Gradients: g, Response: phantom.Response(), Tissues: model.NameTissues([]acq.Response{wm, gm, csf})}
	m, err := kind.New(in, kind.Options)
	if err != nil {
		t.Fatal(err)
	}
	f, voxels := m.Fitter(), len(signal)/g.Len()
	params, status := make([]float64, voxels*f.Parameters()), make([]kernel.Status, voxels)
	f.NewWorker().Fit(params, status, signal)
	return params, status
}

func TestEveryModelFitsOnEverySetAsThePortableCodeDoes(t *testing.T) {
	g := acquisition(t)
	signal := spoiltPhantom(t, g)
	for _, kind := range model.Kinds {
		t.Setenv(kernel.EnvISA, "generic")
		want, wantStatus := fit(t, kind, g, signal)
		for _, isa := range kernel.ISAs() {
			t.Setenv(kernel.EnvISA, isa)
			got, status := fit(t, kind, g, signal)
			n := len(got) / len(status)
			largest := make([]float64, n) // the largest value of each parameter in all voxels
			for i, v := range want {
				largest[i%n] = max(largest[i%n], math.Abs(v))
			}
			for v := range status {
				if status[v].Code != wantStatus[v].Code {
					t.Errorf("%s on %s, voxel %d: %v, portable %v", kind.Name, isa, v, status[v], wantStatus[v])
				}
				for i, x := range got[v*n:][:n] {
					if y := want[v*n+i]; !(math.Abs(x-y) <= 1e-6*largest[i]+1e-10) { // residuals are rounding
						t.Errorf("%s on %s, voxel %d: parameter %d is %g, portable %g", kind.Name, isa, v, i, x, y)
					}
				}
			}
		}
	}
}
