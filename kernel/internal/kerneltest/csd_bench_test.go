package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// These are the sizes of the published study's protocol with lmax 8.
const (
	benchVolumes      = 270
	benchCoefficients = 45
	benchDirections   = 181
	benchMoments      = 81
)

// BenchmarkCSDSteps times each step once through all its lanes, per voxel, with the sizes of the published study.
// GFLOP/s counts useful operations alone, one for each addition and multiplication. %peak is their share of the peak of
// this core in that precision, measured in the same process.
func BenchmarkCSDSteps(b *testing.B) {
	for _, set := range sets.Native() {
		s := set.CSD
		if s == nil {
			continue
		}
		b.Run(set.Name+"/double", func(b *testing.B) {
			peak := peakOf(b, set)
			steps := stepBench[float64, float64]{b, &s.CSDIteration, peak.Float64}
			steps.benchmarkSignals(s)
			steps.benchmarkIteration(func(sets *uint64, rows *byte, panels, x []float64, count, words int) {
				s.Below(sets, rows, &panels[0], &x[0], &x[0], count, benchCoefficients, 0, words)
			})
			if s.BelowRounded != nil {
				steps.peak = peak.Float32
				steps.benchmarkRounded(s)
			}
		})
		if s.Single == nil {
			continue
		}
		b.Run(set.Name+"/single", func(b *testing.B) {
			steps := stepBench[float32, int32]{b, &s.Single.CSDIteration, peakOf(b, set).Float32}
			nearest := make([]float32, s.Single.Lanes)
			steps.benchmarkIteration(func(sets *uint64, rows *byte, panels, x []float32, count, words int) {
				s.Single.Below(sets, &nearest[0], rows, &panels[0], &x[0], &x[0], count, benchCoefficients, 0, words)
			})
			inverse, scales := steps.vectors(benchCoefficients), steps.numbers(benchCoefficients)
			steps.run("Condition", s.Single.Lanes, 3*benchCoefficients, func() {
				s.Single.Condition(&nearest[0], &inverse[0], &scales[0], benchCoefficients)
			})
		})
	}
}

type stepBench[T number, S sum] struct {
	*testing.B
	*ops.CSDIteration[T, S]
	peak float64
}

func up(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

func (b stepBench[T, S]) vectors(n int) []T {
	values := make([]T, n*b.Lanes)
	for i := range values {
		values[i] = 1 + T(i%7)/8
	}
	return values
}

func (b stepBench[T, S]) numbers(n int) []T { return b.vectors(n)[:n] }

func (b stepBench[T, S]) offsets(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i * b.vector())
	}
	return list
}

// vector returns the size of a vector in bytes.
func (b stepBench[T, S]) vector() int { return b.Lanes * sizeOf[T]() }

func (b stepBench[T, S]) run(name string, voxels int, operations float64, step func()) {
	timed(b.B, name, voxels, operations, b.peak, step)
}

// benchmarkSignals times the steps before iterations.
func (b stepBench[T, S]) benchmarkSignals(s *ops.CSD) {
	const m, n = benchVolumes, benchCoefficients
	vectors := func(n int) []float64 { return make([]float64, n*s.Lanes) }
	wide, narrow, x := vectors(m), make([]float32, s.Lanes*m), vectors(m)
	b.run("PackFloat64", s.Lanes, 0, func() { s.PackFloat64(&x[0], &wide[0], m, m) })
	b.run("PackFloat32", s.Lanes, 0, func() { s.PackFloat32(&x[0], &narrow[0], m, m) })
	seen, list := vectors(3), b.offsets(m)
	b.run("Inspect", s.Lanes, 0, func() { s.Inspect(&seen[0], &x[0], &list[0], m) })
	rows := up(n, s.Panel)
	panels, z := make([]float64, rows*m), vectors(rows)
	b.run("Multiply", s.Lanes, 2*m*n, func() { s.Multiply(&z[0], &panels[0], &x[0], &list[0], rows/s.Panel, m) })
}

func (b stepBench[T, S]) benchmarkIteration(below func(sets *uint64, rows *byte, panels, x []T, count, words int)) {
	const n, d = benchCoefficients, benchDirections
	width := up(2*benchMoments, b.Stripe)
	table, sums, before, after := make([]S, 46*16*width), make([]S, width*b.Lanes), make([]uint64, 3), make([]uint64, 3)
	for g := 0; g < 46; g += 3 { // 8 groups enter, 8 leave
		set := [][]uint64{before, after}[g%2]
		set[g/16] |= uint64(1+g%15) << (g % 16 * 4)
	}
	b.run("Accumulate16", 1, 16*2*benchMoments, func() {
		b.Accumulate(&sums[0], &sums[0], &table[0], &before[0], &after[0], 3, width/b.Stripe)
	})
	c := b.vectors(width)
	b.run("Transpose", b.Lanes, 0, func() { b.Transpose(&c[0], &sums[0], 2*benchMoments, width) })
	b.benchmarkAssemble()
	b.benchmarkSolve()
	rows, words := up(d, b.Panel), up(d, 64)/64
	amplitudes, f, sets := b.numbers(rows*n), b.vectors(n), make([]uint64, b.Lanes*words)
	masks := make([]byte, b.RowBytes(rows/b.Panel, words))
	b.run("Below", b.Lanes, 2*n*d, func() { below(&sets[0], &masks[0], amplitudes, f, rows/b.Panel, words) })
}

// benchmarkRounded times the comparison without doubt, and with doubt in all panels.
func (b stepBench[T, S]) benchmarkRounded(s *ops.CSD) {
	const n, d = benchCoefficients, benchDirections
	rows, words := up(d, s.Panel), up(d, 64)/64
	panels, rounded := make([]float64, rows*n), make([]float32, up(rows, s.RoundedPanel)*n)
	x, narrow, thresholds := make([]float64, n*s.Lanes), make([]float32, n*2*s.Lanes), make([]float64, s.Lanes)
	for i := range x {
		x[i], thresholds[i%s.Lanes] = 1, 1
	}
	sets, masks := make([]uint64, s.Lanes*words), make([]byte, s.RowBytes(rows/s.Panel, words))
	for _, c := range []struct {
		name   string
		errors [2]float64
	}{{"BelowRounded", [2]float64{1e-6, 1e-6}}, {"BelowRoundedInDoubt", [2]float64{1, 1}}} {
		b.run(c.name, s.Lanes, 2*n*d, func() {
			s.BelowRounded(&sets[0], &masks[0], &panels[0], &rounded[0], &x[0], &narrow[0], &thresholds[0], &c.errors[0], rows/s.Panel, n, 0, words)
		})
	}
}

// benchmarkAssemble has about as many records and terms as the map of lmax 8. Their places are made up.
func (b stepBench[T, S]) benchmarkAssemble() {
	const twins, both, rest, couples, terms = 105, 4, 2, 58, 4
	vector := b.vector()
	var twinRecords, coupleRecords []int32
	for i := range twins {
		twinRecords = append(twinRecords, int32(i%40*2*vector), int32(i%37*2*vector), both, rest)
		for e := range 8 {
			twinRecords = append(twinRecords, int32((i*8+e)*vector))
		}
	}
	for i := range couples {
		coupleRecords = append(coupleRecords, int32(i%50*2*vector), terms)
		for e := range 4 {
			coupleRecords = append(coupleRecords, int32((twins*8+4*i+e)*vector))
		}
	}
	c, q := make([]T, 2*benchMoments*b.Lanes), make([]T, (8*twins+4*couples)*b.Lanes)
	weights := make([]T, twins*(8+4*both+2*rest)+couples*(4+2*terms))
	operations := twins*(8*(both+rest)+8*both+16) + couples*(8*terms+4)
	b.run("Assemble", b.Lanes, float64(operations), func() {
		b.Assemble(&q[0], &c[0], &weights[0], &twinRecords[0], twins, &coupleRecords[0], couples)
	})
}

func (b stepBench[T, S]) benchmarkSolve() {
	const n = benchCoefficients
	tiles := up(n, b.Tile) / b.Tile
	q, inverse := make([]T, tiles*(tiles+1)/2*b.Tile*b.Tile*b.Lanes), b.vectors(tiles*b.Tile)
	z, y := b.vectors(tiles*b.Tile), b.vectors(tiles*b.Tile+1)
	for i := range tiles { // a unit matrix is its own factor
		for r := range b.Tile {
			for lane := range b.Lanes {
				q[(((i*(i+1)/2+i)*b.Tile+r)*b.Tile+r)*b.Lanes+lane] = 1
			}
		}
	}
	b.run("Factorise", b.Lanes, n*n*n/3.+n*n/2.+n*n, func() { b.Factorise(&q[0], &inverse[0], &y[0], &z[0], tiles) })
	b.run("BackSolve", b.Lanes, n*n, func() { b.BackSolve(&y[0], &q[0], &inverse[0], tiles) })
}
