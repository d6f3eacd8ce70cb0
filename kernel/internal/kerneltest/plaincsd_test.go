package kerneltest_test

import (
	"math"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// plain is the steps of an iteration for any number of lanes.
type plain[T number, S sum] struct{ csdBench[T, S] }

func plainIteration[T number, S sum](lanes int) plain[T, S] {
	p := plain[T, S]{csdBench[T, S]{CSDIteration: &ops.CSDIteration[T, S]{Lanes: lanes, Tile: 2, Panel: 6, Stripe: max(lanes, 10)}}}
	p.Transpose = func(dst *T, rows *S, columns, stride int) { plainTranspose(lanes, dst, rows, columns, stride) }
	p.Accumulate = p.accumulate
	p.Assemble = p.assemble
	p.Factorise = p.factorise
	p.BackSolve = p.backSolve
	return p
}

func plainTranspose[T number, R float32 | sum](lanes int, dst *T, rows *R, columns, stride int) {
	to, from := unsafe.Slice(dst, columns*lanes), unsafe.Slice(rows, (lanes-1)*stride+columns)
	for column := range columns {
		for lane := range lanes {
			to[column*lanes+lane] = T(from[lane*stride+column])
		}
	}
}

func (p plain[T, S]) inspect(seen, x *T, offsets *int32, n int) {
	to := unsafe.Slice(seen, 3*p.Lanes)
	for lane := range p.Lanes {
		poison, low, high := T(0), T(math.Inf(1)), T(math.Inf(-1))
		for _, offset := range unsafe.Slice(offsets, n) {
			v := at(x, int(offset), p.Lanes)[lane]
			poison, low, high = poison+v*0, min(low, v), max(high, v)
		}
		to[lane], to[p.Lanes+lane], to[2*p.Lanes+lane] = poison, low, high
	}
}

// product returns a row of a matrix in panels times the numbers of one lane.
func (p plain[T, S]) product(panels *T, row, skip int, x []T) (sum T) {
	panel := at(panels, row/p.Panel*(len(x)*p.Panel*sizeOf[T]()+skip), len(x)*p.Panel)
	for column, v := range x {
		sum = fma(panel[column*p.Panel+row%p.Panel], v, sum)
	}
	return sum
}

func (p plain[T, S]) multiply(dst, panels, x *T, offsets *int32, count, columns int) {
	to := unsafe.Slice(dst, count*p.Panel*p.Lanes)
	for lane := range p.Lanes {
		var numbers []T
		for _, offset := range unsafe.Slice(offsets, columns) {
			numbers = append(numbers, at(x, int(offset), p.Lanes)[lane])
		}
		for row := range count * p.Panel {
			to[row*p.Lanes+lane] = p.product(panels, row, 0, numbers)
		}
	}
}

func (p plain[T, S]) below(sets *uint64, nearest, panels, x, thresholds *T, count, columns, skip, words int) {
	to := unsafe.Slice(sets, p.Lanes*words)
	clear(to)
	for lane, limit := range unsafe.Slice(thresholds, p.Lanes) {
		numbers, least := p.lane(unsafe.Slice(x, columns*p.Lanes), lane), T(math.Inf(1))
		for row := range count * p.Panel {
			v := p.product(panels, row, skip, numbers)
			if least = min(least, (v-limit)*(v-limit)); row < 64*words && v < limit {
				to[lane*words+row/64] |= 1 << (row % 64)
			}
		}
		if nearest != nil {
			unsafe.Slice(nearest, p.Lanes)[lane] = least
		}
	}
}

func (p plain[T, S]) accumulate(dst, from, table *S, before, after *uint64, words, stripes int) {
	width := stripes * p.Stripe
	to := unsafe.Slice(dst, width)
	copy(to, unsafe.Slice(from, width))
	old, next := unsafe.Slice(before, words), unsafe.Slice(after, words)
	for group := range 16 * words {
		word, shift := group/16, group%16*4
		for sign, set := range map[S]uint64{1: next[word] &^ old[word], -1: old[word] &^ next[word]} {
			if pattern := int(set >> shift & 15); pattern != 0 {
				for i, v := range at(table, (16*group+pattern)*width*sizeOf[S](), width) {
					to[i] += sign * v
				}
			}
		}
	}
}

func (p plain[T, S]) assemble(q, c, weights *T, twins *int32, twinCount int, couples *int32, coupleCount int) {
	pairs, doubles := unsafe.Slice(twins, 12*twinCount), unsafe.Slice(couples, 6*coupleCount)
	moments, used := 0, 0 // how many numbers the records speak of
	see := func(offset, terms int32) { moments = max(moments, int(offset)/p.vector()+2*int(terms)) }
	var entries []int32
	for r := pairs; len(r) > 0; r = r[12:] {
		see(r[0], r[2]+r[3])
		see(r[1], r[2])
		used += 8 + 4*int(r[2]) + 2*int(r[3])
		entries = append(entries, r[4:12]...)
	}
	for r := doubles; len(r) > 0; r = r[6:] {
		see(r[0], r[1])
		used += 4 + 2*int(r[1])
		entries = append(entries, r[2:6]...)
	}
	for lane := range p.Lanes {
		values := assembled(p.lane(unsafe.Slice(c, moments*p.Lanes), lane), unsafe.Slice(weights, used), pairs, doubles, p.vector())
		for i, v := range values {
			at(q, int(entries[i]), p.Lanes)[lane] = v
		}
	}
}

// triangle is a matrix with so many tiles in a row.
func (p plain[T, S]) triangle(q *T, tiles int) []T {
	return unsafe.Slice(q, tiles*(tiles+1)/2*p.Tile*p.Tile*p.Lanes)
}

func (p plain[T, S]) factorise(q, inverse, y, z *T, tiles int) {
	matrix, n := p.triangle(q, tiles), tiles*p.Tile*p.Lanes
	for lane := range p.Lanes {
		factor, reciprocals, solution, _ := p.solved(p.lane(matrix, lane), p.lane(unsafe.Slice(z, n), lane))
		for i, v := range factor {
			matrix[i*p.Lanes+lane] = v
		}
		for i := range solution {
			unsafe.Slice(inverse, n)[i*p.Lanes+lane], unsafe.Slice(y, n)[i*p.Lanes+lane] = reciprocals[i], solution[i]
		}
	}
}

func (p plain[T, S]) backSolve(y, q, inverse *T, tiles int) {
	n := tiles * p.Tile
	to := unsafe.Slice(y, (n+1)*p.Lanes)
	for lane := range p.Lanes {
		factor, reciprocals := p.lane(p.triangle(q, tiles), lane), p.lane(unsafe.Slice(inverse, n*p.Lanes), lane)
		f := p.lane(to[:n*p.Lanes], lane)
		poison := T(0)
		for i := n - 1; i >= 0; i-- {
			f[i] *= reciprocals[i]
			for k := range i {
				f[k] = fma(-factor[p.place(i, k)], f[i], f[k])
			}
			to[i*p.Lanes+lane] = f[i]
			poison += f[i] * 0
		}
		to[n*p.Lanes+lane] = judged(f)[0] + poison
	}
}

func (p plain[T, S]) condition(condition, inverse, scales *T, n int) {
	for lane := range p.Lanes {
		sum := T(0)
		for i, v := range p.lane(unsafe.Slice(inverse, n*p.Lanes), lane) {
			sum = fma(v*v, unsafe.Slice(scales, n)[i], sum)
		}
		unsafe.Slice(condition, p.Lanes)[lane] = sum
	}
}
