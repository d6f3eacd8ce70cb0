package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack turns eight rows of n values, one voxel after the other, into n numbers of eight lanes. It turns squares of 4 x
// 4. The last square overlaps the one before. Both instruction sets use 256 bits, because shuffles take most of the
// time. float32 of all rows are turned before they are widened. float64 are turned for four rows and then for the
// others. The 8 n values behind these, most often the next voxels, are prefetched.
func (a *lanes) pack(name, kind string, bytes int) {
	a.function(name, "lanes *ops.Lanes, signal *"+kind+", n int",
		"transposes the signals of {lanes} voxels, rows of n >= 4 values one after another, into n numbers of {lanes}",
		"lanes, and prefetches the next {lanes} rows.")
	a.holds(
		"RDI lanes, RSI first row, R9 fifth row, RDX length of a row in bytes, R8 three of them",
		"R10 what is prefetched, RCX columns left",
		"Y0-Y3 rows, Y4-Y7 pairs, then columns")
	argument("lanes", reg.RDI)
	argument("signal", reg.RSI)
	argument("n", reg.RCX)
	MOVQ(reg.RCX, reg.RDX)
	SHLQ(Imm(uint64(bytes/4+1)), reg.RDX) // times 4 or 8
	LEAQ(Mem{Base: reg.RDX, Index: reg.RDX, Scale: 2}, reg.R8)
	LEAQ(Mem{Base: reg.RSI, Index: reg.RDX, Scale: 4}, reg.R9)
	LEAQ(Mem{Base: reg.RSI, Index: reg.RDX, Scale: 8}, reg.R10)
	turn := func() {
		if bytes == 4 {
			a.turnAll()
			return
		}
		a.turnFour(reg.RSI, 0)
		a.turnFour(reg.R9, 32)
	}
	square, last, done := a.label("square"), a.label("last"), a.label("done")
	Label(square)
	CMPQ(reg.RCX, I32(4))
	JL(LabelRef(last))
	for line := 0; line < 32*bytes; line += 64 {
		PREFETCHT1(Mem{Base: reg.R10, Disp: line})
	}
	turn()
	ADDQ(Imm(uint64(4*bytes)), reg.RSI)
	ADDQ(Imm(uint64(4*bytes)), reg.R9)
	ADDQ(U32(uint32(32*bytes)), reg.R10)
	ADDQ(I32(4*batchBytes), reg.RDI)
	SUBQ(Imm(4), reg.RCX)
	JMP(LabelRef(square))
	Label(last)
	TESTQ(reg.RCX, reg.RCX)
	JZ(LabelRef(done))
	Comment("Fewer than four columns are left. Go back, so that they are four.")
	SUBQ(Imm(4), reg.RCX)
	LEAQ(Mem{Base: reg.RSI, Index: reg.RCX, Scale: uint8(bytes)}, reg.RSI)
	LEAQ(Mem{Base: reg.R9, Index: reg.RCX, Scale: uint8(bytes)}, reg.R9)
	SHLQ(Imm(6), reg.RCX)
	ADDQ(reg.RCX, reg.RDI)
	turn()
	Label(done)
	a.end()
}

// fourRows are the places of four rows from a pointer on.
func fourRows(first reg.Register) [4]Mem {
	return [4]Mem{
		{Base: first},
		{Base: first, Index: reg.RDX, Scale: 1},
		{Base: first, Index: reg.RDX, Scale: 2},
		{Base: first, Index: reg.R8, Scale: 1},
	}
}

// turnAll transposes four columns of float32 in eight rows. A register has row k beside row k + 4.
func (a *lanes) turnAll() {
	x := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7}
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}
	upper := fourRows(reg.R9)
	for k, row := range fourRows(reg.RSI) {
		VMOVUPS(row, x[k])
		VINSERTF128(Imm(1), upper[k], y[k], y[k])
	}
	VUNPCKLPS(y[1], y[0], y[4])
	VUNPCKHPS(y[1], y[0], y[5])
	VUNPCKLPS(y[3], y[2], y[6])
	VUNPCKHPS(y[3], y[2], y[7])
	VUNPCKLPD(y[6], y[4], y[0])
	VUNPCKHPD(y[6], y[4], y[1])
	VUNPCKLPD(y[7], y[5], y[2])
	VUNPCKHPD(y[7], y[5], y[3])
	for k := range 4 {
		if a.is512() {
			VCVTPS2PD(y[k], a.registers[k])
			VMOVUPD(a.registers[k], Mem{Base: reg.RDI, Disp: k * batchBytes})
			continue
		}
		VEXTRACTF128(Imm(1), y[k], x[4+k])
		for h, from := range []reg.VecPhysical{x[k], x[4+k]} {
			VCVTPS2PD(from, y[4*h+k])
			VMOVUPD(y[4*h+k], half(reg.RDI, k, h))
		}
	}
}

// turnFour transposes a 4 x 4 square of float64 into the lanes from a byte offset on.
func (a *lanes) turnFour(first reg.Register, offset int) {
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}
	for k, row := range fourRows(first) {
		VMOVUPD(row, y[k])
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
		VMOVUPD(y[k], Mem{Base: reg.RDI, Disp: k*batchBytes + offset})
	}
}

// extent lowers least, raises most, and adds the squares of n numbers to energy. Least and most may pass over a NaN.
func (a *lanes) extent() {
	a.function("tensorRange", "extent *ops.Extent, s *ops.Lanes, n int",
		"lowers the least and raises the most to n numbers of {lanes} voxels, and adds their squares to the energy.")
	a.holds(
		"RDI extent, RSI s, RCX n",
		"#0 s, #1 least, #2 most, #3 energy")
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
			a.fma(r[0], r[0], r[3])
			ADDQ(Imm(batchBytes), reg.RSI)
		})
		for k := range 3 {
			a.store(r[k+1], a.at(reg.RDI, k))
		}
	})
	a.end()
}
