package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

type (
	number interface{ float32 | float64 }
	sum    interface{ int32 | float64 } // of rows of a table, for that number
)

// csdBench is what a test of one step needs: the set of the step, numbers, and guarded memory.
type csdBench[T number, S sum] struct {
	*testing.T
	*ops.CSDIteration[T, S]
	*rand.Rand
	kernels *ops.CSD
	edge    guarded.Edge
}

// forEachCSDSet runs a test on every set of this processor. Buffers once begin at a page that may not be touched, and
// once end at one.
func forEachCSDSet(t *testing.T, test func(b csdBench[float64, float64])) {
	forEachIteration(t, func(s *ops.CSD) *ops.CSDIteration[float64, float64] { return &s.CSDIteration }, test)
}

// forEachCSDPrecision runs a test of a step that exists in both precisions.
func forEachCSDPrecision(t *testing.T, double func(csdBench[float64, float64]), single func(csdBench[float32, int32])) {
	t.Run("double", func(t *testing.T) { forEachCSDSet(t, double) })
	t.Run("single", func(t *testing.T) {
		forEachIteration(t, singleIteration, single)
	})
}

func singleIteration(s *ops.CSD) *ops.CSDIteration[float32, int32] {
	if s.Single == nil {
		return nil
	}
	return &s.Single.CSDIteration
}

func forEachIteration[T number, S sum](t *testing.T, steps func(*ops.CSD) *ops.CSDIteration[T, S], test func(csdBench[T, S])) {
	forEachTable(t, func(s *ops.Set) *ops.CSD { return s.CSD }, func(t *testing.T, k *ops.CSD) {
		iteration := steps(k)
		if iteration == nil {
			t.Skip("this set has no iteration in single precision")
		}
		for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
			test(csdBench[T, S]{t, iteration, rand.New(rand.NewPCG(1, 2)), k, edge})
		}
	})
}

// vector returns the size of a vector in bytes.
func (b csdBench[T, S]) vector() int { return b.Lanes * sizeOf[T]() }

func sizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }

func (b csdBench[T, S]) zeros(n int) []T { return guarded.Slice[T](b.T, n, b.edge) }

// numbers returns n random values.
func (b csdBench[T, S]) numbers(n int) []T {
	values := b.zeros(n)
	for i := range values {
		values[i] = T(b.NormFloat64())
	}
	return values
}

// sums returns n random sums of rows.
func (b csdBench[T, S]) sums(n int) []S {
	values := guarded.Slice[S](b.T, n, b.edge)
	for i := range values {
		values[i] = S(b.NormFloat64() * (1 << 24))
	}
	return values
}

// vectors returns n vectors of random values. All of lane 1 is NaN, to see that no other lane notices.
func (b csdBench[T, S]) vectors(n int) []T {
	values := b.numbers(n * b.Lanes)
	for i := range n {
		values[i*b.Lanes+1] = T(math.NaN())
	}
	return values
}

// lane returns the numbers of one lane.
func (b csdBench[T, S]) lane(vectors []T, lane int) []T {
	values := make([]T, len(vectors)/b.Lanes)
	for i := range values {
		values[i] = vectors[i*b.Lanes+lane]
	}
	return values
}

// offsets returns the byte offsets of vectors, from their numbers.
func (b csdBench[T, S]) offsets(places []int) []int32 {
	list := guarded.Slice[int32](b.T, len(places), b.edge)
	for i, p := range places {
		list[i] = int32(p * b.vector())
	}
	return list
}

// equalBits compares to the last bit. All NaN are equal.
func (b csdBench[T, S]) equalBits(what string, got, want []T) {
	b.Helper()
	for i, w := range want {
		g := got[i]
		if math.Float64bits(float64(g)) != math.Float64bits(float64(w)) && (g == g || w == w) {
			b.Fatalf("%s: value %d is %v, want %v", what, i, g, w)
		}
	}
}

// fma returns x*y + z, rounded once.
func fma[T number](x, y, z T) T {
	sum := math.FMA(float64(x), float64(y), float64(z))
	if unsafe.Sizeof(x) == 8 {
		return T(sum)
	}
	// A product of float32 is exact in float64. The sum is not. It is rounded to odd, and then rounding it to float32
	// gives what a single rounding would.
	product := float64(x) * float64(y)
	other := sum - product
	lost := (product - (sum - other)) + (float64(z) - other)
	if bits := math.Float64bits(sum); lost != 0 && lost == lost && bits&1 == 0 {
		if (lost > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return T(sum)
}

func TestPackTransposesAnyNumberOfColumns(t *testing.T) {
	forEachCSDSet(t, func(b csdBench[float64, float64]) {
		for columns := b.Lanes; columns < 4*b.Lanes; columns++ {
			stride := columns + b.IntN(3)
			rows := b.numbers((b.Lanes-1)*stride + columns)
			narrow := guarded.Slice[float32](b.T, len(rows), b.edge)
			for i, v := range rows {
				narrow[i] = float32(v)
			}
			wide, fromNarrow := b.zeros(columns*b.Lanes), b.zeros(columns*b.Lanes)
			b.kernels.PackFloat64(&wide[0], &rows[0], columns, stride)
			b.kernels.PackFloat32(&fromNarrow[0], &narrow[0], columns, stride)
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

func TestTransposeTakesAnyNumberOfColumns(t *testing.T) {
	forEachCSDPrecision(t, testTranspose[float64, float64], testTranspose[float32, int32])
}

func testTranspose[T number, S sum](b csdBench[T, S]) {
	for columns := b.Lanes; columns < 4*b.Lanes; columns++ {
		stride := columns + b.IntN(3)
		rows, dst := b.sums((b.Lanes-1)*stride+columns), b.zeros(columns*b.Lanes)
		b.Transpose(&dst[0], &rows[0], columns, stride)
		for lane := range b.Lanes {
			for c := range columns {
				if got, want := dst[c*b.Lanes+lane], T(rows[lane*stride+c]); got != want {
					b.Fatalf("%d columns: column %d of row %d is %v, want %v", columns, c, lane, got, want)
				}
			}
		}
	}
}

func TestInspectSeesWhatASignalHolds(t *testing.T) {
	forEachCSDSet(t, func(b csdBench[float64, float64]) {
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
			b.kernels.Inspect(&seen[0], &x[0], &b.offsets(places)[0], n)
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

// product returns rows of panels times x, for one lane.
func (b csdBench[T, S]) product(panels []T, count, columns, stored int, x []T) []T {
	result := make([]T, count*b.Panel)
	for r := range result {
		panel := panels[r/b.Panel*stored*b.Panel:]
		for c := range columns {
			result[r] = fma(panel[c*b.Panel+r%b.Panel], x[c], result[r])
		}
	}
	return result
}

func TestMultiplyIsTheProductOfTheListedVectors(t *testing.T) {
	forEachCSDSet(t, func(b csdBench[float64, float64]) {
		for _, size := range []struct{ count, columns int }{{1, 1}, {1, 7}, {2, 45}, {5, 3}} {
			panels, x := b.numbers(size.count*size.columns*b.Panel), b.vectors(size.columns)
			places := b.Perm(size.columns)
			dst := b.zeros(size.count * b.Panel * b.Lanes)
			b.kernels.Multiply(&dst[0], &panels[0], &x[0], &b.offsets(places)[0], size.count, size.columns)
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
	forEachCSDPrecision(t, testBelow[float64, float64], testBelow[float32, int32])
}

func testBelow[T number, S sum](b csdBench[T, S]) {
	for _, size := range []struct{ rows, columns, stored int }{{1, 1, 1}, {20, 15, 15}, {64, 3, 9}, {65, 45, 45}, {181, 15, 45}, {300, 6, 28}} {
		count, words := (size.rows+b.Panel-1)/b.Panel, (size.rows+63)/64
		panels, x, thresholds := b.numbers(count*size.stored*b.Panel), b.vectors(size.columns), b.zeros(b.Lanes)
		want := make([][]T, b.Lanes)
		for lane := range b.Lanes {
			want[lane] = b.product(panels, count, size.columns, size.stored, b.lane(x, lane))
			if thresholds[lane] = want[lane][b.IntN(size.rows)]; lane%4 == 3 { // else one row is equal
				thresholds[lane] += T(b.NormFloat64() / 10)
			}
		}
		thresholds[2] = T(math.NaN())
		sets := guarded.Slice[uint64](b.T, b.Lanes*words, b.edge)
		rows := guarded.Slice[byte](b.T, b.RowBytes(count, words), b.edge)
		skip := (size.stored - size.columns) * b.Panel * b.vector() / b.Lanes
		switch x := any(x).(type) {
		case []float64:
			b.kernels.Below(&sets[0], &rows[0], &any(panels).([]float64)[0], &x[0], &any(thresholds).([]float64)[0], count, size.columns, skip, words)
		case []float32:
			nearest := guarded.Slice[float32](b.T, b.Lanes, b.edge)
			b.kernels.Single.Below(&sets[0], &nearest[0], &rows[0], &any(panels).([]float32)[0], &x[0], &any(thresholds).([]float32)[0], count, size.columns, skip, words)
			for lane, got := range nearest {
				if lane != 1 && lane != 2 && got != squareOfNearest(any(want[lane]).([]float32), float32(thresholds[lane])) {
					b.Errorf("lane %d: the square of the smallest distance is %v, want that of %v to %v", lane, got, want[lane], thresholds[lane])
				}
			}
		}
		for lane := range b.Lanes {
			for r := range size.rows {
				if got, want := sets[lane*words+r/64]>>(r%64)&1 == 1, want[lane][r] < thresholds[lane]; got != want {
					b.Fatalf("%d rows: row %d of lane %d is %v, want %v", size.rows, r, lane, got, want)
				}
			}
		}
	}
}

func squareOfNearest(amplitudes []float32, threshold float32) float32 {
	square := float32(math.Inf(1))
	for _, a := range amplitudes {
		d := a - threshold
		square = min(square, d*d)
	}
	return square
}

func TestAccumulateAddsAndTakesOffRows(t *testing.T) {
	forEachCSDPrecision(t, testAccumulate[float64, float64], testAccumulate[float32, int32])
}

func testAccumulate[T number, S sum](b csdBench[T, S]) {
	for stripes := 1; stripes < 6; stripes++ {
		for words := 1; words < 5; words++ {
			width, directions := stripes*b.Stripe, 64*words-b.IntN(64)
			groups := (directions + 3) / 4
			table, from, dst := b.sums(groups*16*width), b.sums(width), b.sums(width)
			before, after := b.set(directions, words), b.set(directions, words)
			want := slices.Clone(from)
			for _, pass := range []struct {
				in, without []uint64
				sign        S
			}{{after, before, 1}, {before, after, -1}} {
				for g := range groups {
					row := g*16 + int((pass.in[g/16]&^pass.without[g/16])>>(g%16*4)&15)
					for k := 0; k < width && row%16 != 0; k++ {
						want[k] += pass.sign * table[row*width+k]
					}
				}
			}
			b.Accumulate(&dst[0], &from[0], &table[0], &before[0], &after[0], words, stripes)
			if !slices.Equal(dst, want) {
				b.Fatalf("%d stripes, from %x to %x: %v, want %v", stripes, before, after, dst, want)
			}
			b.Accumulate(&from[0], &from[0], &table[0], &before[0], &after[0], words, stripes)
			if !slices.Equal(from, want) {
				b.Fatalf("in place, %d stripes, from %x to %x: %v, want %v", stripes, before, after, from, want)
			}
		}
	}
}

// set returns a set of about half of the directions, and sometimes the empty set.
func (b csdBench[T, S]) set(directions, words int) []uint64 {
	set := guarded.Slice[uint64](b.T, words, b.edge)
	for d := 0; d < directions && b.edge == guarded.Begin || d < directions-4; d++ {
		set[d/64] |= b.Uint64() & 1 << (d % 64)
	}
	return set
}

func TestAssembleFollowsItsRecords(t *testing.T) {
	forEachCSDPrecision(t, testAssemble[float64, float64], testAssemble[float32, int32])
}

func testAssemble[T number, S sum](b csdBench[T, S]) {
	const moments, twins, couples = 20, 30, 12
	vector := b.vector()
	c, q := b.vectors(2*moments), b.zeros((8*twins+4*couples)*b.Lanes)
	var records, coupleRecords []int32
	var weights []T
	for i := range twins {
		both, rest := b.IntN(5), b.IntN(5)
		difference, sum := b.IntN(moments-both-rest), b.IntN(moments-both)
		records = append(records, int32(2*difference*vector), int32(2*sum*vector), int32(both), int32(rest))
		for e := range 8 {
			records = append(records, int32((8*i+e)*vector))
		}
		weights = append(weights, b.numbers(8+4*both+2*rest)...)
	}
	for i := range couples {
		terms := b.IntN(9)
		coupleRecords = append(coupleRecords, int32(2*b.IntN(moments-terms)*vector), int32(terms))
		for e := range 4 {
			coupleRecords = append(coupleRecords, int32((8*twins+4*i+e)*vector))
		}
		weights = append(weights, b.numbers(4+2*terms)...)
	}
	guardedRecords := guarded.Slice[int32](b.T, len(records), b.edge)
	guardedCouples := guarded.Slice[int32](b.T, len(coupleRecords), b.edge)
	guardedWeights := b.zeros(len(weights))
	copy(guardedRecords, records)
	copy(guardedCouples, coupleRecords)
	copy(guardedWeights, weights)
	b.Assemble(&q[0], &c[0], &guardedWeights[0], &guardedRecords[0], twins, &guardedCouples[0], couples)
	for lane := range b.Lanes {
		b.equalBits("entries", b.lane(q, lane), assembled(b.lane(c, lane), weights, records, coupleRecords, vector))
	}
}

// assembled returns what Assemble writes in one lane. Entries are in the order of the records.
func assembled[T number](c, weights []T, twins, couples []int32, vector int) (q []T) {
	next := func() T {
		w := weights[0]
		weights = weights[1:]
		return w
	}
	for ; len(twins) > 0; twins = twins[12:] {
		difference, sum := c[int(twins[0])/vector:], c[int(twins[1])/vector:]
		var p [8]T
		for i := range p {
			p[i] = next()
		}
		var mc, ms, pc, ps [2]T
		for t := range int(twins[2] + twins[3]) {
			for k := range 2 {
				w := next()
				mc[k], ms[k] = fma(w, difference[2*t], mc[k]), fma(w, difference[2*t+1], ms[k])
			}
			for k := 0; k < 2 && t < int(twins[2]); k++ {
				w := next()
				pc[k], ps[k] = fma(w, sum[2*t], pc[k]), fma(w, sum[2*t+1], ps[k])
			}
		}
		for k := range 2 {
			q = append(q, p[4*k]+(mc[k]+pc[k]), p[4*k+1]+(mc[k]-pc[k]), p[4*k+2]+(ps[k]+ms[k]), p[4*k+3]+(ps[k]-ms[k]))
		}
	}
	for ; len(couples) > 0; couples = couples[6:] {
		run := c[int(couples[0])/vector:]
		p := [4]T{next(), next(), next(), next()}
		var sums [4]T
		for t := range int(couples[1]) {
			for pair := range 2 {
				w := next()
				sums[2*pair], sums[2*pair+1] = fma(w, run[2*t], sums[2*pair]), fma(w, run[2*t+1], sums[2*pair+1])
			}
		}
		for i, sum := range sums {
			q = append(q, p[i]+sum)
		}
	}
	return q
}

// place returns the number of the vector of an entry in a triangle of tiles.
func (b csdBench[T, S]) place(row, column int) int {
	i, j := row/b.Tile, column/b.Tile
	return (i*(i+1)/2+j)*b.Tile*b.Tile + column%b.Tile*b.Tile + row%b.Tile
}

// positiveDefinite fills a triangle of tiles with A^T A + I for a random A in each lane.
func (b csdBench[T, S]) positiveDefinite(tiles int) []T {
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
				q[b.place(i, j)*b.Lanes+lane] = T(sum)
			}
		}
	}
	return q
}

// solved is one lane of Factorise and BackSolve, in the order of operations of a textbook.
func (b csdBench[T, S]) solved(q, z []T) (factor, inverse, y, f []T) {
	n := len(z)
	factor = append(factor, q...)
	inverse, y = make([]T, n), append(y, z...)
	for i := range n {
		for j := range i + 1 {
			sum := factor[b.place(i, j)]
			for k := range j {
				sum = fma(-factor[b.place(i, k)], factor[b.place(j, k)], sum)
			}
			if j == i {
				inverse[i] = T(math.Sqrt(float64(sum))) * (1 / sum)
			}
			factor[b.place(i, j)] = sum * inverse[j]
		}
		for k := range i {
			y[i] = fma(-factor[b.place(i, k)], y[k], y[i])
		}
		y[i] *= inverse[i]
	}
	f = append(f, y...)
	for i := n - 1; i >= 0; i-- {
		f[i] *= inverse[i]
		for k := range i {
			f[k] = fma(-factor[b.place(i, k)], f[i], f[k])
		}
	}
	return factor, inverse, y, f
}

func TestFactoriseAndBackSolveAreATextbooksToTheLastBit(t *testing.T) {
	forEachCSDPrecision(t, testFactoriseAndBackSolve[float64, float64], testFactoriseAndBackSolve[float32, int32])
}

func testFactoriseAndBackSolve[T number, S sum](b csdBench[T, S]) {
	for _, tiles := range []int{1, 2, 3, 9, 15, 20} {
		n := tiles * b.Tile
		q, z := b.positiveDefinite(tiles), b.vectors(n)
		for lane, pivot := range map[int]T{2: -1, 3: 0} { // not positive definite
			q[b.place(n-1, n-1)*b.Lanes+lane] = pivot
			for j := range n - 1 {
				q[b.place(n-1, j)*b.Lanes+lane] = 0
			}
		}
		before := slices.Clone(q)
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
			last := f[n*b.Lanes+lane : n*b.Lanes+lane+1]
			if finite, want := last[0]*0 == 0, lane == 0 || lane > 3; finite != want {
				b.Fatalf("lane %d: the vector after f has %v", lane, last[0])
			} else if want {
				b.equalBits("the vector after f", last, judged(wantF))
			}

		}
	}
}

// judged returns what BackSolve writes behind finite coefficients.
func judged[T number](f []T) []T {
	squares := T(0)
	if unsafe.Sizeof(squares) == 4 {
		for _, v := range f {
			squares = fma(v, v, squares)
		}
	}
	return []T{squares}
}

func TestConditionIsTheWeightedSumOfSquaredReciprocals(t *testing.T) {
	forEachIteration(t, singleIteration, func(b csdBench[float32, int32]) {
		for n := 1; n < 50; n++ {
			inverse, scales, condition := b.vectors(n), b.numbers(n), b.zeros(b.Lanes)
			b.kernels.Single.Condition(&condition[0], &inverse[0], &scales[0], n)
			for lane := range b.Lanes {
				want := float32(0)
				for i, v := range b.lane(inverse, lane) {
					want = fma(v*v, scales[i], want)
				}
				b.equalBits("condition", condition[lane:lane+1], []float32{want})
			}
		}
	})
}
