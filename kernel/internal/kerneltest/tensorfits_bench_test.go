package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// BenchmarkTensorFitSteps times the steps of the plain tensor, per voxel, on eight voxels of 288 measurements, as in
// the protocol of the published study. GFLOP/s counts useful operations alone, one for each addition and
// multiplication. %peak is their share of the peak measured in the same process.
func BenchmarkTensorFitSteps(b *testing.B) {
	for _, set := range sets.Native() {
		if set.Tensor == nil {
			continue
		}
		b.Run(set.Name, func(b *testing.B) {
			benchmarkTensorFitSteps(b, set.Tensor, peakOf(b, set).Float64)
		})
	}
}

// These are the useful operations of a measurement. A polynomial of degree d counts 2d. An exponential or logarithm
// counts what the 512-bit version needs besides moves and conversions.
const (
	logarithm  = 20
	exponent   = 12 // w.p
	weight     = 12
	prediction = 16
	// of a Jacobi rotation without vectors; square roots and divisions count as one; four sweeps are usual
	rotation = 22
)

func benchmarkTensorFitSteps(b *testing.B, k *ops.Tensor, peak float64) {
	const n = 288
	run := func(name string, operations float64, step func()) {
		timed(b, name, ops.TensorBatch, operations, peak, step)
	}
	lanes := func(n int) []ops.Lanes {
		made := alignedLanes(n)
		for i := range made {
			for l := range made[i] {
				made[i][l] = 1 + float64((i+l)%7)/8
			}
		}
		return made
	}
	table := func(fields int) []float64 {
		made := make([]float64, n*fields)
		for i := range made {
			made[i] = float64(i%7)/16 - 0.2
		}
		return made
	}
	s, y, u, v, sums := lanes(n), lanes(n), lanes(n), lanes(n), lanes(28)
	design, normal := table(8), table(24)
	narrow, wide := make([]float32, 8*n), make([]float64, 8*n)
	var point ops.Point
	var rest ops.Rest
	run("Pack32", 0, func() { k.PackFloat32(&s[0], &narrow[0], n) })
	run("Pack64", 0, func() { k.PackFloat64(&s[0], &wide[0], n) })
	s = lanes(n)
	run("Sums7", n*14, func() { clear(sums); k.Sums7(&sums[0], &design[0], &s[0], n) })
	run("Sums22", n*44, func() { clear(sums); k.Sums22(&sums[0], &normal[0], &s[0], n) })
	var floor, least ops.Lanes
	for l := range floor {
		floor[l] = 1e-4
	}
	run("Ordinary", n*(logarithm+14), func() {
		clear(sums)
		k.Ordinary(&sums[0], &least, &y[0], &s[0], &design[0], n, &floor)
	})
	run("Reweight", n*(exponent+weight+1+13), func() {
		clear(sums)
		k.Reweight(&sums[0], &u[0], &v[0], &s[0], &design[0], n, &point.P[0])
	})
	rest.C, rest.Floor = floor, floor
	run("SquaredWeights", n*(logarithm+3), func() { k.SquaredWeights(&u[0], &v[0], &y[0], &s[0], n, &rest) })
	run("Tissue", n*(exponent+prediction+6+13), func() {
		clear(sums)
		k.Tissue(&sums[0], &u[0], &v[0], &s[0], &design[0], n, &point)
	})
	var system ops.System
	for i := range 8 {
		for l := range ops.TensorBatch {
			system.Matrix[i*(i+3)/2][l] = 1
		}
	}
	run("Factor", 7*7*7/3., func() { k.Factor(&system) })
	run("Solve", 2*7*7, func() { k.Solve(&system) })
	values, vectors, tensors := alignedLanes(3), alignedLanes(9), alignedLanes(6)
	for m, d := range [6]float64{1.5e-3, 0.1e-3, 0.5e-3, -0.1e-3, 0.05e-3, 0.4e-3} {
		for l := range tensors[m] {
			tensors[m][l] = d * (1 + float64((m+l)%5)/8)
		}
	}
	run("Eigenvalues", 4*3*rotation, func() { k.Eigenvalues(&values[0], &tensors[0]) })
	run("Eigen", 4*3*(rotation+18), func() { k.Eigen(&values[0], &vectors[0], &tensors[0]) })
}
