package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// nnlsBench is what a test of one step needs: the set of the step, numbers, and guarded memory.
type nnlsBench struct {
	*testing.T
	*ops.NNLS
	*rand.Rand
	edge guarded.Edge
}

func forEachNNLSSet(t *testing.T, test func(b nnlsBench)) {
	forEachTable(t, func(s *ops.Set) *ops.NNLS { return s.NNLS }, func(t *testing.T, k *ops.NNLS) {
		for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
			test(nnlsBench{t, k, rand.New(rand.NewPCG(3, 4)), edge})
		}
	})
}

// numbers returns n random values in guarded memory. With misplace they begin one value behind an aligned place.
func numbers[T float32 | float64](b nnlsBench, n int, misplace bool) []T {
	first := 0
	if misplace {
		first = 1
	}
	values := guarded.Slice[T](b.T, n+first, b.edge)[first:]
	for i := range values {
		values[i] = T(b.NormFloat64())
	}
	return values
}

func largestOf[T float32 | float64](values []T) int {
	place := 0
	for i, v := range values {
		if v > values[place] {
			place = i
		}
	}
	return place
}

func TestPriceSubtractsRowsAndFindsTheLargest(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for _, rows := range kerneltest.Sizes(0, 130) {
			for _, tiles := range []int{1, 2, 4}[:1+rows%3] {
				n := tiles * b.Tile * b.Lanes
				gram, x := numbers[float64](b, (rows+1)*n, false), numbers[float64](b, rows+1, false)
				bs, w := numbers[float64](b, n, true), numbers[float64](b, n, true)
				offsets := guarded.Slice[int](b.T, rows+1, b.edge)
				want := slices.Clone(bs)
				for i := range rows {
					row := b.IntN(rows + 1)
					offsets[i] = row * n * 8
					for j := range want {
						want[j] = math.FMA(-x[i], gram[row*n+j], want[j])
					}
				}
				place := b.Price(&w[0], &bs[0], &gram[0], &x[0], &offsets[0], rows, tiles)
				if !slices.Equal(w, want) || place != largestOf(want) {
					b.Fatalf("%d rows, %d tiles: place %d, want %d; prices are right: %v", rows, tiles, place, largestOf(want), slices.Equal(w, want))
				}
			}
		}
	})
}

func TestPriceInSinglePrecisionAlsoMarksWhatIsAbove(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for _, rows := range kerneltest.Sizes(0, 130) {
			for _, tiles := range []int{1, 2, 4}[:1+rows%3] {
				n := tiles * b.Tile * b.Singles
				gram, x := numbers[float32](b, (rows+1)*n, false), numbers[float32](b, rows+1, false)
				bs, w := numbers[float32](b, n, true), numbers[float32](b, n, true)
				above := guarded.Slice[byte](b.T, n/8, b.edge)
				offsets := guarded.Slice[int](b.T, rows+1, b.edge)
				for i := range rows {
					offsets[i] = b.IntN(rows+1) * n * 4
				}
				shift, threshold := float32(b.NormFloat64()), float32(b.NormFloat64())
				bs[3] = float32(math.NaN())
				b.PriceSingle(&w[0], &above[0], &bs[0], &gram[0], &x[0], &offsets[0], rows, shift, threshold, tiles)
				for j := range n {
					if j == 3 {
						if w[j] == w[j] || above[0]>>3&1 == 1 {
							b.Fatalf("NaN has the price %v and is marked %v", w[j], above[0]>>3&1)
						}
						continue
					}
					want, size := float64(bs[j])-float64(shift), math.Abs(float64(bs[j]))+math.Abs(float64(shift))
					for i := range rows {
						part := float64(x[i]) * float64(gram[offsets[i]/4+j])
						want -= part
						size += math.Abs(part)
					}
					if math.Abs(float64(w[j])-want) > float64(rows+2)*0x1p-24*size {
						b.Fatalf("%d rows: price %d is %v, want %v", rows, j, w[j], want)
					}
					if marked := above[j/8]>>(j%8)&1 == 1; marked != (w[j] > threshold) {
						b.Fatalf("%d rows: price %v is marked %v, the threshold is %v", rows, w[j], marked, threshold)
					}
				}
				bs[3] = 0
				place := b.PriceSingle(&w[0], &above[0], &bs[0], &gram[0], &x[0], &offsets[0], rows, shift, threshold, tiles)
				if place != largestOf(w) {
					b.Fatalf("%d rows, %d tiles: the largest is %d, want %d", rows, tiles, place, largestOf(w))
				}
			}
		}
	})
}

func TestPricesFindTheFirstOfEqualsAndBearNaN(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		n := b.Tile * b.Lanes
		m := b.Tile * b.Singles
		w, wSingle, above := make([]float64, n), make([]float32, m), make([]byte, m/8)
		for first := range m {
			bs, bsSingle := make([]float64, m), make([]float32, m)
			for j := first; j < m; j++ {
				bs[j], bsSingle[j] = 1, 1
			}
			if first < n {
				if got := b.Price(&w[0], &bs[0], nil, nil, nil, 0, 1); got != first {
					b.Fatalf("of equals from %d on, %d was found", first, got)
				}
			}
			if got := b.PriceSingle(&wSingle[0], &above[0], &bsSingle[0], nil, nil, nil, 0, 0, 0, 1); got != first {
				b.Fatalf("in single precision, of equals from %d on, %d was found", first, got)
			}
			for j := range bs {
				bs[j], bsSingle[j] = math.NaN(), float32(math.NaN())
			}
			if got := b.Price(&w[0], &bs[0], nil, nil, nil, 0, 1); got != 0 {
				b.Fatalf("of NaN, %d was found", got)
			}
			if got := b.PriceSingle(&wSingle[0], &above[0], &bsSingle[0], nil, nil, nil, 0, 0, 0, 1); got != 0 {
				b.Fatalf("in single precision, of NaN, %d was found", got)
			}
		}
	})
}

func TestProjectMultipliesEachSignalOfABlock(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		checkProject(b, b.Project, b.Lanes, 0x1p-53)
		checkProject(b, b.ProjectSingle, b.Singles, 0x1p-24)
	})
}

func checkProject[T float32 | float64](b nnlsBench, project func(dst, matrix, rows *T, measurements, stride, width, tiles int), lanes int, roundoff float64) {
	block := b.BlockUnknowns * lanes
	for _, measurements := range kerneltest.Sizes(0, 130) {
		tiles := 1 + measurements%3
		width, stride := tiles*block+measurements%2*lanes, measurements+measurements%5
		matrix := numbers[T](b, tiles*block*measurements+1, true)
		rows := numbers[T](b, b.BlockVoxels*stride+1, true)
		dst := numbers[T](b, (b.BlockVoxels-1)*width+tiles*block, true)
		project(&dst[0], &matrix[0], &rows[0], measurements, stride, width, tiles)
		for voxel := range b.BlockVoxels {
			for j := range tiles * block {
				want, size := 0.0, 0.0
				for i := range measurements {
					part := float64(rows[voxel*stride+i]) * float64(matrix[(j/block*measurements+i)*block+j%block])
					want += part
					size += math.Abs(part)
				}
				if got := float64(dst[voxel*width+j]); math.Abs(got-want) > float64(2*measurements)*roundoff*size {
					b.Fatalf("%d measurements: unknown %d of voxel %d is %v, want %v", measurements, j, voxel, got, want)
				}
			}
		}
	}
}

// The sums of a voxel must be the same at whatever place of a block it is.
func TestProjectTreatsAllVoxelsOfABlockAlike(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		checkAlike(b, b.Project, b.Lanes)
		checkAlike(b, b.ProjectSingle, b.Singles)
	})
}

func checkAlike[T float32 | float64](b nnlsBench, project func(dst, matrix, rows *T, measurements, stride, width, tiles int), lanes int) {
	const measurements = 100
	n := b.BlockUnknowns * lanes
	matrix, row := numbers[T](b, n*measurements, false), numbers[T](b, measurements, false)
	var want []T
	for place := range b.BlockVoxels {
		rows, dst := numbers[T](b, b.BlockVoxels*measurements, false), numbers[T](b, b.BlockVoxels*n, false)
		for i := range rows {
			rows[i] = T(math.NaN())
		}
		copy(rows[place*measurements:], row)
		project(&dst[0], &matrix[0], &rows[0], measurements, measurements, n, 1)
		got := dst[place*n:][:n]
		if want == nil {
			want = slices.Clone(got)
		}
		if !slices.Equal(got, want) {
			b.Fatalf("place %d gives another result than place 0, or sees the NaN of its neighbours", place)
		}
	}
}

func TestSurveyCopiesASignalAndSaysWhatItHolds(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for chunks := 1; chunks <= 5; chunks++ {
			for _, odd := range []float64{0, -3, math.NaN(), math.Inf(1)} {
				n := chunks * ops.Chunk
				narrow, row := numbers[float32](b, n, true), numbers[float64](b, n, true)
				narrow[b.IntN(n)] = float32(odd)
				weighted, weak := numbers[float64](b, n, false), numbers[float64](b, n, false)
				for i, v := range narrow {
					row[i] = float64(v)
					weighted[i], weak[i] = float64(b.IntN(2)), float64(b.IntN(2))
				}
				sums, again := numbers[float64](b, 7*b.Lanes, true), numbers[float64](b, 7*b.Lanes, true)
				wide, single := numbers[float64](b, n, true), numbers[float32](b, n, true)
				b.SurveyFloat32(&sums[0], &wide[0], &single[0], &narrow[0], &weighted[0], &weak[0], n)
				same := func(what string) {
					for i, v := range row {
						if math.Float64bits(wide[i]) != math.Float64bits(v) || math.Float32bits(single[i]) != math.Float32bits(narrow[i]) {
							b.Fatalf("%s: value %d became %v and %v, want %v", what, i, wide[i], single[i], v)
						}
					}
				}
				same("float32")
				wide, single = numbers[float64](b, n, true), numbers[float32](b, n, true)
				b.SurveyFloat64(&again[0], &wide[0], &single[0], &row[0], &weighted[0], &weak[0], n)
				same("float64")
				total := func(sums []float64, i int) float64 {
					sum := 0.0
					for _, v := range sums[i*b.Lanes:][:b.Lanes] {
						sum += v
					}
					return sum
				}
				poisoned := math.IsNaN(odd * 0)
				for i := range 7 {
					if got, want := total(again, i), total(sums, i); !poisoned && got != want {
						b.Fatalf("sums %d of float64 and float32 differ: %v and %v", i, got, want)
					}
				}
				if got := total(sums, 0); math.IsNaN(got) != poisoned || !poisoned && got != 0 {
					b.Fatalf("%v in the signal: poison is %v", odd, got)
				}
				if poisoned {
					continue
				}
				var want [7]float64
				for i, v := range row {
					want[1], want[2] = min(want[1], v), max(want[2], v)
					want[3] += weak[i] * v
					want[4] += weighted[i] * v
					want[5] += weighted[i] * max(v, 0)
					want[6] += weighted[i] * v * v
				}
				got := [7]float64{0, slices.Min(sums[b.Lanes:][:b.Lanes]), slices.Max(sums[2*b.Lanes:][:b.Lanes]), total(sums, 3), total(sums, 4), total(sums, 5), total(sums, 6)}
				for i, w := range want {
					if math.Abs(got[i]-w) > 1e-12*float64(n) {
						b.Fatalf("%d values: result %d is %v, want %v", n, i, got[i], w)
					}
				}
			}
		}
	})
}

func TestDotIsTheDotProduct(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for chunks := range 9 {
			n := chunks * ops.Chunk
			x, y := numbers[float64](b, n+1, true), numbers[float64](b, n+1, true)
			want := 0.0
			for i := range n {
				want += x[i] * y[i]
			}
			if got := b.Dot(&x[0], &y[0], n); math.Abs(got-want) > 1e-14*float64(n) {
				b.Fatalf("of %d values: %v, want %v", n, got, want)
			}
		}
	})
}

// BenchmarkNNLSSteps times the steps with the sizes of the published study: 288 measurements, 181
// unknowns, and six columns in use.
func BenchmarkNNLSSteps(b *testing.B) {
	for _, set := range sets.Native() {
		if set.NNLS != nil {
			b.Run(set.Name, func(b *testing.B) { benchmarkNNLSSteps(b, set.NNLS, peakOf(b, set)) })
		}
	}
}

func benchmarkNNLSSteps(b *testing.B, s *ops.NNLS, peak kernel.Throughput) {
	const unknowns, inUse, measurements = 181, 6, 288
	run := func(name string, voxels int, operations, peak float64, step func()) {
		timed(b, name, voxels, operations, peak, step)
	}
	tiles := func(tile int) (int, int) { return (unknowns + tile - 1) / tile, (unknowns + tile - 1) / tile * tile }
	count, n := tiles(s.Tile * s.Lanes)
	gram, w, x, offsets := make([]float64, unknowns*n), make([]float64, n), make([]float64, inUse), make([]int, inUse)
	for i := range offsets {
		offsets[i] = i * 29 * n * 8
	}
	run("Price", 1, 2*unknowns*inUse, peak.Float64, func() { s.Price(&w[0], &gram[0], &gram[0], &x[0], &offsets[0], inUse, count) })
	singles, m := tiles(s.Tile * s.Singles)
	gramSingle, wSingle, xSingle, above := make([]float32, unknowns*m), make([]float32, m), make([]float32, inUse), make([]byte, m/8)
	for i := range offsets {
		offsets[i] = i * 29 * m * 4
	}
	run("PriceSingle", 1, 2*unknowns*inUse, peak.Float32, func() {
		s.PriceSingle(&wSingle[0], &above[0], &gramSingle[0], &gramSingle[0], &xSingle[0], &offsets[0], inUse, 0, 0, singles)
	})
	block := s.BlockUnknowns * s.Singles
	matrix, rows, dst := make([]float32, m*measurements), make([]float32, s.BlockVoxels*measurements), make([]float32, s.BlockVoxels*m)
	run("ProjectSingle", s.BlockVoxels, 2*unknowns*measurements, peak.Float32, func() {
		s.ProjectSingle(&dst[0], &matrix[0], &rows[0], measurements, measurements, m, m/block)
	})
	rows64, matrix64, dst64 := make([]float64, s.BlockVoxels*measurements), make([]float64, n*measurements), make([]float64, s.BlockVoxels*n)
	run("Project", s.BlockVoxels, 2*unknowns*measurements, peak.Float64, func() {
		s.Project(&dst64[0], &matrix64[0], &rows64[0], measurements, measurements, n, n/(s.BlockUnknowns*s.Lanes))
	})
	signal, wide, sums := make([]float64, measurements), make([]float64, measurements), make([]float64, 7*s.Lanes)
	run("SurveyFloat32", 1, 8*measurements, peak.Float64, func() {
		s.SurveyFloat32(&sums[0], &wide[0], &rows[0], &rows[0], &signal[0], &signal[0], measurements)
	})
	run("SurveyFloat64", 1, 8*measurements, peak.Float64, func() {
		s.SurveyFloat64(&sums[0], &wide[0], &rows[0], &rows64[0], &signal[0], &signal[0], measurements)
	})
	run("Dot", 1, 2*measurements, peak.Float64, func() { s.Dot(&signal[0], &wide[0], measurements) })
}
