package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// tensorBlock is how many measurements the drivers give to a step at once.
const (
	tensorBlock       = 48
	tensorBlockSingle = 96
)

// These are the useful operations of the steps, per measurement and voxel: one for each addition and multiplication
// that the formula needs, and those of the polynomial of an exponential or logarithm. Clamping, rounding, tables and
// moves do not count.
const (
	exp2Operations    = 14 // z-k; 6 coefficients: a multiplication and an addition each; times 2^k
	predictOperations = 12 + exp2Operations
	modelOperations   = predictOperations + 3 + 2 + 2 + 1 + 1 + 3 // d, squares, gradient, x, u, v
	misfitOperations  = predictOperations + 3 + 2
	sums7Operations   = 13 // the last factor is 1
	sums22Operations  = 43
	passOperations    = modelOperations + 2*sums7Operations + sums22Operations
	log2Operations    = 10
)

// BenchmarkTensorSteps times the steps of the tensor models in both precisions, on arrays that stay in the first-level
// cache. It compares them with the peak of fused multiply-adds, measured in the same process.
func BenchmarkTensorSteps(b *testing.B) {
	for _, set := range sets.Native() {
		b.Run(set.Name, func(b *testing.B) {
			peak := peakOf(b, set)
			if set.Tensor != nil {
				b.Run("double", func(b *testing.B) { benchmarkDouble(b, set.Tensor, peak.Float64) })
			}
			if set.TensorSingle != nil {
				b.Run("single", func(b *testing.B) { benchmarkSingle(b, set.TensorSingle, peak.Float32) })
			}
		})
	}
}

// ones returns numbers near one, the same in every lane or not. They keep every exponential in its usual range.
func ones[T float32 | float64](n int) []T {
	values := make([]T, n+16)
	for i := range values {
		values[i] = 0.5 + T(i%7)/16
	}
	return values[:n]
}

func benchmarkDouble(b *testing.B, k *ops.Tensor, peak float64) {
	const n, voxels = tensorBlock, ops.TensorBatch
	lanes := func(n int) *ops.Lanes { return &lanesOf(ones[float64](voxels * n))[0] }
	s, u, v, x, sums := lanes(n), lanes(n), lanes(n), lanes(n), lanes(28)
	design, table := &ones[float64](8 * n)[0], &ones[float64](24 * n)[0]
	var point ops.Point
	var rest ops.Rest
	var system ops.System
	for i := range 8 {
		for l := range voxels {
			system.Matrix[i*(i+3)/2][l] = 1
		}
	}
	run := func(name string, operations float64, step func()) { timed(b, name, voxels, n*operations, peak, step) }
	run("Exp2", exp2Operations, func() { k.Exp2(u, s, n) })
	run("Log2", log2Operations, func() { k.Log2(u, s, n) })
	run("Logarithms", log2Operations+2, func() { k.Logarithms(u, s, design, n, &rest) })
	run("WeightedLogarithms", log2Operations+4, func() { k.WeightedLogarithms(u, v, s, design, n, &rest) })
	run("Sums7", 14, func() { k.Sums7(sums, design, s, n) })
	run("Sums22", 44, func() { k.Sums22(sums, table, s, n) })
	run("Model", modelOperations, func() { k.Model(u, v, x, s, design, n, &point) })
	run("Misfit", misfitOperations, func() { k.Misfit(s, design, n, &point) })
	run("Weights", predictOperations+1, func() { k.Weights(u, v, s, design, n, &point) })
	run("NewtonPass", passOperations, func() {
		k.Model(u, v, x, s, design, n, &point)
		k.Sums7(sums, design, u, n)
		k.Sums7(sums, design, x, n)
		k.Sums22(sums, table, v, n)
	})
	timed(b, "Step", voxels, 8*8*8/3.+8*8*2, peak, func() { k.Step(&system) })
	timed(b, "Factor", voxels, 7*7*7/3., peak, func() { k.Factor(&system) })
	timed(b, "Solve", voxels, 7*7*2, peak, func() { k.Solve(&system) })
	narrow := ones[float32](voxels * n)
	timed(b, "Pack32", voxels, 0, peak, func() { k.PackFloat32(u, &narrow[0], n) })
	var extent ops.Extent
	run("Range", 4, func() { k.Range(&extent, s, n) })
	timed(b, "Expand", voxels, 0, peak, func() { k.Expand(u, sums) })
}

func benchmarkSingle(b *testing.B, k *ops.TensorSingle, peak float64) {
	const n, voxels = tensorBlockSingle, ops.TensorBatchSingle
	lanes := func(n int) *ops.LanesSingle {
		list := make([]ops.LanesSingle, n)
		for i := range list {
			list[i] = ops.LanesSingle(ones[float32](16))
		}
		return &list[0]
	}
	s, u, v, x, sums := lanes(n), lanes(n), lanes(n), lanes(n), lanes(28)
	design, table := &ones[float32](8 * n)[0], &ones[float32](24 * n)[0]
	var point ops.PointSingle
	var rest ops.RestSingle
	run := func(name string, operations float64, step func()) { timed(b, name, voxels, n*operations, peak, step) }
	run("Exp2", exp2Operations, func() { k.Exp2(u, s, n) })
	run("Log2", log2Operations, func() { k.Log2(u, s, n) })
	run("Logarithms", log2Operations+2, func() { k.Logarithms(u, s, design, n, &rest) })
	run("WeightedLogarithms", log2Operations+4, func() { k.WeightedLogarithms(u, v, s, design, n, &rest) })
	run("Sums7", 14, func() { k.Sums7(sums, design, s, n) })
	run("Sums22", 44, func() { k.Sums22(sums, table, s, n) })
	run("Project", 2*sums7Operations, func() { k.Project(sums, design, u, x, n) })
	run("Model", modelOperations, func() { k.Model(u, v, x, s, design, n, &point) })
	run("Misfit", misfitOperations, func() { k.Misfit(s, design, n, &point) })
	run("Weights", predictOperations+1, func() { k.Weights(u, v, s, design, n, &point) })
	run("NewtonPass", passOperations, func() {
		k.Model(u, v, x, s, design, n, &point)
		k.Project(sums, design, u, x, n)
		k.Sums22(sums, table, v, n)
	})
	narrow := ones[float32](voxels * n)
	timed(b, "Pack32", voxels, 0, peak, func() { k.PackFloat32(u, &narrow[0], n) })
	wide := ones[float64](voxels * n)
	timed(b, "Pack64", voxels, 0, peak, func() { k.PackFloat64(u, &wide[0], n) })
	var extent ops.ExtentSingle
	run("Range", 4, func() { k.Range(&extent, s, n) })
	first, last := make([]ops.Lanes, n), make([]ops.Lanes, n)
	timed(b, "Widen", voxels, 0, peak, func() { k.Widen(&first[0], &last[0], u, n) })
	timed(b, "Narrow", voxels, 0, peak, func() { k.Narrow(&first[0], &last[0], u, n) })
}
