package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowRegisters are what the models with 512 bits keep in registers. They take four measurements (rows) at once, because
// an exponential takes longer than a processor can look ahead.
type rowRegisters struct {
	p, squares, gradient []reg.VecPhysical
	c, mix               reg.VecPhysical
	polynomial           []reg.VecPhysical
	one                  reg.VecPhysical
	powers               []reg.VecPhysical
	shift                reg.VecPhysical
	t, q, d, k           []reg.VecPhysical
}

// rowsAtOnce is how many measurements hide the latency of an exponential.
const rowsAtOnce = 4

func (a *lanes) rowRegisters() rowRegisters {
	r := a.registers
	if !a.isSingle() {
		x := rowRegisters{
			p: r[:7], squares: r[7:8], gradient: r[8:9], c: r[9], mix: r[10],
			powers: r[11:13], shift: r[13], t: r[16:20], q: r[20:24], d: r[24:28], k: r[28:32],
		}
		a.holds("#0-#6 p, #7 squares, #8 gradient, #9 c, #10 mix, #11-#12 the powers of 2^(1/16)",
			"#13 the number that rounds to a sixteenth; of four rows #16-#19 t, #20-#23 q, #24-#27 d, #28-#31 k")
		a.exp2Table(x.powers)
		a.everywhere(exp2Shift, x.shift)
		return x
	}
	x := rowRegisters{
		p: r[:7], squares: r[7:9], gradient: r[9:11], c: r[11], mix: r[12],
		polynomial: r[13:19], one: r[19], t: r[20:24], q: r[24:28], d: r[28:32],
	}
	a.holds("#0-#6 p, #7-#8 squares and #9-#10 gradient of even and odd rows, #11 c, #12 mix",
		"#13-#18 the polynomial of exp2, #19 one; of four rows #20-#23 t, #24-#27 q, #28-#31 d")
	for k, c := range exp2Floor {
		a.everywhere(c, x.polynomial[k])
	}
	a.everywhere(1, x.one)
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
		each(func(u int) { a.fmaNumber(a.field(reg.RDX, designFields*u+k), x.p[k], x.t[u]) })
	}
	if !a.isSingle() {
		a.powersOfRows(x, each)
		return
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

// powersOfRows replaces the t of several rows by 2^t in double precision. It is exp2 without its limits, which only
// infinite arguments need.
func (a *lanes) powersOfRows(x rowRegisters, each func(do func(u int))) {
	each(func(u int) { a.add(x.shift, x.t[u], x.d[u]) })
	each(func(u int) { a.sub(x.shift, x.d[u], x.k[u]) })
	each(func(u int) { a.sub(x.k[u], x.t[u], x.t[u]) })
	each(func(u int) { VPERMI2PD(x.powers[1], x.powers[0], x.d[u]) })
	last := len(exp2Narrow) - 1
	each(func(u int) { a.everywhere(exp2Narrow[last], x.q[u]) })
	for k := last - 1; k >= 0; k-- {
		each(func(u int) { a.fma213Number(a.number(exp2Narrow[k]), x.t[u], x.q[u]) })
	}
	each(func(u int) { a.mul(x.t[u], x.q[u], x.q[u]) })
	each(func(u int) { a.fma213(x.d[u], x.d[u], x.q[u]) })
	each(func(u int) { VSCALEFPD(x.k[u], x.q[u], x.t[u]) })
}

// differences computes d = s - t - c water, and adds d^2 to the squares.
func (a *lanes) differences(x rowRegisters, count int) {
	for u := range count {
		a.load(a.at(reg.RSI, u), x.d[u])
		a.sub(x.t[u], x.d[u], x.d[u])
	}
	for u := range count {
		a.fnmaNumber(a.water(u), x.c, x.d[u])
	}
	for u := range count {
		a.fma(x.d[u], x.d[u], x.squares[u%len(x.squares)])
	}
}

// loadSums and storeSums move a sum from and to the Point. In registers it may be two: of even and of odd rows.
func (a *lanes) loadSums(place int, sums []reg.VecPhysical) {
	a.load(a.at(reg.R8, place), sums[0])
	for _, sum := range sums[1:] {
		a.zero(sum)
	}
}

func (a *lanes) storeSums(sums []reg.VecPhysical, place int) {
	for _, sum := range sums[1:] {
		a.add(sum, sums[0], sums[0])
	}
	a.store(sums[0], a.at(reg.R8, place))
}

// modelRows evaluates the model for a Newton step. t = exp2(w.p + p6), d = s - t - c water; u = d t, v = t^2 - mix u, x
// = t water; squares += d^2, gradient += d water.
func (a *lanes) modelRows() {
	a.function("tensorModel", "u, v, x, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"evaluates the model of {lanes} voxels at a point, over n measurements. With t = 2^(w.p + p6) and d = s -",
		"t - c water it writes u = d t, v = t^2 - mix u and x = t water, and adds d^2 to the squares and d water",
		"to the gradient.")
	a.holds("RDI u, R9 v, R10 x, RSI s, RDX row of the design, R8 the Point, RCX n")
	x := a.rowRegisters()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	argument("x", reg.R10)
	a.begin(x.p)
	a.loadSums(pointSquares, x.squares)
	a.loadSums(pointGradient, x.gradient)
	a.load(a.at(reg.R8, pointWater), x.c)
	a.load(a.at(reg.R8, pointMix), x.mix)
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		a.differences(x, count)
		for u := range count {
			a.fmaNumber(a.water(u), x.d[u], x.gradient[u%len(x.gradient)])
			a.mulNumber(a.water(u), x.t[u], x.q[u])
			a.mul(x.t[u], x.d[u], x.d[u])
		}
		for u := range count {
			a.store(x.q[u], a.at(reg.R10, u))
			a.store(x.d[u], a.at(reg.RDI, u))
			a.mul(x.mix, x.d[u], x.d[u])
		}
		for u := range count {
			a.fms213(x.d[u], x.t[u], x.t[u])
			a.store(x.t[u], a.at(reg.R9, u))
		}
		for _, pointer := range []reg.Register{reg.RDI, reg.R9, reg.R10} {
			ADDQ(I32(int32(batchBytes*count)), pointer)
		}
		a.nextRows(count)
	})
	a.storeSums(x.squares, pointSquares)
	a.storeSums(x.gradient, pointGradient)
	a.end()
}

// misfitRows computes squares += (s - exp2(w.p + p6) - c water)^2. Registers are those of modelRows.
func (a *lanes) misfitRows() {
	a.function("tensorMisfit", "s *ops.Lanes, design *float64, n int, point *ops.Point",
		"adds the squares of s - t - c water to those of a point, over n measurements of {lanes} voxels. t =",
		"2^(w.p + p6).")
	x := a.rowRegisters()
	a.begin(x.p)
	a.loadSums(pointSquares, x.squares)
	a.load(a.at(reg.R8, pointWater), x.c)
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		a.differences(x, count)
		a.nextRows(count)
	})
	a.storeSums(x.squares, pointSquares)
	a.end()
}

// weightsRows computes v = exp2(w.p + p6) and u = v s. Registers are those of modelRows.
func (a *lanes) weightsRows() {
	a.function("tensorWeights", "u, v, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"writes v = 2^(w.p + p6) and u = v s for n measurements of {lanes} voxels.")
	x := a.rowRegisters()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	a.begin(x.p)
	a.rowsBy(rowsAtOnce, func(count int) {
		a.predictRows(x, count)
		for u := range count {
			a.store(x.t[u], a.at(reg.R9, u))
			a.mul(a.at(reg.RSI, u), x.t[u], x.t[u])
			a.store(x.t[u], a.at(reg.RDI, u))
		}
		ADDQ(I32(int32(batchBytes*count)), reg.RDI)
		ADDQ(I32(int32(batchBytes*count)), reg.R9)
		a.nextRows(count)
	})
	a.end()
}
