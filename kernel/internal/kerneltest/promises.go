package kerneltest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// These functions test the promises of every Fitter.

// DivisionIntoCalls tests that a fitter's results do not depend on how voxels are divided into calls: one by one and
// backwards, on one worker, in float32, they are the same.
func DivisionIntoCalls(t *testing.T, f kernel.Fitter, signal []float64) {
	t.Helper()
	narrow := narrowed(signal)
	params, status := FitAll(f, signal)
	n, k := f.Measurements(), f.Parameters()
	worker := f.NewWorker()
	for v := len(status) - 1; v >= 0; v-- {
		p, st := make([]float64, k), make([]kernel.Status, 1)
		p[0] = 99
		worker.Fit(p, st, narrow[v*n:(v+1)*n])
		if !slices.Equal(p, params[v*k:(v+1)*k]) || st[0] != status[v] {
			t.Fatalf("voxel %d alone: %v %v, in the block: %v %v", v, p, st[0], params[v*k:(v+1)*k], status[v])
		}
	}
}

// CallsOfAnySize tests that a voxel's bits do not depend on how many others are in the call. For each of sizes, it fits
// so many voxels on one worker, from many places of the block.
func CallsOfAnySize(t *testing.T, f kernel.Fitter, signal []float64, sizes []int) {
	t.Helper()
	m, n := f.Measurements(), f.Parameters()
	whole, wholeStatus := FitAll(f, signal)
	w := f.NewWorker()
	for _, count := range sizes {
		first := count * 7 % (len(wholeStatus) - count + 1)
		params, status := make([]float64, count*n), make([]kernel.Status, count)
		w.Fit64(params, status, signal[first*m:(first+count)*m])
		if !slices.Equal(params, whole[first*n:(first+count)*n]) || !slices.Equal(status, wholeStatus[first:first+count]) {
			t.Fatalf("%d voxels from voxel %d on differ from those in a larger call", count, first)
		}
	}
}

// OrderOfVoxels tests that a voxel's bits do not depend on which others come before it.
func OrderOfVoxels(t *testing.T, f kernel.Fitter, signal []float64) {
	t.Helper()
	m, n := f.Measurements(), f.Parameters()
	whole, wholeStatus := FitAll(f, signal)
	order := rand.New(rand.NewPCG(8, 0)).Perm(len(wholeStatus))
	shuffled := make([]float64, 0, len(signal))
	for _, v := range order {
		shuffled = append(shuffled, signal[v*m:][:m]...)
	}
	params, status := FitAll(f, shuffled)
	for i, v := range order {
		if status[i] != wholeStatus[v] || !slices.Equal(params[i*n:][:n], whole[v*n:][:n]) {
			t.Errorf("voxel %d differs between two orders of voxels", v)
		}
	}
}

// SameInFloat32 tests that values that float32 holds give the same bits from a signal of either kind.
func SameInFloat32(t *testing.T, f kernel.Fitter, signal []float64) {
	t.Helper()
	narrow, wide := narrowed(signal), make([]float64, len(signal))
	for i, v := range narrow {
		wide[i] = float64(v)
	}
	want, wantStatus := FitAll(f, wide)
	params, status := make([]float64, len(want)), make([]kernel.Status, len(wantStatus))
	f.NewWorker().Fit(params, status, narrow)
	if !slices.Equal(params, want) || !slices.Equal(status, wantStatus) {
		t.Error("float32 and float64 signals of the same values differ")
	}
}

func narrowed(signal []float64) []float32 {
	narrow := make([]float32, len(signal))
	for i, v := range signal {
		narrow[i] = float32(v)
	}
	return narrow
}

// NoAllocations tests that a worker does not allocate.
func NoAllocations(t *testing.T, f kernel.Fitter, signal []float64) {
	t.Helper()
	narrow, worker, voxels := narrowed(signal), f.NewWorker(), len(signal)/f.Measurements()
	params, status := make([]float64, voxels*f.Parameters()), make([]kernel.Status, voxels)
	if n := testing.AllocsPerRun(3, func() { worker.Fit64(params, status, signal) }); n != 0 {
		t.Errorf("Fit64 allocates %v times", n)
	}
	if n := testing.AllocsPerRun(3, func() { worker.Fit(params, status, narrow) }); n != 0 {
		t.Errorf("Fit allocates %v times", n)
	}
}

// LengthsThatDisagree tests that a worker panics on lengths that disagree.
func LengthsThatDisagree(t *testing.T, f kernel.Fitter) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f.NewWorker().Fit64(make([]float64, f.Parameters()), make([]kernel.Status, 1), make([]float64, f.Measurements()-1))
}
