package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A panel is as many rows of a matrix as there are sums in registers, stored column after column, so
// that a step of the loop takes one vector of x and consecutive numbers of the panel:
//
//	sum[r] += panel[column][r] * x[column]     registers 0 to panel-1: sums; then x, and room for a number

// accumulateColumn adds one column times x to all sums.
func (v vectors) accumulateColumn(panel reg.Register) {
	sums, x := v.registers(0, v.panel), v.register(v.panel)
	for r, sum := range sums {
		if v.wide() {
			VFMADD231PD_BCST(number(panel, r), x, sum)
			continue
		}
		b := v.register(v.panel + 1 + r%2)
		VBROADCASTSD(number(panel, r), b)
		VFMADD231PD(b, x, sum)
	}
	ADDQ(I32(8*v.panel), panel)
}

// multiply writes the product of a matrix in panels with vectors that lie anywhere.
func (v vectors) multiply() {
	v.function("csdMultiply", "dst, panels, x *float64, offsets *int32, count, columns int",
		"writes the rows of count panels times x, row after row; x[column] is the",
		"vector at the column's byte offset from x on.")
	dst, panels, x, count := load("dst"), load("panels"), load("x"), load("count")
	repeat("panel", count, func() {
		offsets, columns, place := load("offsets"), load("columns"), GP64()
		zero(v.registers(0, v.panel)...)
		repeat("column", columns, func() {
			MOVLQSX(Mem{Base: offsets}, place)
			ADDQ(Imm(4), offsets)
			VMOVUPD(Mem{Base: x, Index: place, Scale: 1}, v.register(v.panel))
			v.accumulateColumn(panels)
		})
		for r, sum := range v.registers(0, v.panel) {
			VMOVUPD(sum, v.at(dst, r))
		}
		ADDQ(I32(v.panel*v.bytes), dst)
	})
	v.end()
}

// below writes the sets of rows whose product is below a threshold.
func (v vectors) below() {
	v.function("csdBelow", "sets *uint64, rows *byte, panels, x, thresholds *float64, count, columns, skip, words int",
		"compares the rows of count panels times x with the threshold of each lane: bit r",
		"of a lane's set is 1 where row r is strictly less. columns of x are consecutive vectors; skip",
		"bytes of a panel follow those that are used. rows has a byte for each row, of which the first",
		"64*words are turned into sets[lane][word].")
	v.compareRows()
	v.turnBits()
	v.end()
}

// compareRows writes one byte a row: bit = lane.
func (v vectors) compareRows() {
	rows, panels, count, skip := load("rows"), load("panels"), load("count"), load("skip")
	x, thresholds := GP64(), load("thresholds")
	repeat("panel", count, func() {
		Load(Param("x"), x)
		columns := load("columns")
		zero(v.registers(0, v.panel)...)
		repeat("column", columns, func() {
			VMOVUPD(Mem{Base: x}, v.register(v.panel))
			ADDQ(I32(v.bytes), x)
			v.accumulateColumn(panels)
		})
		ADDQ(skip, panels)
		threshold := v.register(v.panel)
		VMOVUPD(Mem{Base: thresholds}, threshold)
		for r, sum := range v.registers(0, v.panel) {
			place := Mem{Base: rows, Disp: r}
			const less = 0x11 // ordered, no exception: false for NaN
			if v.wide() {
				VCMPPD(U8(less), threshold, sum, reg.K1)
				KMOVB(reg.K1, place)
				continue
			}
			lanes := GP32()
			VCMPPD(U8(less), threshold, sum, sum)
			VMOVMSKPD(sum, lanes)
			MOVB(lanes.As8(), place)
		}
		ADDQ(I32(v.panel), rows)
	})
}

// turnBits makes a set for each lane out of a byte for each row.
func (v vectors) turnBits() {
	sets, rows, words := load("sets"), load("rows"), load("words")
	stride := copied(words)
	SHLQ(Imm(3), stride)
	bit := GP64()
	if v.wide() {
		for lane := range v.lanes() {
			MOVQ(I32(1<<lane), bit)
			VPBROADCASTB(bit.As32(), v.register(lane))
		}
	}
	repeat("word", words, func() {
		set := copied(sets)
		if v.wide() {
			bytes := v.register(v.lanes())
			VMOVUPD(Mem{Base: rows}, bytes)
			for lane := range v.lanes() {
				VPTESTMB(v.register(lane), bytes, reg.K1)
				KMOVQ(reg.K1, Mem{Base: set})
				ADDQ(stride, set)
			}
		} else {
			bytes, shifted := v.registers(0, 2), v.register(2)
			VMOVUPD(v.at(rows, 0), bytes[0])
			VMOVUPD(v.at(rows, 1), bytes[1])
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
