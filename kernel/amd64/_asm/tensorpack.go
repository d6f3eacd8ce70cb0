package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack: eight rows of n values, one voxel after the other, become n numbers of eight lanes. Squares of 4 x 4 are
// turned; the last one overlaps the one before. Both instruction sets use 256 bits, for the work is in the shuffles.
//
// RDI lanes, RSI first row of the half, RDX length of a row in bytes, R8 three of them, RCX columns left.
// Y0-Y3 rows, Y4-Y7 pairs, then columns.
func (a *lanes) pack(name, kind string, bytes int) {
	a.function(name, "lanes *float64, signal *"+kind+", n int", "transposes eight rows of n >= 4 values.")
	for half := range 2 {
		argument("lanes", reg.RDI)
		argument("signal", reg.RSI)
		argument("n", reg.RCX)
		MOVQ(reg.RCX, reg.RDX)
		SHLQ(Imm(uint64(bytes/4+1)), reg.RDX) // times 4 or 8
		LEAQ(Mem{Base: reg.RDX, Index: reg.RDX, Scale: 2}, reg.R8)
		if half == 1 {
			LEAQ(Mem{Base: reg.RSI, Index: reg.RDX, Scale: 4}, reg.RSI)
			ADDQ(Imm(32), reg.RDI)
		}
		square, last, done := a.label("square"), a.label("last"), a.label("done")
		Label(square)
		CMPQ(reg.RCX, I32(4))
		JL(LabelRef(last))
		a.turn(bytes)
		ADDQ(Imm(uint64(4*bytes)), reg.RSI)
		ADDQ(I32(4*size), reg.RDI)
		SUBQ(Imm(4), reg.RCX)
		JMP(LabelRef(square))
		Label(last)
		TESTQ(reg.RCX, reg.RCX)
		JZ(LabelRef(done))
		Comment("Go back, so that four columns are left.")
		SUBQ(Imm(4), reg.RCX)
		LEAQ(Mem{Base: reg.RSI, Index: reg.RCX, Scale: uint8(bytes)}, reg.RSI)
		SHLQ(Imm(6), reg.RCX)
		ADDQ(reg.RCX, reg.RDI)
		a.turn(bytes)
		Label(done)
	}
	a.end()
}

// turn transposes one square.
func (a *lanes) turn(bytes int) {
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}
	for k, row := range []Mem{
		{Base: reg.RSI},
		{Base: reg.RSI, Index: reg.RDX, Scale: 1},
		{Base: reg.RSI, Index: reg.RDX, Scale: 2},
		{Base: reg.RSI, Index: reg.R8, Scale: 1},
	} {
		if bytes == 4 {
			VCVTPS2PD(row, y[k])
		} else {
			VMOVUPD(row, y[k])
		}
	}
	VUNPCKLPD(y[1], y[0], y[4])
	VUNPCKHPD(y[1], y[0], y[5])
	VUNPCKLPD(y[3], y[2], y[6])
	VUNPCKHPD(y[3], y[2], y[7])
	VPERM2F128(Imm(0x20), y[6], y[4], y[0])
	VPERM2F128(Imm(0x20), y[7], y[5], y[1])
	VPERM2F128(Imm(0x31), y[6], y[4], y[2])
	VPERM2F128(Imm(0x31), y[7], y[5], y[3])
	for k := range 4 {
		VMOVUPD(y[k], Mem{Base: reg.RDI, Disp: k * size})
	}
}

// extent: the least and the largest of n numbers and the sum of their squares, starting from what is there. A NaN
// may be passed over by the first two.
//
// RDI extent, RSI s, RCX n; Z0 s, Z1 least, Z2 most, Z3 energy.
func (a *lanes) extent() {
	a.function("tensorRange", "extent, s *float64, n int", "lowers the least, raises the most and adds to the energy of n numbers.")
	r := a.registers
	a.halves(func() {
		argument("extent", reg.RDI)
		argument("s", reg.RSI)
		argument("n", reg.RCX)
		for k := range 3 {
			a.load(a.at(reg.RDI, k), r[k+1])
		}
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), r[0])
			a.min(r[1], r[0], r[1])
			a.max(r[2], r[0], r[2])
			a.fmadd231(r[0], r[0], r[3])
			ADDQ(Imm(size), reg.RSI)
		})
		for k := range 3 {
			a.store(r[k+1], a.at(reg.RDI, k))
		}
	})
	a.end()
}
