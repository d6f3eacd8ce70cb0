package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// These are the useful operations of the steps of the search, counted as those of the tensor models.
const (
	leftOperations    = 6
	rightOperations   = leftOperations + log2Operations + 2 + sums7Operations
	slopeOperations   = leftOperations + 1 + 2 + sums7Operations
	descendOperations = predictOperations + 12 + 2 + 3 + 4 // the second prediction is linear
	clipsOperations   = 5
	partOperations    = 3
	ratiosOperations  = 5
	momentsOperations = 1 + sums7Operations
	seriesOperations  = 14 // of each term
)

// BenchmarkFractionSteps times the steps of the search for the fraction of water.
func BenchmarkFractionSteps(b *testing.B) {
	for _, set := range sets.Native() {
		if set.GridSingle == nil {
			continue
		}
		b.Run(set.Name, func(b *testing.B) {
			peak := peakOf(b, set)
			const n, voxels = tensorBlockSingle, ops.TensorBatchSingle
			lanes := func(n int) []ops.LanesSingle {
				list := make([]ops.LanesSingle, n)
				for i := range list {
					list[i] = ops.LanesSingle(ones[float32](16))
				}
				return list
			}
			s, sums, factor := lanes(n), lanes(7), lanes(1)
			design := ones[float32](8 * n)
			left := &ops.LeftSingle{C: lanes(1)[0], Floor: lanes(1)[0]}
			var trial ops.TrialSingle
			var clips ops.ClipsSingle
			k := set.GridSingle
			run := func(name string, operations float64, step func()) {
				timed(b, name, voxels, n*operations, peak.Float32, step)
			}
			run("Scale", 1, func() { k.Scale(&s[0], &s[0], n, &factor[0]) })
			s = lanes(n)
			run("Right", rightOperations, func() { k.Right(&sums[0], &s[0], &design[0], n, left) })
			run("Slope", slopeOperations, func() { k.Slope(&sums[0], &s[0], &design[0], n, left) })
			run("Descend", descendOperations, func() { k.Descend(&s[0], &design[0], n, &trial) })
			to, rows, u := lanes(n), ones[float32](8*n), lanes(n)
			run("Part", partOperations, func() { k.Part(&to[0], &rows[0], &s[0], &design[0], n, &factor[0]) })
			run("Ratios", ratiosOperations, func() { k.Ratios(&u[0], &to[0], &s[0], &design[0], n, left) })
			to = lanes(n)
			u = lanes(n)
			run("Moments", momentsOperations, func() { k.Moments(&sums[0], &to[0], &u[0], &design[0], n) })
			coefficients := lanes(7 * n)
			run("Series", seriesOperations, func() { k.Series(&sums[0], &coefficients[0], n, &factor[0]) })
			wide := make([]ops.Lanes, n)
			timed(b, "Squares", ops.TensorBatch, n, peak.Float64, func() { k.Squares(&wide[0], &wide[0], n) })
			run("Clips", clipsOperations, func() { k.Clips(&clips, &s[0], &design[0], n) })
		})
	}
}
