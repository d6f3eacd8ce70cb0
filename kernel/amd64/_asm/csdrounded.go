package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// belowRounded writes what below writes, with half of the multiplications. Sums in single precision decide wherever
// rounding cannot have changed the side of the threshold on which they are. A register has the sums of two rows for
// each voxel, side by side. A panel of rounded numbers therefore has twice as many rows as one of panels. twice is the
// instruction set in single precision. All numbers of a voxel stay in its lane of double precision.
func (v vectors) belowRounded(twice vectors) {
	v.function("csdBelowRounded", "sets *uint64, rows *byte, panels *float64, rounded *float32, x *float64, pairs *float32, thresholds, errors *float64, count, columns, skip, words int",
		"writes the sets of csdBelow for {lanes} voxels, with half of its multiplications. It first multiplies in",
		"single precision: a panel of rounded has the rows of two of panels side by side, and pairs is scratch for",
		"the columns of x, each number twice. Two panels are multiplied again in double precision where a row is",
		"nearer to the threshold than errors[0] |x| + errors[1] |threshold| in a lane, or where that distance is",
		"2^73 or more.")
	v.holds("#0-#22 sums, of rows 2r and 2r+1 in one register   #23 x, each number twice",
		"#24 the smallest sum, without its sign   #26 the bound of what rounding may do to a sum   #27 and #28 room",
		"#25 -threshold, with which sums begin: their sign then says on which side the row is")
	v.roundColumns(twice)
	v.boundErrors(twice)
	rows, panels, rounded, left := load("rows"), load("panels"), load("rounded"), load("count")
	step, skip := load("columns"), load("skip")
	IMUL3Q(I32(v.panel*v.size), step, step)
	ADDQ(skip, step)
	next, certain := label("panels"), label("certain")
	Label(next)
	twice.signRows(rows, rounded)
	JC(LabelRef(certain))
	again, row, panel := GP64(), copied(rows), copied(panels)
	MOVQ(I32(2), again)
	CMPQ(left, again)
	CMOVQLT(left, again)
	repeat("again", again, func() {
		v.compareAgain(row, panel)
		ADDQ(I32(v.panel), row)
		ADDQ(step, panel)
	})
	Label(certain)
	ADDQ(I32(2*v.panel), rows)
	LEAQ(Mem{Base: panels, Index: step, Scale: 2}, panels)
	SUBQ(Imm(2), left)
	JG(LabelRef(next))
	v.turnBits()
	v.end()
}

// roundColumns writes the columns of x in single precision, each number twice. It leaves the sum of the squares of x in
// register 0.
func (v vectors) roundColumns(twice vectors) {
	x, to, columns := load("x"), load("pairs"), load("columns")
	squares, column, rounded := v.registers[0], v.registers[1], v.registers[2]
	zero(squares)
	repeat("square", columns, func() {
		v.move(Mem{Base: x}, column)
		v.fma(column, column, squares)
		twice.roundTwice(column, rounded)
		twice.move(rounded, Mem{Base: to})
		ADDQ(I32(v.bytes), x)
		ADDQ(I32(twice.bytes), to)
	})
}

// roundTwice rounds numbers of double precision, each to a pair of equal numbers.
func (v vectors) roundTwice(double, pairs reg.VecPhysical) {
	VCVTPD2PS(double, pairs.AsY())
	VPMOVZXDQ(pairs.AsY(), pairs)
	VMOVSLDUP(pairs, pairs)
}

// boundErrors leaves -threshold and the bound in the registers where belowRounded wants them. The bound is first
// rounded to single precision 2^errorScale times too large, so that it becomes infinite where sums might. 2^tiny is
// added for numbers that are too small for relative errors.
func (v vectors) boundErrors(twice vectors) {
	const errorScale, tiny = 55, -100
	errors, thresholds := load("errors"), load("thresholds")
	bound, threshold, factor := v.registers[0], v.registers[1], v.registers[2]
	v.sqrt(bound, bound)
	v.broadcast(v.number(errors, 0), factor)
	v.mul(factor, bound, bound)
	zero(factor)
	v.sub(Mem{Base: thresholds}, factor, threshold)
	twice.roundTwice(threshold, twice.registers[v.panel+2])
	v.max(Mem{Base: thresholds}, threshold, threshold)
	v.broadcast(v.number(errors, 1), factor)
	v.fma(factor, threshold, bound)
	v.fill(factor, U64(math.Float64bits(math.Ldexp(1, errorScale))))
	v.mul(factor, bound, bound)
	scaled, small := twice.registers[v.panel+4], twice.registers[v.panel+3]
	twice.roundTwice(bound, scaled)
	twice.fill(small, U64(math.Float32bits(float32(math.Ldexp(1, tiny)))))
	twice.fill(factor, U64(math.Float32bits(float32(math.Ldexp(1, -errorScale)))))
	twice.fma(factor, scaled, small)
}

// signRows writes the masks of the rows of two panels from the signs of their sums. It moves rounded past the columns.
// It sets the carry where no sum is within the bound in any lane.
func (v vectors) signRows(rows, rounded reg.Register) {
	sums, pairs, smallest := v.registers[:v.panel], v.registers[v.panel], v.registers[v.panel+1]
	threshold, bound, room := v.registers[v.panel+2], v.registers[v.panel+3], v.registers[v.panel+4:][:2]
	for _, sum := range sums {
		v.move(threshold, sum)
	}
	x := load("pairs")
	repeat("column", load("columns"), func() {
		v.move(Mem{Base: x}, pairs)
		ADDQ(I32(v.bytes), x)
		for r, sum := range sums {
			VBROADCASTSD(v.number(rounded, 2*r), room[r%2])
			v.fma(room[r%2], pairs, sum)
		}
		ADDQ(I32(2*v.panel*v.size), rounded)
	})
	ADDQ(load("skip"), rounded)
	other := sums[0]
	for r, sum := range sums {
		const smallerWithoutSign = 0x0A
		VRANGEPS(U8(smallerWithoutSign), other, sum, smallest)
		Comment("The sign of two numbers of single precision, taken as one of double precision, is that of the second.")
		VPSLLQ(U8(32), sum, room[0])
		VPMOVQ2M(room[0], reg.K1)
		VPMOVQ2M(sum, reg.K2)
		KMOVB(reg.K1, Mem{Base: rows, Disp: 2 * r})
		KMOVB(reg.K2, Mem{Base: rows, Disp: 2*r + 1})
		other = smallest
	}
	const greater = 0x1E // ordered, no exception: false for NaN
	v.compare(U8(greater), bound, smallest, reg.K1)
	KORTESTW(reg.K1, reg.K1)
}

// compareAgain writes the masks of a panel's rows as compareRows does.
func (v vectors) compareAgain(rows, panels reg.Register) {
	panel, x, columns := copied(panels), load("x"), load("columns")
	zero(v.registers[:v.panel]...)
	v.accumulateColumns(panel, x, columns)
	threshold := v.registers[v.panel]
	v.move(Mem{Base: load("thresholds")}, threshold)
	for r, sum := range v.registers[:v.panel] {
		v.storeLess(sum, threshold, Mem{Base: rows, Disp: r})
	}
}
