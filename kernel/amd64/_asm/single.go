package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tensorSingle writes the steps of the tensor models in single precision for one instruction set.
func tensorSingle(v vectors) {
	a := newLanes(v)
	a.packSingle("singlePack32", "float32", 4)
	a.packSingle("singlePack64", "float64", 8)
	a.extent()
	a.exp2s()
	a.log2s()
	if a.whole() {
		a.logarithmsRows("tensorLogarithms", false)
		a.logarithmsRows("tensorWeightedLogarithms", true)
	} else {
		a.logarithms("tensorLogarithms", false)
		a.logarithms("tensorWeightedLogarithms", true)
	}
	a.sums("tensorSums7", 7, 8)
	a.sums("tensorSums22", 22, 24)
	a.project()
	if a.whole() {
		a.modelRows()
		a.misfitRows()
		a.weightsRows()
	} else {
		a.modelPair()
		a.misfitNarrow()
		a.weightsPair()
	}
	a.convert("Widen", true)
	a.convert("Narrow", false)
}

// rowsBy repeats the body for the measurements that CX counts: for several at a time while there are so many, then one
// by one.
func (a *lanes) rowsBy(several int, body func(count int)) {
	again, rest := a.label("rows"), a.label("rest")
	CMPQ(reg.RCX, Imm(uint64(several)))
	JL(LabelRef(rest))
	Label(again)
	body(several)
	SUBQ(Imm(uint64(several)), reg.RCX)
	CMPQ(reg.RCX, Imm(uint64(several)))
	JGE(LabelRef(again))
	Label(rest)
	a.rows(func() { body(1) })
}

// water is the place of the signal of water in a row of the design.
func (a *lanes) water(row int) Mem { return a.field(reg.RDX, designFields*row+waterField) }

// nextRows moves the pointers past so many measurements.
func (a *lanes) nextRows(count int) {
	ADDQ(I32(int32(batchBytes*count)), reg.RSI)
	a.skip(reg.RDX, designFields*count)
}

// logarithmsRows is logarithms with several rows at once.
func (a *lanes) logarithmsRows(name string, weighted bool) {
	signature, doc := "y, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes y = log2(x)"
	if weighted {
		signature, doc = "y, v, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes v = s^2 and y = v log2(x)"
	}
	a.function(name, signature, doc,
		"for n measurements of {lanes} voxels. x = s - c water is what water leaves of the signal, or the floor where",
		"x <= cut.")
	a.holds(
		"RDI y, R9 v, RSI s, RDX row of the design, R8 the Rest, RCX n",
		"#0-#1 tables, #2 c, #3 cut, #4 floor, #5 one, #6-#9 the polynomial",
		"and five for each of four rows: x, the table's two numbers, work, s")
	r := a.registers
	table, c, cut, floor, one, polynomial := r[0:2], r[2], r[3], r[4], r[5], r[6:10]
	x, inverse, log, q, s := r[10:14], r[14:18], r[18:22], r[22:26], r[26:30]
	a.log2Table(table)
	for k, v := range log2NarrowSingle {
		VMOVUPS(a.constant(v), polynomial[k])
	}
	VMOVUPS(a.constant(1), one)
	argument("y", reg.RDI)
	if weighted {
		argument("v", reg.R9)
	}
	argument("s", reg.RSI)
	argument("design", reg.RDX)
	argument("n", reg.RCX)
	argument("rest", reg.R8)
	for k, into := range []reg.VecPhysical{c, cut, floor} {
		a.load(a.at(reg.R8, k), into)
	}
	a.rowsBy(rowsAtOnce, func(count int) {
		each := func(do func(u int)) {
			for u := range count {
				do(u)
			}
		}
		masks := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
		each(func(u int) {
			a.load(a.at(reg.RSI, u), s[u])
			VMOVAPS(s[u], x[u])
		})
		each(func(u int) { VFNMADD231PS_BCST(a.water(u), c, x[u]) })
		each(func(u int) { VCMPPS(Imm(lessOrEqual), cut, x[u], masks[u]) })
		each(func(u int) { VMOVAPS(floor, masks[u], x[u]) })
		each(func(u int) { VGETEXPPS(x[u], q[u]) })
		each(func(u int) { VGETMANTPS(Imm(0b1000), x[u], x[u]) })
		each(func(u int) { VPSRLD(Imm(19), x[u], log[u]) })
		each(func(u int) { VPERMPS(table[0], log[u], inverse[u]) })
		each(func(u int) { VPERMPS(table[1], log[u], log[u]) })
		each(func(u int) { VADDPS(q[u], log[u], log[u]) })
		each(func(u int) { VFMSUB213PS(one, inverse[u], x[u]) })
		last := len(polynomial) - 1
		each(func(u int) { VMOVAPS(polynomial[last], q[u]) })
		for k := last - 1; k >= 0; k-- {
			each(func(u int) { VFMADD213PS(polynomial[k], x[u], q[u]) })
		}
		each(func(u int) { VFMADD213PS(log[u], q[u], x[u]) })
		each(func(u int) {
			if weighted {
				VMULPS(s[u], s[u], s[u])
				VMULPS(s[u], x[u], x[u])
				a.store(s[u], a.at(reg.R9, u))
			}
			a.store(x[u], a.at(reg.RDI, u))
		})
		if weighted {
			ADDQ(I32(int32(batchBytes*count)), reg.R9)
		}
		ADDQ(I32(int32(batchBytes*count)), reg.RDI)
		a.nextRows(count)
	})
	a.end()
}

// project computes sums[k] += u w[k] and sums[7+k] += x w[k] over the measurements. The last w is 1, so that an
// addition is enough.
func (a *lanes) project() {
	a.function("tensorProject", "sums *ops.Lanes, design *float64, u, x *ops.Lanes, n int",
		"adds u, times each of the seven columns of the design, to seven sums, and x to seven others, over n",
		"measurements of {lanes} voxels.")
	a.holds(
		"RDI sums, RDX row of the design, RSI u, R9 x, RCX n",
		"32 registers: #0-#13 sums, #14-#17 u and x of two measurements",
		"16 registers: Y0-Y13 sums, Y14 u, Y15 broadcasts; x is in memory")
	r := a.registers
	if a.whole() {
		argument("sums", reg.RDI)
		argument("design", reg.RDX)
		argument("u", reg.RSI)
		argument("x", reg.R9)
		argument("n", reg.RCX)
		for k := range 14 {
			a.load(a.at(reg.RDI, k), r[k])
		}
		a.rowsBy(2, func(count int) {
			for row := range count {
				u, x := r[14+2*row], r[15+2*row]
				a.load(a.at(reg.RSI, row), u)
				a.load(a.at(reg.R9, row), x)
				for k := range 6 {
					VFMADD231PS_BCST(a.field(reg.RDX, designFields*row+k), u, r[k])
					VFMADD231PS_BCST(a.field(reg.RDX, designFields*row+k), x, r[7+k])
				}
				VADDPS(u, r[6], r[6])
				VADDPS(x, r[13], r[13])
			}
			ADDQ(Imm(uint64(batchBytes*count)), reg.R9)
			a.nextRows(count)
		})
		for k := range 14 {
			a.store(r[k], a.at(reg.RDI, k))
		}
		a.end()
		return
	}
	a.halves(func() {
		argument("sums", reg.RDI)
		argument("design", reg.RDX)
		argument("u", reg.RSI)
		argument("x", reg.R9)
		argument("n", reg.RCX)
		for k := range 14 {
			a.load(a.at(reg.RDI, k), r[k])
		}
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), r[14])
			for k := range 6 {
				a.broadcast(a.field(reg.RDX, k), r[15])
				VFMADD231PS(r[15], r[14], r[k])
				VFMADD231PS(a.at(reg.R9, 0), r[15], r[7+k])
			}
			VADDPS(r[14], r[6], r[6])
			VADDPS(a.at(reg.R9, 0), r[13], r[13])
			ADDQ(Imm(batchBytes), reg.R9)
			a.next()
		})
		for k := range 14 {
			a.store(r[k], a.at(reg.RDI, k))
		}
	})
	a.end()
}

// packSingle turns sixteen rows of n values, one voxel after the other, into n numbers of sixteen lanes. It turns
// blocks of eight rows and four columns. The last block overlaps the one before. Both instruction sets use 256 bits.
func (a *lanes) packSingle(name, kind string, bytes int) {
	a.set.function(name, "lanes *ops.LanesSingle, signal *"+kind+", n int",
		"transposes the signals of sixteen voxels, rows of n >= 4 values one after another, into n numbers of sixteen",
		"lanes, and prefetches the next sixteen rows.")
	a.holds(
		"RDI lanes, RSI and R9 first and fifth row of the half, RDX length of a row in bytes, R8 three of them",
		"RCX columns left",
		"Y0-Y3 rows, Y4-Y7 pairs, then columns")
	for half := range 2 {
		argument("lanes", reg.RDI)
		argument("signal", reg.RSI)
		argument("n", reg.RCX)
		MOVQ(reg.RCX, reg.RDX)
		SHLQ(Imm(uint64(bytes/4+1)), reg.RDX) // times 4 or 8
		LEAQ(Mem{Base: reg.RDX, Index: reg.RDX, Scale: 2}, reg.R8)
		if half == 1 {
			LEAQ(Mem{Base: reg.RSI, Index: reg.RDX, Scale: 8}, reg.RSI)
			ADDQ(Imm(32), reg.RDI)
		}
		LEAQ(Mem{Base: reg.RSI, Index: reg.RDX, Scale: 4}, reg.R9)
		LEAQ(Mem{Base: reg.R9, Index: reg.RDX, Scale: 8}, reg.R10)
		LEAQ(Mem{Base: reg.R10, Index: reg.RDX, Scale: 4}, reg.R10)
		LEAQ(Mem{Base: reg.R10, Index: reg.RDX, Scale: 4}, reg.R11)
		block, last, done := a.label("block"), a.label("last"), a.label("done")
		Label(block)
		CMPQ(reg.RCX, I32(4))
		JL(LabelRef(last))
		a.askForNext()
		a.turnSingle(bytes)
		ADDQ(Imm(uint64(4*bytes)), reg.RSI)
		for _, pointer := range []reg.Register{reg.R9, reg.R10, reg.R11} {
			ADDQ(Imm(uint64(4*bytes)), pointer)
		}
		ADDQ(I32(4*batchBytes), reg.RDI)
		SUBQ(Imm(4), reg.RCX)
		JMP(LabelRef(block))
		Label(last)
		TESTQ(reg.RCX, reg.RCX)
		JZ(LabelRef(done))
		Comment("Fewer than four columns are left. Go back, so that they are four.")
		SUBQ(Imm(4), reg.RCX)
		LEAQ(Mem{Base: reg.RSI, Index: reg.RCX, Scale: uint8(bytes)}, reg.RSI)
		LEAQ(Mem{Base: reg.R9, Index: reg.RCX, Scale: uint8(bytes)}, reg.R9)
		SHLQ(Imm(6), reg.RCX)
		ADDQ(reg.RCX, reg.RDI)
		a.turnSingle(bytes)
		Label(done)
	}
	a.end()
}

// askForNext prefetches the same block of the next sixteen voxels. R10 and R11 are their first and fifth row of the
// half.
func (a *lanes) askForNext() {
	for _, pointer := range []reg.Register{reg.R10, reg.R11} {
		PREFETCHT1(Mem{Base: pointer})
		PREFETCHT1(Mem{Base: pointer, Index: reg.RDX, Scale: 1})
		PREFETCHT1(Mem{Base: pointer, Index: reg.RDX, Scale: 2})
		PREFETCHT1(Mem{Base: pointer, Index: reg.R8, Scale: 1})
	}
}

// turnSingle transposes one block.
func (a *lanes) turnSingle(bytes int) {
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}
	x := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7}
	rows := func(pointer reg.Register) []Mem {
		return []Mem{
			{Base: pointer},
			{Base: pointer, Index: reg.RDX, Scale: 1},
			{Base: pointer, Index: reg.RDX, Scale: 2},
			{Base: pointer, Index: reg.R8, Scale: 1},
		}
	}
	upper := rows(reg.R9)
	for k, row := range rows(reg.RSI) {
		if bytes == 4 {
			VMOVUPS(row, x[k])
			VINSERTF128(Imm(1), upper[k], y[k], y[k])
			continue
		}
		VCVTPD2PSY(row, x[k])
		VCVTPD2PSY(upper[k], x[4])
		VINSERTF128(Imm(1), x[4], y[k], y[k])
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
		VMOVUPS(y[k], Mem{Base: reg.RDI, Disp: k * batchBytes})
	}
}

// convert moves n numbers between sixteen lanes of float32 and two arrays of float64, of the first and the last eight
// lanes.
func (a *lanes) convert(name string, widen bool) {
	doc := "rounds n numbers of sixteen voxels to single precision: the first eight lanes come from first, the others from last."
	if widen {
		doc = "converts n numbers of sixteen voxels to double precision: the first eight lanes to first, the others to last."
	}
	a.set.function("single"+name, "first, last *ops.Lanes, s *ops.LanesSingle, n int", doc)
	a.holds("RDI first eight, RSI last eight, RDX sixteen, RCX n")
	argument("first", reg.RDI)
	argument("last", reg.RSI)
	argument("s", reg.RDX)
	argument("n", reg.RCX)
	r := a.registers[0]
	part := reg.VecPhysical(reg.X0)
	if a.is512() {
		part = reg.Y0
	}
	a.rows(func() {
		for k, pointer := range []reg.Register{reg.RDI, reg.RSI} {
			for offset := 0; offset < batchBytes; offset += a.bytes {
				narrow, wide := Mem{Base: reg.RDX, Disp: 32*k + offset/2}, Mem{Base: pointer, Disp: offset}
				switch {
				case widen:
					VCVTPS2PD(narrow, r)
					VMOVUPD(r, wide)
				case a.is512():
					VCVTPD2PS(wide, part)
					VMOVUPS(part, narrow)
				default:
					VCVTPD2PSY(wide, part)
					VMOVUPS(part, narrow)
				}
			}
			ADDQ(Imm(batchBytes), pointer)
		}
		ADDQ(Imm(batchBytes), reg.RDX)
	})
	a.end()
}
