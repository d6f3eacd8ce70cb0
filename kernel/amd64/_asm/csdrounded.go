package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// belowRounded writes what below writes, with half the work: sums in half a register decide where rounding
// cannot have turned them. All numbers of a lane stay in the same lane. Besides those of accumulateColumn,
// which both widths share, registers are
//
//	panel+1  the smallest sum without its sign
//	panel+2  -threshold, where sums begin: the sign of a sum is the side of its row
//	panel+3  what rounding may do to a sum, the bound
//	panel+4  room
func (v vectors) belowRounded(half vectors) {
	v.function("csdBelowRounded", "sets *uint64, rows *byte, panels *float64, rounded *float32, x *float64, half *float32, thresholds, errors *float64, count, columns, skip, words int",
		"is csdBelow. rounded and half are panels and x in single precision; half is written here. A",
		"panel of which a row is nearer to the threshold than errors[0] |x| + errors[1] |threshold| in some",
		"lane is multiplied once more, in double precision. So are all where that distance is 2^73 or more.")
	v.roundColumns(half)
	v.boundErrors(half)
	rows, panels, rounded, count := load("rows"), load("panels"), load("rounded"), load("count")
	step := load("columns")
	IMUL3Q(I32(v.panel*v.size), step, step)
	ADDQ(load("skip"), step)
	repeat("panel", count, func() {
		certain := label("certain")
		half.signRows(rows, rounded)
		JC(LabelRef(certain))
		v.compareAgain(rows, panels)
		Label(certain)
		ADDQ(step, panels)
		ADDQ(I32(v.panel), rows)
	})
	v.turnBits()
	v.end()
}

// roundColumns writes the columns of x in single precision, and leaves the sum of their squares in
// register 0.
func (v vectors) roundColumns(half vectors) {
	x, to, columns := load("x"), load("half"), load("columns")
	squares, column := v.register(0), v.register(1)
	zero(squares)
	repeat("square", columns, func() {
		v.move(Mem{Base: x}, column)
		v.fma(column, column, squares)
		VCVTPD2PS(column, half.register(2))
		half.move(half.register(2), Mem{Base: to})
		ADDQ(I32(v.bytes), x)
		ADDQ(I32(half.bytes), to)
	})
}

// boundErrors leaves -threshold and the bound where belowRounded wants them. The bound is rounded to single
// precision 2^errorScale times too large, so that it is infinite where sums might be; and a little is added
// for numbers that are too small for relative errors.
func (v vectors) boundErrors(half vectors) {
	const errorScale, tiny = 55, -100
	errors, thresholds := load("errors"), load("thresholds")
	bound, threshold, factor := v.register(0), v.register(1), v.register(2)
	v.sqrt(bound, bound)
	v.broadcast(v.number(errors, 0), factor)
	v.mul(factor, bound, bound)
	zero(factor)
	v.sub(Mem{Base: thresholds}, factor, threshold)
	VCVTPD2PS(threshold, half.register(half.panel+2))
	v.max(Mem{Base: thresholds}, threshold, threshold)
	v.broadcast(v.number(errors, 1), factor)
	v.fma(factor, threshold, bound)
	v.fill(factor, U64(math.Float64bits(math.Ldexp(1, errorScale))))
	v.mul(factor, bound, bound)
	scaled, small := half.register(half.panel+4), half.register(half.panel+3)
	VCVTPD2PS(bound, scaled)
	half.fill(small, U64(math.Float32bits(float32(math.Ldexp(1, tiny)))))
	half.fill(half.register(2), U64(math.Float32bits(float32(math.Ldexp(1, -errorScale)))))
	half.fma(half.register(2), scaled, small)
}

// signRows writes the masks of a panel's rows by the signs of their sums, moves on to the next panel, and sets
// the carry when no sum is within the bound in any lane.
func (v vectors) signRows(rows, panels reg.Register) {
	sums, smallest, threshold, bound := v.registers(0, v.panel), v.register(v.panel+1), v.register(v.panel+2), v.register(v.panel+3)
	x, columns, skip := load("half"), load("columns"), load("skip")
	for _, sum := range sums {
		v.move(threshold, sum)
	}
	v.accumulateColumns(panels, x, columns)
	SHRQ(Imm(1), skip)
	ADDQ(skip, panels)
	other := sums[0]
	for r, sum := range sums {
		const smallerWithoutSign = 0x0A
		VRANGEPS(U8(smallerWithoutSign), other, sum, smallest)
		VPMOVD2M(sum, reg.K1)
		KMOVB(reg.K1, Mem{Base: rows, Disp: r})
		other = smallest
	}
	const greater = 0x1E // ordered, no exception: false for NaN
	v.compare(U8(greater), bound, smallest, reg.K1)
	KORTESTB(reg.K1, reg.K1)
}

// compareAgain writes the masks of a panel's rows as compareRows does.
func (v vectors) compareAgain(rows, panels reg.Register) {
	panel, x, columns := copied(panels), load("x"), load("columns")
	zero(v.registers(0, v.panel)...)
	v.accumulateColumns(panel, x, columns)
	threshold := v.register(v.panel)
	v.move(Mem{Base: load("thresholds")}, threshold)
	for r, sum := range v.registers(0, v.panel) {
		v.storeLess(sum, threshold, Mem{Base: rows, Disp: r})
	}
}
