package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A panel has as many rows of a matrix as there are sums in registers. It is stored column after column, so that a turn
// of the loop takes one vector of x and consecutive numbers of the panel:
//
//	sum[r] += panel[column][r] * x[column]     registers 0 to panel-1: sums; then x, and two for numbers

// accumulateColumn adds one column of a panel, times x, to all sums.
func (v vectors) accumulateColumn(panel reg.Register) {
	sums, x := v.registers[:v.panel], v.registers[v.panel]
	for r, sum := range sums {
		if v.evex {
			v.fmaNumber(v.number(panel, r), x, sum)
			continue
		}
		b := v.registers[v.panel+1+r%2]
		v.broadcast(v.number(panel, r), b)
		v.fma(b, x, sum)
	}
	ADDQ(I32(v.size*v.panel), panel)
}

// accumulateColumns adds the columns of a panel, times consecutive vectors, to all sums.
func (v vectors) accumulateColumns(panel, x, columns reg.Register) {
	repeat("column", columns, func() {
		v.move(Mem{Base: x}, v.registers[v.panel])
		ADDQ(I32(v.bytes), x)
		v.accumulateColumn(panel)
	})
}

// multiply writes the product of a matrix in panels and vectors at any offsets.
func (v vectors) multiply() {
	v.function("csdMultiply", "dst, panels, x *number, offsets *int32, count, columns int",
		"writes a matrix times x for {lanes} voxels: the vector of each row is the sum over the columns of the",
		"matrix's number times the vector of x at that column's byte offset. The matrix has count panels of",
		"{panel} rows, each stored column after column.")
	v.holds("first the sums of the rows of a panel   then x   then two for numbers of the panel")
	dst, panels, x, count := load("dst"), load("panels"), load("x"), load("count")
	repeat("panel", count, func() {
		offsets, columns, place := load("offsets"), load("columns"), GP64()
		zero(v.registers[:v.panel]...)
		repeat("column", columns, func() {
			MOVLQSX(Mem{Base: offsets}, place)
			ADDQ(Imm(4), offsets)
			v.move(Mem{Base: x, Index: place, Scale: 1}, v.registers[v.panel])
			v.accumulateColumn(panels)
		})
		for r, sum := range v.registers[:v.panel] {
			v.move(sum, v.at(dst, r))
		}
		ADDQ(I32(v.panel*v.bytes), dst)
	})
	v.end()
}

// below writes the sets of rows whose product is below a threshold. In single precision it also says how near the
// nearest row is.
func (v vectors) below() {
	doc := []string{
		"finds which rows of a matrix times x are below a threshold, for {lanes} voxels: bit r of sets[lane][word] is",
		"1 where row r is less than the lane's threshold. The matrix has count panels of {panel} rows, stored column",
		"after column; skip bytes of each follow the columns that are used. x is columns consecutive vectors. rows is",
		"scratch: a mask of lanes for each row, from which the words of each lane are made.",
	}
	if v.size == 8 {
		v.function("csdBelow", "sets *uint64, rows *byte, panels, x, thresholds *number, count, columns, skip, words int", doc...)
	} else {
		doc = append(doc, "nearest is the vector of the smallest square of a row's distance to the threshold.")
		v.function("csdBelow", "sets *uint64, nearest *number, rows *byte, panels, x, thresholds *number, count, columns, skip, words int", doc...)
	}
	v.holds("first the sums of the rows of a panel   then x   then two for numbers of the panel")
	v.compareRows()
	if v.lanes() == 16 {
		v.turnWords()
	} else {
		v.turnBits()
	}
	v.end()
}

// compareRows writes a mask for each row, with a bit for each lane. A mask is one byte, or two for sixteen lanes.
func (v vectors) compareRows() {
	rows, panels, count, skip := load("rows"), load("panels"), load("count"), load("skip")
	x, thresholds := GP64(), load("thresholds")
	near := v.size == 4
	var nearest reg.Register
	if near {
		nearest = load("nearest")
		v.fill(v.registers[0], v.infinity)
		v.move(v.registers[0], Mem{Base: nearest})
	}
	mask := (v.lanes() + 7) / 8
	repeat("panel", count, func() {
		Load(Param("x"), x)
		columns := load("columns")
		zero(v.registers[:v.panel]...)
		v.accumulateColumns(panels, x, columns)
		ADDQ(skip, panels)
		threshold, distance := v.registers[v.panel], v.registers[v.panel+1]
		v.move(Mem{Base: thresholds}, threshold)
		smallest := v.registers[v.panel+2]
		if near {
			v.move(Mem{Base: nearest}, smallest)
		}
		for r, sum := range v.registers[:v.panel] {
			if near {
				v.sub(threshold, sum, distance)
				v.mul(distance, distance, distance)
				v.min(distance, smallest, smallest)
			}
			v.storeLess(sum, threshold, Mem{Base: rows, Disp: r * mask})
		}
		if near {
			v.move(smallest, Mem{Base: nearest})
		}
		ADDQ(I32(v.panel*mask), rows)
	})
}

// storeLess writes the mask of the lanes in which a is less than b. It destroys a.
func (v vectors) storeLess(a, b reg.VecPhysical, place Mem) {
	const less = 0x11 // ordered, no exception: false for NaN
	if !v.evex {
		lanes := GP32()
		v.compare(U8(less), b, a, a)
		v.signs(a, lanes)
		MOVB(lanes.As8(), place)
		return
	}
	v.compare(U8(less), b, a, reg.K1)
	if v.lanes() == 16 {
		KMOVW(reg.K1, place)
		return
	}
	KMOVB(reg.K1, place)
}

// turnWords turns two bytes for each row into a set of rows for each of sixteen lanes. It takes 32 rows at a time.
func (v vectors) turnWords() {
	sets, rows, words := load("sets"), load("rows"), load("words")
	stride := copied(words)
	SHLQ(Imm(3), stride)
	bit := GP64()
	for lane := range 16 {
		MOVQ(I32(1<<lane), bit)
		VPBROADCASTW(bit.As32(), v.registers[lane])
	}
	repeat("word", words, func() {
		set := copied(sets)
		halves := v.registers[16:][:2]
		v.move(v.at(rows, 0), halves[0])
		v.move(v.at(rows, 1), halves[1])
		for lane := range 16 {
			for i, half := range halves {
				VPTESTMW(v.registers[lane], half, reg.K1)
				KMOVD(reg.K1, Mem{Base: set, Disp: 4 * i})
			}
			ADDQ(stride, set)
		}
		ADDQ(I32(2*v.bytes), rows)
		ADDQ(Imm(8), sets)
	})
}

// turnBits turns a byte for each row into a set of rows for each lane.
func (v vectors) turnBits() {
	sets, rows, words := load("sets"), load("rows"), load("words")
	stride := copied(words)
	SHLQ(Imm(3), stride)
	bit := GP64()
	if v.evex {
		for lane := range v.lanes() {
			MOVQ(I32(1<<lane), bit)
			VPBROADCASTB(bit.As32(), v.registers[lane])
		}
	}
	repeat("word", words, func() {
		set := copied(sets)
		if v.evex {
			bytes := v.registers[v.lanes()]
			v.move(Mem{Base: rows}, bytes)
			for lane := range v.lanes() {
				VPTESTMB(v.registers[lane], bytes, reg.K1)
				KMOVQ(reg.K1, Mem{Base: set})
				ADDQ(stride, set)
			}
		} else {
			bytes, shifted := v.registers[:2], v.registers[2]
			v.move(v.at(rows, 0), bytes[0])
			v.move(v.at(rows, 1), bytes[1])
			for lane := range v.lanes() {
				for half := range 2 {
					signs := GP32()
					VPSLLW(U8(7-lane), bytes[half], shifted) // the lane's bit becomes the sign of its byte
					VPMOVMSKB(shifted, signs)
					MOVL(signs, Mem{Base: set, Disp: 4 * half})
				}
				ADDQ(stride, set)
			}
		}
		ADDQ(Imm(64), rows)
		ADDQ(Imm(8), sets)
	})
}
