package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// These are the sizes of multi-tissue deconvolution: 300 directions of white matter, and two other tissues.
const (
	benchConstraints = 302
	benchUnknowns    = 47
)

// BenchmarkQPSteps times each step once through all its lanes, per voxel. GFLOP/s counts one operation for each
// addition, multiplication and division. %peak is its share of the peak measured in the same process. All steps but
// Forward go through memory once. Multiply at these sizes takes most of the time of an iteration.
func BenchmarkQPSteps(b *testing.B) {
	for _, set := range sets.Native() {
		if set.QP != nil {
			b.Run(set.Name, func(b *testing.B) { benchmarkQPSteps(b, set.CSD, set.QP, peakOf(b, set).Float64) })
		}
	}
}

func benchmarkQPSteps(b *testing.B, csd *ops.CSD, s *ops.QP, peak float64) {
	const n = benchConstraints
	lanes := csd.Lanes
	vectors := func(n int) []float64 {
		values := make([]float64, n*lanes)
		for i := range values {
			values[i] = 0.5
		}
		return values
	}
	run := func(name string, operations float64, step func()) { timed(b, name, lanes, operations, peak, step) }
	const e = 1e-10
	records, d, r, adx, sums, lane := vectors(n*ops.QPRecord), vectors(n), vectors(n), vectors(n), vectors(6), make([]float64, lanes)
	run("Advance", 15*n, func() { s.Advance(&sums[0], &records[0], &d[0], &r[0], &lane[0], e, n) })
	run("Predict", 23*n, func() { s.Predict(&sums[0], &records[0], &d[0], &adx[0], e, n) })
	run("Centre", 7*n, func() { s.Centre(&records[0], &r[0], &lane[0], n) })
	run("Correct", 8*n, func() { s.Correct(&sums[0], &records[0], &adx[0], e, n) })
	run("Hold", n, func() { s.Hold(&records[0], &d[0], 1/e, n) })
	run("Press", 4*n, func() { s.Press(&records[0], &d[0], &r[0], e, n) })
	run("Shift", 5*n, func() { s.Shift(&records[0], &d[0], &adx[0], e, n) })
	run("Judge", 12*n, func() { s.Judge(&sums[0], &records[0], e, e, n) })
	tiles := (benchUnknowns + csd.Tile - 1) / csd.Tile
	q, inverse, y := make([]float64, tiles*(tiles+1)/2*csd.Tile*csd.Tile*lanes), vectors(tiles*csd.Tile), make([]float64, tiles*csd.Tile*lanes)
	run("Forward", benchUnknowns*benchUnknowns, func() { s.Forward(&y[0], &q[0], &inverse[0], tiles) })
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(i * lanes * 8)
	}
	for _, product := range []struct {
		name          string
		rows, columns int
	}{{"Moments", 153, 300}, {"AmplitudesTransposed", 45, 300}, {"Amplitudes", 300, 45}} {
		count := (product.rows + csd.Panel - 1) / csd.Panel
		panels, dst := make([]float64, count*csd.Panel*product.columns), vectors(count*csd.Panel)
		run("Multiply"+product.name, float64(2*product.rows*product.columns), func() {
			csd.Multiply(&dst[0], &panels[0], &d[0], &offsets[0], count, product.columns)
		})
	}
}
