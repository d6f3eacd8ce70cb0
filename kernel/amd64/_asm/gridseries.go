package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gridSeries writes the steps that make a power series in c. It is the part of the right-hand side that comes from
// measurements of which water is a small part, whatever the fraction.
func (a *lanes) gridSeries() {
	a.part()
	a.ratios()
	a.moments()
	a.series()
}

// part sorts measurements. Those with s - limit water > 0 in all lanes go to the end of the arrays, from the last place
// backwards, and the others to the beginning. Each is written to both places, and the pointer of one place moves on.
func (a *lanes) part() {
	a.function("fractionPart", "to *ops.Lanes, rows *float64, s *ops.Lanes, design *float64, n int, limit *ops.Lanes) (others int",
		"copies n measurements of {lanes} voxels, with their rows of the design: those with s > limit water in",
		"all lanes to the end of to and rows, from the last place backwards, and the others to the beginning, in",
		"order. It returns the number of the others.")
	a.holds(
		"RDI place at the beginning, R9 that of its row, R10 and R11 those at the end",
		"RSI s, RDX row of the design, RCX n, R8 limit, RAX and RBX by how much the places move",
		"32 registers: #0 s, Y2 row, #3 water, #4 limit, #6 work",
		"16 registers: Y0-Y1 s, Y2 row, Y3 water, Y4-Y5 limit, Y6-Y7 work")
	r := a.registers
	halves := batchBytes / a.bytes
	s, row, water, limit, work := r[0:halves], reg.Y2, r[3], r[4:6], r[6:8]
	argument("to", reg.RDI)
	argument("rows", reg.R9)
	argument("s", reg.RSI)
	argument("design", reg.RDX)
	argument("n", reg.RCX)
	argument("limit", reg.R8)
	MOVQ(reg.RDI, reg.R12)
	a.halvesOf(func(h int) { a.load(a.at(reg.R8, 0), limit[h]) })
	MOVQ(reg.RCX, reg.R10)
	SHLQ(Imm(6), reg.R10)
	LEAQ(Mem{Base: reg.RDI, Index: reg.R10, Scale: 1, Disp: -batchBytes}, reg.R10)
	MOVQ(reg.RCX, reg.R11)
	SHLQ(Imm(5), reg.R11)
	LEAQ(Mem{Base: reg.R9, Index: reg.R11, Scale: 1, Disp: -4 * designFields}, reg.R11)
	a.rows(func() {
		a.broadcast(a.water(0), water)
		VMOVUPS(Mem{Base: reg.RDX}, row)
		a.halvesOf(func(h int) {
			a.load(a.at(reg.RSI, 0), s[h])
			VMOVAPS(s[h], work[h])
			VFNMADD231PS(limit[h], water, work[h])
			a.store(s[h], a.at(reg.RDI, 0))
			a.store(s[h], a.at(reg.R10, 0))
		})
		VMOVUPS(row, Mem{Base: reg.R9})
		VMOVUPS(row, Mem{Base: reg.R11})
		XORL(reg.EAX, reg.EAX)
		a.zero(water)
		if a.evex {
			VCMPPS(Imm(lessOrEqual), water, work[0], reg.K1)
			KTESTW(reg.K1, reg.K1)
		} else {
			VCMPPS(Imm(lessOrEqual), water, work[0], work[0])
			VCMPPS(Imm(lessOrEqual), water, work[1], work[1])
			VORPS(work[0], work[1], work[0])
			VMOVMSKPS(work[0], reg.EBX)
			TESTL(reg.EBX, reg.EBX)
		}
		SETNE(reg.AL) // 1: it goes to the beginning
		LEAQ(Mem{Base: reg.RAX, Disp: -1}, reg.RBX)
		SHLQ(Imm(5), reg.RAX)
		SHLQ(Imm(5), reg.RBX)
		ADDQ(reg.RAX, reg.R9)
		ADDQ(reg.RBX, reg.R11)
		LEAQ(Mem{Base: reg.RDI, Index: reg.RAX, Scale: 2}, reg.RDI)
		LEAQ(Mem{Base: reg.R10, Index: reg.RBX, Scale: 2}, reg.R10)
		a.nextRows(1)
	})
	SUBQ(reg.R12, reg.RDI)
	SHRQ(Imm(6), reg.RDI)
	Store(reg.RDI, ReturnIndex(0))
	a.end()
}

// halvesOf is halves for a body that needs the number of the half.
func (a *lanes) halvesOf(body func(h int)) {
	a.halves(func() { body(a.half / a.bytes) })
}

// ratios computes u = w / (s - c w) and v = s^2 u.
func (a *lanes) ratios() {
	a.function("fractionRatios", "u, v, s *ops.Lanes, design *float64, n int, left *ops.Left",
		"writes u = water/(s - c water) and v = s^2 u for n measurements of {lanes} voxels.")
	a.holds(
		"RDI u, R9 v, RSI s, RDX row of the design, R8 the Left, RCX n",
		"#0 s, #1 w, #2 x, #3 c")
	s, w, x, c := a.registers[0], a.registers[1], a.registers[2], a.registers[3]
	a.halves(func() {
		argument("u", reg.RDI)
		argument("v", reg.R9)
		argument("s", reg.RSI)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		argument("left", reg.R8)
		a.load(a.at(reg.R8, 0), c)
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), s)
			a.broadcast(a.water(0), w)
			VMOVAPS(s, x)
			VFNMADD231PS(c, w, x)
			VDIVPS(x, w, w)
			a.store(w, a.at(reg.RDI, 0))
			VMULPS(s, s, s)
			VMULPS(w, s, s)
			a.store(s, a.at(reg.R9, 0))
			ADDQ(Imm(batchBytes), reg.RDI)
			ADDQ(Imm(batchBytes), reg.R9)
			a.nextRows(1)
		})
	})
	a.end()
}

// moments computes sums += v w, and then v = v u.
func (a *lanes) moments() {
	a.function("fractionMoments", "sums, v, u *ops.Lanes, design *float64, n int",
		"adds v, times each of the seven columns of the design, to seven sums for {lanes} voxels, and then",
		"multiplies v by u.")
	a.holds(
		"RDI sums, RSI v, R9 u, RDX row of the design, RCX n",
		"#0-#6 sums, #7 v, #8 broadcasts")
	r := a.registers
	v, spare := r[7], r[8]
	a.halves(func() {
		argument("sums", reg.RDI)
		argument("v", reg.RSI)
		argument("u", reg.R9)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		for k := range 7 {
			a.load(a.at(reg.RDI, k), r[k])
		}
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), v)
			for k := range 6 {
				a.addProduct(a.field(reg.RDX, k), v, r[k], spare)
			}
			VADDPS(v, r[6], r[6])
			VMULPS(a.at(reg.R9, 0), v, v)
			a.store(v, a.at(reg.RSI, 0))
			ADDQ(Imm(batchBytes), reg.R9)
			a.nextRows(1)
		})
		for k := range 7 {
			a.store(r[k], a.at(reg.RDI, k))
		}
	})
	a.end()
}

// series computes sums = m0 + by (m1 + by (m2 + ...)), seven of each.
func (a *lanes) series() {
	a.function("fractionSeries", "sums, coefficients *ops.Lanes, n int, by *ops.Lanes",
		"evaluates seven polynomials of by for {lanes} voxels. Each has n coefficients: first the seven",
		"constants, then the seven factors of by, and so on.")
	a.holds(
		"RDI sums, RSI coefficients from the last ones on, RCX how many, R8 by",
		"#0-#6 sums, #7 by")
	r := a.registers
	by := r[7]
	a.halves(func() {
		argument("sums", reg.RDI)
		argument("coefficients", reg.RSI)
		argument("n", reg.RCX)
		argument("by", reg.R8)
		a.load(a.at(reg.R8, 0), by)
		for k := range 7 {
			a.zero(r[k])
		}
		IMUL3Q(I32(7*batchBytes), reg.RCX, reg.RAX)
		ADDQ(reg.RAX, reg.RSI)
		a.rows(func() {
			SUBQ(I32(7*batchBytes), reg.RSI)
			for k := range 7 {
				VFMADD213PS(a.at(reg.RSI, k), by, r[k])
			}
		})
		for k := range 7 {
			a.store(r[k], a.at(reg.RDI, k))
		}
	})
	a.end()
}

// squares computes v = s^2 in double precision.
func (a *lanes) squares() {
	a.function("fractionSquares", "v, s *ops.Lanes, n int", "writes v = s^2 for n numbers of {lanes} voxels in double precision.")
	a.holds(
		"RDI v, RSI s, RCX n",
		"#0 s")
	s := a.registers[0]
	a.halves(func() {
		argument("v", reg.RDI)
		argument("s", reg.RSI)
		argument("n", reg.RCX)
		a.shortRows(func() {
			a.load(a.at(reg.RSI, 0), s)
			a.mul(s, s, s)
			a.store(s, a.at(reg.RDI, 0))
			ADDQ(Imm(batchBytes), reg.RSI)
			ADDQ(Imm(batchBytes), reg.RDI)
		})
	})
	a.end()
}
