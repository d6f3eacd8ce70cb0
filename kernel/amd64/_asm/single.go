package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// single writes the steps of the tensor models in single precision for one instruction set.
func single(wide bool) {
	a := newLanes(wide, true)
	a.packSingle("tensorPack32", "float32", 4)
	a.packSingle("tensorPack64", "float64", 8)
	a.extent()
	a.exp2s()
	a.log2s()
	a.logarithms("tensorLogarithms", false)
	a.logarithms("tensorWeightedLogarithms", true)
	a.sums("tensorSums7", 7, 8)
	a.sums("tensorSums22", 22, 24)
	a.project()
	if wide {
		a.modelRows()
		a.misfitRows()
		a.weightsRows()
	} else {
		a.model()
		a.misfitNarrow()
		a.weights()
	}
	a.convert("Widen", true)
	a.convert("Narrow", false)
}

// rowsBy repeats the body for each of the measurements counted by CX, several at a time as long as there are so many.
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

// rowRegisters are what the models in 512 bits keep in registers: Z0-Z6 p, Z7-Z8 squares and Z9-Z10 gradient of even and
// odd rows, Z11 c, Z12 mix, Z13-Z18 the polynomial of exp2, Z19 one, and three for each of four rows: t, work, d.
type rowRegisters struct {
	p, squares, gradient []reg.VecPhysical
	c, mix               reg.VecPhysical
	polynomial           []reg.VecPhysical
	one                  reg.VecPhysical
	t, q, d              []reg.VecPhysical
}

// rowsAtOnce hides the latency of the exponential.
const rowsAtOnce = 4

func (a *lanes) rowRegisters() rowRegisters {
	r := a.registers
	x := rowRegisters{
		p: r[:7], squares: r[7:9], gradient: r[9:11], c: r[11], mix: r[12],
		polynomial: r[13:19], one: r[19], t: r[20:24], q: r[24:28], d: r[28:32],
	}
	for k, c := range exp2Floor {
		VMOVUPS(a.constant(c), x.polynomial[k])
	}
	VMOVUPS(a.constant(1), x.one)
	return x
}

// predictRows computes t = exp2(w.p + p6) for several rows of the design at RDX.
func (a *lanes) predictRows(x rowRegisters, count int) {
	each := func(do func(u int)) {
		for u := range count {
			do(u)
		}
	}
	each(func(u int) { VMOVAPS(x.p[6], x.t[u]) })
	for k := range 6 {
		each(func(u int) { VFMADD231PS_BCST(a.field(reg.RDX, designFields*u+k), x.p[k], x.t[u]) })
	}
	each(func(u int) { VREDUCEPS(Imm(reduceFloor), x.t[u], x.d[u]) })
	last := len(x.polynomial) - 1
	each(func(u int) { VMOVAPS(x.polynomial[last], x.q[u]) })
	for k := last - 1; k >= 0; k-- {
		each(func(u int) { VFMADD213PS(x.polynomial[k], x.d[u], x.q[u]) })
	}
	each(func(u int) { VFMADD213PS(x.one, x.d[u], x.q[u]) })
	each(func(u int) { VSCALEFPS(x.t[u], x.q[u], x.t[u]) })
}

// differences computes d = s - t - c water, and adds up its squares.
func (a *lanes) differences(x rowRegisters, count int) {
	for u := range count {
		a.load(a.at(reg.RSI, u), x.d[u])
		VSUBPS(x.t[u], x.d[u], x.d[u])
	}
	for u := range count {
		VFNMADD231PS_BCST(a.water(u), x.c, x.d[u])
	}
	for u := range count {
		VFMADD231PS(x.d[u], x.d[u], x.squares[u%2])
	}
}

// water is the signal of water in a row of the design.
func (a *lanes) water(row int) Mem { return a.field(reg.RDX, designFields*row+waterField) }

// nextRows moves to the measurements behind several.
func (a *lanes) nextRows(count int) {
	ADDQ(I32(int32(size*count)), reg.RSI)
	a.skip(reg.RDX, designFields*count)
}

// addPair stores the sum of two registers, the first of which was loaded from there.
func (a *lanes) addPair(pair []reg.VecPhysical, into Mem) {
	VADDPS(pair[1], pair[0], pair[0])
	a.store(pair[0], into)
}

// modelRows is model with several rows at once. RDI u, R9 v, R10 x, RSI s, RDX row of the design, R8 the Point, RCX n.
func (a *lanes) modelRows() {
	a.function("tensorModel", "u, v, x *float64, s *float64, design *float64, n int, point *float64",
		"evaluates the model at a point, and what its derivatives are sums of.")
	x := a.rowRegisters()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	argument("x", reg.R10)
	a.begin(x.p)
	a.load(a.at(reg.R8, pointSquares), x.squares[0])
	a.load(a.at(reg.R8, pointGradient), x.gradient[0])
	a.load(a.at(reg.R8, pointWater), x.c)
	a.load(a.at(reg.R8, pointMix), x.mix)
	a.zero(x.squares[1])
	a.zero(x.gradient[1])
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		a.differences(x, count)
		for u := range count {
			VFMADD231PS_BCST(a.water(u), x.d[u], x.gradient[u%2])
			VMULPS_BCST(a.water(u), x.t[u], x.q[u])
			VMULPS(x.t[u], x.d[u], x.d[u])
		}
		for u := range count {
			a.store(x.q[u], a.at(reg.R10, u))
			a.store(x.d[u], a.at(reg.RDI, u))
			VMULPS(x.mix, x.d[u], x.d[u])
		}
		for u := range count {
			VFMSUB213PS(x.d[u], x.t[u], x.t[u])
			a.store(x.t[u], a.at(reg.R9, u))
		}
		for _, pointer := range []reg.Register{reg.RDI, reg.R9, reg.R10} {
			ADDQ(I32(int32(size*count)), pointer)
		}
		a.nextRows(count)
	})
	a.addPair(x.squares, a.at(reg.R8, pointSquares))
	a.addPair(x.gradient, a.at(reg.R8, pointGradient))
	a.end()
}

// misfitRows is misfit with several rows at once.
func (a *lanes) misfitRows() {
	a.function("tensorMisfit", "s *float64, design *float64, n int, point *float64",
		"adds up the squares of the differences of signal and model at a point.")
	x := a.rowRegisters()
	a.begin(x.p)
	a.load(a.at(reg.R8, pointSquares), x.squares[0])
	a.load(a.at(reg.R8, pointWater), x.c)
	a.zero(x.squares[1])
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		a.differences(x, count)
		a.nextRows(count)
	})
	a.addPair(x.squares, a.at(reg.R8, pointSquares))
	a.end()
}

// weightsRows is weights with several rows at once.
func (a *lanes) weightsRows() {
	a.function("tensorWeights", "u, v *float64, s *float64, design *float64, n int, point *float64",
		"writes v = exp2(w.p + p6) and u = v s.")
	x := a.rowRegisters()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	a.begin(x.p)
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		for u := range count {
			a.store(x.t[u], a.at(reg.R9, u))
			VMULPS(a.at(reg.RSI, u), x.t[u], x.t[u])
			a.store(x.t[u], a.at(reg.RDI, u))
		}
		ADDQ(I32(int32(size*count)), reg.RDI)
		ADDQ(I32(int32(size*count)), reg.R9)
		a.nextRows(count)
	})
	a.end()
}

// project: sums[k] += u w[k] and sums[7+k] += x w[k] over measurements; the last w is 1, which costs an addition only.
//
// RDI sums, RDX row of the design, RSI u, R9 x, RCX n. Z0-Z13 sums, Z14 and Z15 u and x.
//
// With 16 registers: Z0-Z6 sums, Z7 u or x, Z8 broadcasts, first one and then the other.
func (a *lanes) project() {
	a.function("tensorProject", "sums *float64, design *float64, u, x *float64, n int",
		"adds to sums the products of u, and then those of x, with the columns of the design.")
	r := a.registers
	if a.wide {
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
			ADDQ(Imm(uint64(size*count)), reg.R9)
			a.nextRows(count)
		})
		for k := range 14 {
			a.store(r[k], a.at(reg.RDI, k))
		}
		a.end()
		return
	}
	a.halves(func() {
		for turn, from := range []string{"u", "x"} {
			argument("sums", reg.RDI)
			argument("design", reg.RDX)
			argument(from, reg.RSI)
			argument("n", reg.RCX)
			for k := range 7 {
				a.load(a.at(reg.RDI, 7*turn+k), r[k])
			}
			a.rows(func() {
				a.load(a.at(reg.RSI, 0), r[7])
				for k := range 6 {
					a.addProduct(a.field(reg.RDX, k), r[7], r[k], r[8+k%4])
				}
				VADDPS(r[7], r[6], r[6])
				a.next()
			})
			for k := range 7 {
				a.store(r[k], a.at(reg.RDI, 7*turn+k))
			}
		}
	})
	a.end()
}

// packSingle: sixteen rows of n values, one voxel after the other, become n numbers of sixteen lanes. Blocks of eight
// rows and four columns are turned; the last one overlaps the one before. Both instruction sets use 256 bits.
//
// RDI lanes, RSI and R9 first and fifth row of the half, RDX length of a row in bytes, R8 three of them, RCX columns
// left. Y0-Y3 rows, Y4-Y7 pairs, then columns.
func (a *lanes) packSingle(name, kind string, bytes int) {
	name = "single" + name[len("tensor"):] + a.suffix
	TEXT(name, NOSPLIT, "func(lanes *float32, signal *"+kind+", n int)")
	Doc(name + " transposes sixteen rows of n >= 4 values.")
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
		block, last, done := a.label("block"), a.label("last"), a.label("done")
		Label(block)
		CMPQ(reg.RCX, I32(4))
		JL(LabelRef(last))
		a.turnSingle(bytes)
		ADDQ(Imm(uint64(4*bytes)), reg.RSI)
		ADDQ(Imm(uint64(4*bytes)), reg.R9)
		ADDQ(I32(4*size), reg.RDI)
		SUBQ(Imm(4), reg.RCX)
		JMP(LabelRef(block))
		Label(last)
		TESTQ(reg.RCX, reg.RCX)
		JZ(LabelRef(done))
		Comment("Go back, so that four columns are left.")
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
		VMOVUPS(y[k], Mem{Base: reg.RDI, Disp: k * size})
	}
}

// convert: n numbers of sixteen lanes of float32 to or from n of the first and n of the last eight in float64.
//
// RDI first eight, RSI last eight, RDX sixteen, RCX n.
func (a *lanes) convert(name string, widen bool) {
	name = "single" + name + a.suffix
	TEXT(name, NOSPLIT, "func(first, last *float64, s *float32, n int)")
	if widen {
		Doc(name + " writes the first and the last eight lanes of n numbers in double precision.")
	} else {
		Doc(name + " writes n numbers of sixteen lanes, rounded from eight and eight.")
	}
	argument("first", reg.RDI)
	argument("last", reg.RSI)
	argument("s", reg.RDX)
	argument("n", reg.RCX)
	r := a.registers[0]
	part := reg.VecPhysical(reg.X0)
	if a.wide {
		part = reg.Y0
	}
	a.rows(func() {
		for k, pointer := range []reg.Register{reg.RDI, reg.RSI} {
			for offset := 0; offset < size; offset += a.bytes() {
				narrow, wide := Mem{Base: reg.RDX, Disp: 32*k + offset/2}, Mem{Base: pointer, Disp: offset}
				switch {
				case widen:
					VCVTPS2PD(narrow, r)
					VMOVUPD(r, wide)
				case a.wide:
					VCVTPD2PS(wide, part)
					VMOVUPS(part, narrow)
				default:
					VCVTPD2PSY(wide, part)
					VMOVUPS(part, narrow)
				}
			}
			ADDQ(Imm(size), pointer)
		}
		ADDQ(Imm(size), reg.RDX)
	})
	a.end()
}
