package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// peaksBench is what a test of one step needs: the set of the step, random numbers, and guarded memory.
type peaksBench struct {
	*testing.T
	*ops.Peaks
	*rand.Rand
	edge guarded.Edge
}

func forEachPeaksSet(t *testing.T, test func(b peaksBench)) {
	forEachTable(t, func(s *ops.Set) *ops.Peaks { return s.Peaks }, func(t *testing.T, k *ops.Peaks) {
		for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
			test(peaksBench{t, k, rand.New(rand.NewPCG(7, 8)), edge})
		}
	})
}

// guardedNumbers returns n vectors of random values in guarded memory. All of lane 1 is NaN.
func guardedNumbers[T number](b peaksBench, n, lanes int) []T {
	values := guarded.Slice[T](b.T, n*lanes, b.edge)
	for i := range values {
		values[i] = T(b.NormFloat64())
		if i%lanes == 1 {
			values[i] = T(math.NaN())
		}
	}
	return values
}

// sameBits compares to the last bit. All NaN are equal.
func sameBits[T number](got, want []T) bool {
	return slices.EqualFunc(got, want, func(g, w T) bool {
		return math.Float64bits(float64(g)) == math.Float64bits(float64(w)) || g != g && w != w
	})
}

func TestRoundJoinsTwoLotsOfVectorsAndAddsUpSquares(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		lanes, half := b.Single.Lanes, b.Double.Lanes
		for columns := 1; columns < 100; columns++ {
			x := guardedNumbers[float64](b, 2*columns, half)
			x[0], x[2] = 1e300, -1e-310
			dst, squares := guardedNumbers[float32](b, columns, lanes), guardedNumbers[float32](b, 1, lanes)
			want, sums := make([]float32, len(dst)), make([]float32, lanes)
			for c := range columns {
				for i := range lanes {
					v := float32(x[(i/half*columns+c)*half+i%half])
					want[c*lanes+i], sums[i] = v, fma(v, v, sums[i])
				}
			}
			b.Round(&dst[0], &squares[0], &x[0], columns)
			if !sameBits(dst, want) || !sameBits(squares, sums) {
				b.Fatalf("%d columns: sums of squares are %v, want %v, vectors are right: %v", columns, squares, sums, sameBits(dst, want))
			}
		}
	})
}

func TestSamplesAreProductsWithTheirExtremes(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		lanes := b.Single.Lanes
		for _, columns := range kerneltest.Sizes(0, 130) {
			count := 1 + b.IntN(4)
			x := guardedNumbers[float32](b, max(columns, 1), lanes)
			panels := guarded.Slice[float32](b.T, max(count*b.Panel*columns, 1), b.edge)
			for i := range panels {
				panels[i] = float32(b.NormFloat64())
			}
			values, extremes := guardedNumbers[float32](b, count*b.Panel, lanes), guardedNumbers[float32](b, 2, lanes)
			b.Samples(&values[0], &extremes[0], &panels[0], &x[0], count, columns)
			for i := range lanes {
				low, high := float32(math.Inf(1)), float32(math.Inf(-1))
				for r := range count * b.Panel {
					var want float32
					for c := range columns {
						want = fma(panels[(r/b.Panel*columns+c)*b.Panel+r%b.Panel], x[c*lanes+i], want)
					}
					if got := values[r*lanes+i]; !sameBits([]float32{got}, []float32{want}) {
						b.Fatalf("%d columns: row %d of lane %d is %v, want %v", columns, r, i, got, want)
					}
					low, high = min(low, want), max(high, want)
				}
				if i != 1 && (extremes[i] != low || extremes[lanes+i] != high) {
					b.Fatalf("%d columns: lane %d goes from %v to %v, want %v to %v", columns, i, extremes[i], extremes[lanes+i], low, high)
				}
			}
		}
	})
}

func TestMaximaListsWhatTheLimitsSay(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		for n := 1; n < 140; n++ {
			testMaxima(b, b.Single, n)
			testMaxima(b, b.Double, n)
		}
	})
}

func testMaxima[T number](b peaksBench, s ops.PeakSearch[T], n int) {
	lanes, eights := s.Lanes, 1+n%3
	values := guardedNumbers[T](b, n, lanes)
	for i := range values {
		values[i] = T(math.Round(4*float64(values[i]))) / 4 // with many ties
	}
	neighbours := guarded.Slice[int32](b.T, 8*eights*n, b.edge)
	for i := range neighbours {
		neighbours[i] = int32(b.IntN(n) * lanes * sizeOf[T]())
	}
	limits := guardedNumbers[T](b, 3, lanes)
	for i := range lanes {
		limits[i] = T(b.IntN(3)) / 4
		if i == 2 {
			limits[lanes+i], limits[2*lanes+i] = T(math.Inf(1)), T(math.Inf(-1))
		}
	}
	found := guarded.Slice[ops.Found](b.T, n+1, b.edge)
	count := s.Maxima(&found[0], &values[0], &limits[0], &neighbours[0], n, eights)
	want := slices.DeleteFunc(maximaOf(values, limits, neighbours, lanes, n, eights), func(f ops.Found) bool {
		return f[ops.FoundMaximum]|f[ops.FoundLowest] == 0
	})
	var got []ops.Found
	for _, f := range found[:count] {
		for k := ops.FoundMaximum; k <= ops.FoundLowest; k++ {
			f[k] &^= 2 // nothing is said of NaN
		}
		if f[ops.FoundMaximum]|f[ops.FoundLowest] != 0 {
			got = append(got, f)
		}
	}
	if !slices.Equal(got, want) {
		b.Fatalf("%d vertices: found %v, want %v", n, got, want)
	}
}

// maximaOf returns what Maxima finds, with entries also for vertices that Maxima leaves out.
func maximaOf[T number](values, limits []T, neighbours []int32, lanes, n, eights int) (found []ops.Found) {
	for v := range n {
		f := ops.Found{ops.FoundVertex: uint16(v)}
		for i := range lanes {
			value, highest := values[v*lanes+i], T(math.Inf(-1))
			for _, offset := range neighbours[8*eights*v:][:8*eights] {
				highest = max(highest, values[int(offset)/sizeOf[T]()+i])
			}
			margin, least, lowest := limits[i], limits[lanes+i], limits[2*lanes+i]
			if value >= highest-margin && value >= least {
				f[ops.FoundMaximum] |= 1 << i
				if !(value > highest+margin) {
					f[ops.FoundDoubtful] |= 1 << i
				}
			}
			if value <= lowest {
				f[ops.FoundLowest] |= 1 << i
			}
		}
		found = append(found, f)
	}
	return found
}

func TestSpreadAddsUpInOrder(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		lanes := b.Double.Lanes
		for n := 1; n < 200; n++ {
			values, sums := guardedNumbers[float64](b, n, lanes), guardedNumbers[float64](b, 2, lanes)
			b.Spread(&sums[0], &values[0], n)
			for i := range lanes {
				differences, squares := spreadOf(values, lanes, i, n)
				if !sameBits([]float64{sums[i], sums[lanes+i]}, []float64{differences, squares}) {
					b.Fatalf("%d vectors: lane %d has sums %v and %v, want %v and %v", n, i, sums[i], sums[lanes+i], differences, squares)
				}
			}
		}
	})
}

// spreadOf returns what Spread writes for one lane.
func spreadOf(values []float64, lanes, lane, n int) (differences, squares float64) {
	sum := 0.0
	for v := range n {
		x := values[v*lanes+lane]
		sum, squares = sum+x, squares+float64(x*x)
	}
	for v := range n {
		d := values[v*lanes+lane] - sum/float64(n)
		differences += float64(d * d)
	}
	return differences, squares
}

func TestCombineAddsUpRowsInOrder(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		for count := range 60 {
			tiles := 1 + count%3
			n := tiles * b.Tile * b.Double.Lanes
			rows, weights := guardedNumbers[float64](b, n*(count+1)/b.Double.Lanes, b.Double.Lanes), guarded.Slice[float64](b.T, count+1, b.edge)
			offsets, dst := guarded.Slice[int](b.T, count+1, b.edge), guardedNumbers[float64](b, n/b.Double.Lanes, b.Double.Lanes)
			want := make([]float64, n)
			for i := range count {
				row := b.IntN(count + 1)
				offsets[i], weights[i] = row*n*8, b.NormFloat64()
				for j := range want {
					want[j] += float64(weights[i] * rows[row*n+j])
				}
			}
			b.Combine(&dst[0], &rows[0], &weights[0], &offsets[0], count, tiles)
			if !sameBits(dst, want) {
				b.Fatalf("%d rows of %d tiles: the sum is wrong", count, tiles)
			}
		}
	})
}

func TestJetsAreThoseOfThePolynomialToTheLastBit(t *testing.T) {
	forEachPeaksSet(t, func(b peaksBench) {
		lanes := b.Double.Lanes
		for degree := range 15 {
			p := ref.NewPolynomial(degree)
			weights, points := guardedNumbers[float64](b, len(p.Weights()), lanes), guardedNumbers[float64](b, 3, lanes)
			jets, tables := guardedNumbers[float64](b, 10, lanes), guardedNumbers[float64](b, ops.JetTables(degree), lanes)
			scaled := guarded.Slice[float64](b.T, len(weights), b.edge)
			for i, w := range weights {
				scaled[i] = w * p.Scale()[i/lanes]
			}
			b.Jets(&jets[0], &scaled[0], &points[0], &tables[0], degree)
			for i := range lanes {
				for m := range p.Weights() {
					p.Weights()[m] = weights[m*lanes+i]
				}
				j := p.At([3]float64{points[i], points[lanes+i], points[2*lanes+i]})
				want := append(append([]float64{j.Value}, j.Gradient[:]...), j.Hessian[:]...)
				for k, x := range want {
					if got := jets[k*lanes+i]; !sameBits([]float64{got}, []float64{x}) {
						b.Fatalf("degree %d: number %d of lane %d is %v, want %v", degree, k, i, got, x)
					}
				}
			}
		}
	})
}

// BenchmarkPeaksSteps times the steps of peaks for DIPY's default sphere and lmax 8, and of the ODF of the sparse
// fascicle model with six fascicles on 181 vertices. "peak" is the share of the peak of this core in that precision.
func BenchmarkPeaksSteps(b *testing.B) {
	const vertices, columns, eights, fascicles, few = 362, 45, 1, 181, 6
	for _, set := range sets.Native() {
		s := set.Peaks
		if s == nil {
			continue
		}
		peak := peakOf(b, set)
		run := func(name string, voxels int, operations, most float64, step func()) {
			timed(b, set.Name+"/"+name, voxels, operations, most, step)
		}
		lanes, half := s.Single.Lanes, s.Double.Lanes
		rows := up(vertices, s.Panel)
		x, wide, squares := make([]float32, columns*lanes), make([]float64, 2*columns*half), make([]float32, lanes)
		run("Round", lanes, 0, 0, func() { s.Round(&x[0], &squares[0], &wide[0], columns) })
		panels, values, extremes := make([]float32, rows*columns), make([]float32, rows*lanes), make([]float32, 2*lanes)
		run("Samples", lanes, 2*vertices*columns, peak.Float32, func() {
			s.Samples(&values[0], &extremes[0], &panels[0], &x[0], rows/s.Panel, columns)
		})
		random := rand.New(rand.NewPCG(9, 9))
		neighbours, found := make([]int32, 8*eights*vertices), make([]ops.Found, vertices+1)
		for i := range neighbours {
			neighbours[i] = int32(random.IntN(vertices) * lanes * 4)
		}
		limits := make([]float32, 3*lanes)
		for i := range values {
			values[i] = random.Float32()
		}
		for i := range lanes {
			limits[lanes+i], limits[2*lanes+i] = 0.9, -1
		}
		run("Maxima", lanes, 0, 0, func() {
			s.Single.Maxima(&found[0], &values[0], &limits[0], &neighbours[0], vertices, eights)
		})
		valuesOfDouble, limitsOfDouble := make([]float64, vertices*half), make([]float64, 3*half)
		for i := range valuesOfDouble {
			valuesOfDouble[i] = random.Float64()
		}
		for i := range half {
			limitsOfDouble[half+i], limitsOfDouble[2*half+i] = 0.9, -1
		}
		for i := range neighbours {
			neighbours[i] = int32(random.IntN(vertices) * half * 8)
		}
		run("MaximaOfDouble", half, 0, 0, func() {
			s.Double.Maxima(&found[0], &valuesOfDouble[0], &limitsOfDouble[0], &neighbours[0], vertices, eights)
		})
		samples, sums := make([]float64, fascicles*half), make([]float64, 2*half)
		run("Spread", half, 6*fascicles, peak.Float64, func() { s.Spread(&sums[0], &samples[0], fascicles) })
		const degree, monomials = 8, 45
		weights8, points, tables, jets := make([]float64, monomials*half), make([]float64, 3*half), make([]float64, ops.JetTables(degree)*half), make([]float64, 10*half)
		run("Jets", half, 29*monomials, peak.Float64, func() { s.Jets(&jets[0], &weights8[0], &points[0], &tables[0], degree) })
		n := up(fascicles, s.Tile*half)
		fascicle, odf, weights, offsets := make([]float64, fascicles*n), make([]float64, n), make([]float64, few), make([]int, few)
		for i := range offsets {
			offsets[i] = i * 29 * n * 8
		}
		run("Combine", 1, 2*fascicles*few, peak.Float64, func() {
			s.Combine(&odf[0], &fascicle[0], &weights[0], &offsets[0], few, n/(s.Tile*half))
		})
	}
}
