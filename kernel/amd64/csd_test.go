package amd64_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// csdBench is what a test of one step needs: the step's set, numbers, and guarded memory.
type csdBench struct {
	*testing.T
	*ops.CSD
	*rand.Rand
	edge kerneltest.Edge
}

// forEachCSDSet runs a test on every set of this processor, with buffers that begin at a forbidden page
// and with buffers that end at one.
func forEachCSDSet(t *testing.T, test func(b csdBench)) {
	sets := map[string]*ops.CSD{}
	var names []string
	for _, set := range amd64.Sets() {
		if set.CSD != nil {
			sets[set.Name] = set.CSD
			names = append(names, set.Name)
		}
	}
	kerneltest.ForEachSet(t, names, func(t *testing.T, name string) {
		for _, edge := range []kerneltest.Edge{kerneltest.Begin, kerneltest.End} {
			test(csdBench{t, sets[name], rand.New(rand.NewPCG(1, 2)), edge})
		}
	})
}

func (b csdBench) zeros(n int) []float64 { return kerneltest.Guarded[float64](b.T, n, b.edge) }

// numbers are n random values.
func (b csdBench) numbers(n int) []float64 {
	values := b.zeros(n)
	for i := range values {
		values[i] = b.NormFloat64()
	}
	return values
}

// vectors are n vectors of random values; all of lane 1 is NaN, to see that no other lane notices.
func (b csdBench) vectors(n int) []float64 {
	values := b.numbers(n * b.Lanes)
	for i := range n {
		values[i*b.Lanes+1] = math.NaN()
	}
	return values
}

// lane is the numbers of one lane.
func (b csdBench) lane(vectors []float64, lane int) []float64 {
	values := make([]float64, len(vectors)/b.Lanes)
	for i := range values {
		values[i] = vectors[i*b.Lanes+lane]
	}
	return values
}

// offsets are the byte offsets of vectors by their numbers.
func (b csdBench) offsets(places []int) []int32 {
	list := kerneltest.Guarded[int32](b.T, len(places), b.edge)
	for i, p := range places {
		list[i] = int32(p * b.Lanes * 8)
	}
	return list
}

// equalBits compares to the last bit; all NaN are equal.
func (b csdBench) equalBits(what string, got, want []float64) {
	b.Helper()
	for i, w := range want {
		if g := got[i]; math.Float64bits(g) != math.Float64bits(w) && !(math.IsNaN(g) && math.IsNaN(w)) {
			b.Fatalf("%s: value %d is %v, want %v", what, i, g, w)
		}
	}
}

func TestPackTransposesAnyNumberOfColumns(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for columns := b.Lanes; columns < 4*b.Lanes; columns++ {
			stride := columns + b.IntN(3)
			rows := b.numbers((b.Lanes-1)*stride + columns)
			narrow := kerneltest.Guarded[float32](b.T, len(rows), b.edge)
			for i, v := range rows {
				narrow[i] = float32(v)
			}
			wide, fromNarrow, moments := b.zeros(columns*b.Lanes), b.zeros(columns*b.Lanes), b.zeros(columns*b.Lanes)
			b.Transpose(&moments[0], &rows[0], columns, stride)
			b.PackFloat64(&wide[0], &rows[0], columns, stride)
			b.PackFloat32(&fromNarrow[0], &narrow[0], columns, stride)
			b.equalBits("transposed", moments, wide)
			for lane := range b.Lanes {
				for c := range columns {
					if got, want := wide[c*b.Lanes+lane], rows[lane*stride+c]; got != want {
						b.Fatalf("%d columns: column %d of row %d is %v, want %v", columns, c, lane, got, want)
					}
					if got, want := fromNarrow[c*b.Lanes+lane], float64(narrow[lane*stride+c]); got != want {
						b.Fatalf("%d columns of float32: column %d of row %d is %v, want %v", columns, c, lane, got, want)
					}
				}
			}
		}
	})
}

func TestInspectSeesWhatASignalHolds(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for n := 1; n < 20; n++ {
			x := b.numbers(2 * n * b.Lanes)
			places := make([]int, n)
			for i := range places {
				places[i] = 2*i + 1
				x[places[i]*b.Lanes] = math.Abs(x[places[i]*b.Lanes]) + 1
				x[places[i]*b.Lanes+3] = 0
			}
			odd := places[b.IntN(n)]
			x[odd*b.Lanes+1], x[odd*b.Lanes+2] = math.NaN(), math.Inf(-1)
			x[(odd-1)*b.Lanes] = math.NaN() // not listed
			seen := b.zeros(3 * b.Lanes)
			b.Inspect(&seen[0], &x[0], &b.offsets(places)[0], n)
			for lane := range b.Lanes {
				poison, low, high := seen[lane], seen[b.Lanes+lane], seen[2*b.Lanes+lane]
				if wantNaN := lane == 1 || lane == 2; math.IsNaN(poison) != wantNaN || !wantNaN && poison != 0 {
					b.Fatalf("lane %d: poison %v", lane, poison)
				}
				if lane == 1 || lane == 2 {
					continue
				}
				wantLow, wantHigh := math.Inf(1), math.Inf(-1)
				for _, p := range places {
					wantLow, wantHigh = min(wantLow, x[p*b.Lanes+lane]), max(wantHigh, x[p*b.Lanes+lane])
				}
				if low != wantLow || high != wantHigh {
					b.Fatalf("lane %d: from %v to %v, want %v to %v", lane, low, high, wantLow, wantHigh)
				}
			}
		}
	})
}

// product is rows of panels times x, one lane of each.
func (b csdBench) product(panels []float64, count, columns, stored int, x []float64) []float64 {
	result := make([]float64, count*b.Panel)
	for r := range result {
		panel := panels[r/b.Panel*stored*b.Panel:]
		for c := range columns {
			result[r] = math.FMA(panel[c*b.Panel+r%b.Panel], x[c], result[r])
		}
	}
	return result
}

func TestMultiplyIsTheProductOfTheListedVectors(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for _, size := range []struct{ count, columns int }{{1, 1}, {1, 7}, {2, 45}, {5, 3}} {
			panels, x := b.numbers(size.count*size.columns*b.Panel), b.vectors(size.columns)
			places := b.Perm(size.columns)
			dst := b.zeros(size.count * b.Panel * b.Lanes)
			b.Multiply(&dst[0], &panels[0], &x[0], &b.offsets(places)[0], size.count, size.columns)
			for lane := range b.Lanes {
				column := b.lane(x, lane)
				listed := make([]float64, size.columns)
				for i, p := range places {
					listed[i] = column[p]
				}
				b.equalBits("product", b.lane(dst, lane), b.product(panels, size.count, size.columns, size.columns, listed))
			}
		}
	})
}

func TestBelowMarksStrictlySmallerRows(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for _, size := range []struct{ rows, columns, stored int }{{1, 1, 1}, {20, 15, 15}, {64, 3, 9}, {65, 45, 45}, {181, 15, 45}, {300, 6, 28}} {
			count, words := (size.rows+b.Panel-1)/b.Panel, (size.rows+63)/64
			panels, x, thresholds := b.numbers(count*size.stored*b.Panel), b.vectors(size.columns), b.zeros(b.Lanes)
			want := make([][]float64, b.Lanes)
			for lane := range b.Lanes {
				want[lane] = b.product(panels, count, size.columns, size.stored, b.lane(x, lane))
				thresholds[lane] = want[lane][b.IntN(size.rows)] // one row is equal
			}
			thresholds[2] = math.NaN()
			sets := kerneltest.Guarded[uint64](b.T, b.Lanes*words, b.edge)
			rows := kerneltest.Guarded[byte](b.T, max(count*b.Panel, 64*words), b.edge)
			b.Below(&sets[0], &rows[0], &panels[0], &x[0], &thresholds[0], count, size.columns, (size.stored-size.columns)*b.Panel*8, words)
			for lane := range b.Lanes {
				for r := range size.rows {
					if got, want := sets[lane*words+r/64]>>(r%64)&1 == 1, want[lane][r] < thresholds[lane]; got != want {
						b.Fatalf("%d rows: row %d of lane %d is %v, want %v", size.rows, r, lane, got, want)
					}
				}
			}
		}
	})
}

func TestAccumulateAddsAndTakesOffRows(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for stripes := 1; stripes < 4; stripes++ {
			width, rows := stripes*b.Stripe, 9
			table, from, dst := b.numbers(rows*width), b.numbers(width), b.zeros(width)
			for _, count := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 5}} {
				list := kerneltest.Guarded[int](b.T, count[0]+count[1], b.edge)
				want := append([]float64(nil), from...)
				for i := range list {
					row := b.IntN(rows)
					list[i] = row * width * 8
					for k := range want {
						if i < count[0] {
							want[k] += table[row*width+k]
						} else {
							want[k] -= table[row*width+k]
						}
					}
				}
				b.Accumulate(&dst[0], &from[0], &table[0], unsafe.SliceData(list), count[0], count[1], stripes)
				b.equalBits("moments", dst, want)
			}
		}
	})
}

func TestAssembleFollowsItsRecords(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		const moments, twins, pairs = 20, 30, 12
		vector := b.Lanes * 8
		c, q := b.vectors(2*moments), b.zeros((8*twins+2*pairs)*b.Lanes)
		var records, pairRecords []int32
		var weights []float64
		for i := range twins {
			both, rest := b.IntN(5), b.IntN(5)
			difference, sum := b.IntN(moments-both-rest), b.IntN(moments-both)
			records = append(records, int32(2*difference*vector), int32(2*sum*vector), int32(both), int32(rest))
			for e := range 8 {
				records = append(records, int32((8*i+e)*vector))
			}
			weights = append(weights, b.numbers(8+4*both+2*rest)...)
		}
		for i := range pairs {
			terms := b.IntN(9)
			pairRecords = append(pairRecords, int32(2*b.IntN(moments-terms)*vector), int32(terms), int32((8*twins+2*i)*vector), int32((8*twins+2*i+1)*vector))
			weights = append(weights, b.numbers(2+terms)...)
		}
		guardedRecords := kerneltest.Guarded[int32](b.T, len(records), b.edge)
		guardedPairs := kerneltest.Guarded[int32](b.T, len(pairRecords), b.edge)
		guardedWeights := b.zeros(len(weights))
		copy(guardedRecords, records)
		copy(guardedPairs, pairRecords)
		copy(guardedWeights, weights)
		b.Assemble(&q[0], &c[0], &guardedWeights[0], &guardedRecords[0], twins, &guardedPairs[0], pairs)
		for lane := range b.Lanes {
			b.equalBits("entries", b.lane(q, lane), assembled(b.lane(c, lane), weights, records, pairRecords, vector))
		}
	})
}

// assembled is what Assemble writes, in one lane. Entries are in the order of the records.
func assembled(c, weights []float64, twins, pairs []int32, vector int) (q []float64) {
	next := func() float64 {
		w := weights[0]
		weights = weights[1:]
		return w
	}
	for ; len(twins) > 0; twins = twins[12:] {
		difference, sum := c[int(twins[0])/vector:], c[int(twins[1])/vector:]
		var p [8]float64
		for i := range p {
			p[i] = next()
		}
		var mc, ms, pc, ps [2]float64
		for t := range int(twins[2] + twins[3]) {
			for k := range 2 {
				w := next()
				mc[k], ms[k] = math.FMA(w, difference[2*t], mc[k]), math.FMA(w, difference[2*t+1], ms[k])
			}
			for k := 0; k < 2 && t < int(twins[2]); k++ {
				w := next()
				pc[k], ps[k] = math.FMA(w, sum[2*t], pc[k]), math.FMA(w, sum[2*t+1], ps[k])
			}
		}
		for k := range 2 {
			q = append(q, p[4*k]+(mc[k]+pc[k]), p[4*k+1]+(mc[k]-pc[k]), p[4*k+2]+(ps[k]+ms[k]), p[4*k+3]+(ps[k]-ms[k]))
		}
	}
	for ; len(pairs) > 0; pairs = pairs[4:] {
		run := c[int(pairs[0])/vector:]
		cos0, sin0 := next(), next()
		var cos, sin float64
		for t := range int(pairs[1]) {
			w := next()
			cos, sin = math.FMA(w, run[2*t], cos), math.FMA(w, run[2*t+1], sin)
		}
		q = append(q, cos0+cos, sin0+sin)
	}
	return q
}

// place is the number of the vector of an entry in a triangle of tiles.
func (b csdBench) place(row, column int) int {
	i, j := row/b.Tile, column/b.Tile
	return (i*(i+1)/2+j)*b.Tile*b.Tile + column%b.Tile*b.Tile + row%b.Tile
}

// positiveDefinite fills a triangle of tiles with A^T A + I for a random A in each lane.
func (b csdBench) positiveDefinite(tiles int) []float64 {
	n := tiles * b.Tile
	q := b.zeros(tiles * (tiles + 1) / 2 * b.Tile * b.Tile * b.Lanes)
	for lane := range b.Lanes {
		a := make([]float64, n*n)
		for i := range a {
			a[i] = b.NormFloat64()
		}
		for i := range n {
			for j := range i + 1 {
				sum := 0.0
				for k := range n {
					sum += a[k*n+i] * a[k*n+j]
				}
				if i == j {
					sum++
				}
				q[b.place(i, j)*b.Lanes+lane] = sum
			}
		}
	}
	return q
}

// solved is one lane of Factorise and BackSolve, in the order of a textbook.
func (b csdBench) solved(q, z []float64) (factor, inverse, y, f []float64) {
	n := len(z)
	factor = append(factor, q...)
	inverse, y = make([]float64, n), append(y, z...)
	for i := range n {
		for j := range i + 1 {
			sum := factor[b.place(i, j)]
			for k := range j {
				sum = math.FMA(-factor[b.place(i, k)], factor[b.place(j, k)], sum)
			}
			if j == i {
				inverse[i] = math.Sqrt(sum) * (1 / sum)
			}
			factor[b.place(i, j)] = sum * inverse[j]
		}
		for k := range i {
			y[i] = math.FMA(-factor[b.place(i, k)], y[k], y[i])
		}
		y[i] *= inverse[i]
	}
	f = append(f, y...)
	for i := n - 1; i >= 0; i-- {
		f[i] *= inverse[i]
		for k := range i {
			f[k] = math.FMA(-factor[b.place(i, k)], f[i], f[k])
		}
	}
	return factor, inverse, y, f
}

func TestFactoriseAndBackSolveAreATextbooksToTheLastBit(t *testing.T) {
	forEachCSDSet(t, func(b csdBench) {
		for _, tiles := range []int{1, 2, 3, 9, 15, 20} {
			n := tiles * b.Tile
			q, z := b.positiveDefinite(tiles), b.vectors(n)
			for lane, pivot := range map[int]float64{2: -1, 3: 0} { // not positive definite
				q[b.place(n-1, n-1)*b.Lanes+lane] = pivot
				for j := range n - 1 {
					q[b.place(n-1, j)*b.Lanes+lane] = 0
				}
			}
			before := append([]float64(nil), q...)
			inverse, y := b.zeros(n*b.Lanes), b.zeros(n*b.Lanes)
			b.Factorise(&q[0], &inverse[0], &y[0], &z[0], tiles)
			f := b.zeros((n + 1) * b.Lanes)
			copy(f, y)
			b.BackSolve(&f[0], &q[0], &inverse[0], tiles)
			for lane := range b.Lanes {
				wantFactor, wantInverse, wantY, wantF := b.solved(b.lane(before, lane), b.lane(z, lane))
				gotFactor := b.lane(q, lane)
				for i := range n {
					for j := range i + 1 {
						b.equalBits("factor", gotFactor[b.place(i, j):][:1], wantFactor[b.place(i, j):][:1])
					}
				}
				b.equalBits("reciprocals", b.lane(inverse, lane), wantInverse)
				b.equalBits("y", b.lane(y, lane), wantY)
				b.equalBits("f", b.lane(f, lane), wantF)
				poison := f[n*b.Lanes+lane]
				if wantNaN := lane == 1 || lane == 2 || lane == 3; math.IsNaN(poison) != wantNaN || !wantNaN && poison != 0 {
					b.Fatalf("lane %d: the vector after f has %v", lane, poison)
				}
			}
		}
	})
}
