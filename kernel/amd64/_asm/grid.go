package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// grid writes the steps of the search for the fraction of free water, in single precision, for one instruction set. The
// long ones take two measurements at a time, so that the operations of one fill the time in which the other waits.
func grid(double, single vectors) {
	a := newLanes(single)
	a.scale()
	a.rightSums("fractionRight", "adds s^2 log2(x), times each of the seven columns of the design, to seven sums", a.logarithmsOf)
	a.rightSums("fractionSlope", "adds s^2 water/x, times each of the seven columns of the design, to seven sums", a.quotients)
	a.descend()
	a.clips()
	a.gridSeries()
	newLanes(double).squares()
}

// log2Eighth are the coefficients of log2(1+r)/r for |r| <= 1/16, interpolated at Chebyshev's points. The relative
// error is 1e-8.
var log2Eighth = []float64{1.4426950408889634, -0.7213463696815232, 0.4808973604607056, -0.36185127821079927, 0.2895484190557065}

// scale computes y = factor s.
func (a *lanes) scale() {
	a.function("fractionScale", "y, s *ops.Lanes, n int, factor *ops.Lanes", "writes y = factor s for n numbers of {lanes} voxels.")
	a.holds(
		"RDI y, RSI s, RCX n, R8 factor",
		"#0 s, #1 factor")
	s, factor := a.registers[0], a.registers[1]
	a.halves(func() {
		argument("y", reg.RDI)
		argument("s", reg.RSI)
		argument("n", reg.RCX)
		argument("factor", reg.R8)
		a.load(a.at(reg.R8, 0), factor)
		a.rows(func() {
			VMULPS(a.at(reg.RSI, 0), factor, s)
			a.store(s, a.at(reg.RDI, 0))
			ADDQ(Imm(batchBytes), reg.RSI)
			ADDQ(Imm(batchBytes), reg.RDI)
		})
	})
	a.end()
}

// A restRow is the registers of one measurement. x is what water leaves of the signal, then the logarithm or quotient
// of that. The others are for work.
type restRow struct{ x, q, r, e reg.VecPhysical }

// rightSums computes x = s - c w, replaced by the floor where x <= cut, and adds s^2 y(x) w to the sums. y replaces the
// x of two rows at a time by its function.
//
// c and w come with what rounding took from them, so that x = ((s - c w) - c wlow) - clow w.
func (a *lanes) rightSums(name, doc string, y func(rows []restRow, prepare bool)) {
	a.function(name, "sums, s *ops.Lanes, design *float64, n int, left *ops.Left", doc,
		"for {lanes} voxels. x = s - c water is what water leaves of the signal, or the floor where x <= cut.")
	a.holds("RDI sums, RSI s, RDX row of the design, R8 the Left, RCX n", "#0-#6 sums, #7-#14 two rows, #15 broadcasts",
		"32 registers: #19-#22 c, clow, cut, floor; from #23 on what y needs")
	r, spare := a.registers, a.registers[15] // spare is only used without evex
	const several = 2
	var rows []restRow
	for first := 7; first < 7+4*several; first += 4 {
		rows = append(rows, restRow{r[first], r[first+1], r[first+2], r[first+3]})
	}
	y(nil, true)
	a.halves(func() {
		argument("sums", reg.RDI)
		argument("s", reg.RSI)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		argument("left", reg.R8)
		for k := range 7 {
			a.load(a.at(reg.RDI, k), r[k])
		}
		var c, low, cut, floor Op = a.at(reg.R8, 0), a.at(reg.R8, 1), a.at(reg.R8, 2), a.at(reg.R8, 3)
		if a.evex {
			for k, into := range []*Op{&c, &low, &cut, &floor} {
				a.load(a.at(reg.R8, k), r[19+k])
				*into = r[19+k]
			}
		}
		a.rowsBy(several, func(count int) {
			for u, row := range rows[:count] {
				a.load(a.at(reg.RSI, u), row.x)
				a.broadcast(a.water(u), row.q)
				a.broadcast(a.field(reg.RDX, designFields*u+waterField-1), row.r)
			}
			for _, row := range rows[:count] {
				VFNMADD231PS(c, row.q, row.x)
			}
			for _, row := range rows[:count] {
				VFNMADD231PS(c, row.r, row.x)
			}
			for _, row := range rows[:count] {
				VFNMADD231PS(low, row.q, row.x)
			}
			for u, row := range rows[:count] {
				if a.evex {
					mask := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3}[u]
					VCMPPS(Imm(lessOrEqual), cut, row.x, mask)
					VMOVAPS(floor, mask, row.x)
				} else {
					VCMPPS(Imm(lessOrEqual), cut, row.x, row.q)
					VBLENDVPS(row.q, floor, row.x, row.x)
				}
			}
			y(rows[:count], false)
			for range 2 {
				for u, row := range rows[:count] {
					VMULPS(a.at(reg.RSI, u), row.x, row.x)
				}
			}
			for k := range 6 {
				for u, row := range rows[:count] {
					a.addProduct(a.field(reg.RDX, designFields*u+k), row.x, r[k], spare)
				}
			}
			for _, row := range rows[:count] {
				VADDPS(row.x, r[6], r[6])
			}
			a.nextRows(count)
		})
		for k := range 7 {
			a.store(r[k], a.at(reg.RDI, k))
		}
	})
	a.end()
}

// logarithmsOf replaces x by its binary logarithm, for positive normal numbers. With x = 2^e m, 1 <= m < 2, it is
// log2(x) = e + log2(k) + log2(1+r), where r = m/k - 1. [1, 2) is divided into parts, and k is the middle of the part
// in which m is.
//
//	512 bits: sixteen parts; Z23 and Z24 tables, Z25-Z28 the polynomial, Z29 one
//	256 bits: eight parts; everything is in memory
func (a *lanes) logarithmsOf(rows []restRow, prepare bool) {
	const first = 23
	if prepare {
		if a.evex {
			a.log2Table(a.registers[first : first+2])
			for k, c := range log2NarrowSingle {
				VMOVUPS(a.constant(c), a.registers[first+2+k])
			}
			VMOVUPS(a.constant(1), a.registers[first+6])
		}
		return
	}
	each := func(do func(row restRow)) {
		for _, row := range rows {
			do(row)
		}
	}
	polynomial := func(c []Op) {
		last := len(c) - 1
		each(func(row restRow) { VMOVUPS(c[last], row.q) })
		for k := last - 1; k >= 0; k-- {
			each(func(row restRow) { VFMADD213PS(c[k], row.x, row.q) })
		}
		each(func(row restRow) { VFMADD213PS(row.e, row.q, row.x) })
	}
	if a.evex {
		t := a.registers[first:]
		each(func(row restRow) { VGETEXPPS(row.x, row.e) })
		each(func(row restRow) { VGETMANTPS(Imm(0b1000), row.x, row.x) })
		each(func(row restRow) { VPSRLD(Imm(19), row.x, row.r) })
		each(func(row restRow) { VPERMPS(t[0], row.r, row.q) })
		each(func(row restRow) { VPERMPS(t[1], row.r, row.r) })
		each(func(row restRow) { VFMSUB213PS(t[6], row.q, row.x) })
		each(func(row restRow) { VADDPS(row.r, row.e, row.e) })
		polynomial([]Op{t[2], t[3], t[4], t[5]})
		return
	}
	inverses, logs := make([]float64, 8), make([]float64, 8)
	for k := range inverses {
		inverses[k] = float64(float32(1 / (1 + (float64(k)+0.5)/8)))
		logs[k] = -log2Near(inverses[k])
	}
	inverse, log := a.table("eighthInverses", inverses), a.table("eighthLogs", logs)
	one := a.pattern32(math.Float32bits(1))
	each(func(row restRow) { VPSRLD(Imm(20), row.x, row.r) })
	each(func(row restRow) { VPERMPS(inverse, row.r, row.q) })
	each(func(row restRow) { VPERMPS(log, row.r, row.r) })
	each(func(row restRow) { VPSUBD(one, row.x, row.e) })
	each(func(row restRow) { VPSRAD(Imm(23), row.e, row.e) })
	each(func(row restRow) { VCVTDQ2PS(row.e, row.e) })
	each(func(row restRow) { VPAND(a.pattern32(1<<23-1), row.x, row.x) })
	each(func(row restRow) { VPOR(one, row.x, row.x) })
	each(func(row restRow) { VFMSUB213PS(one, row.q, row.x) })
	each(func(row restRow) { VADDPS(row.r, row.e, row.e) })
	var coefficients []Op
	for _, c := range log2Eighth {
		coefficients = append(coefficients, a.constant(c))
	}
	polynomial(coefficients)
}

// quotients replaces x by w/x.
func (a *lanes) quotients(rows []restRow, prepare bool) {
	if prepare {
		return
	}
	for u, row := range rows {
		a.broadcast(a.water(u), row.q)
		VDIVPS(row.x, row.q, row.x)
	}
}

// Places in ops.TrialSingle.
const (
	trialQ         = 7
	trialWater     = 14
	trialGradient  = 15
	trialCurvature = 16
)

// descend computes t = exp2(w.p + p6), d = s - t - c water and e = t (w.q + q6) - water. It adds d e to the gradient
// and e^2 to the curvature.
func (a *lanes) descend() {
	a.function("fractionDescend", "s *ops.Lanes, design *float64, n int, trial *ops.Trial",
		"adds d e to the gradient and e^2 to the curvature of {lanes} voxels. d = s - t - c water is the",
		"difference of signal and fit, t = 2^(w.P + p6), and e = t (w.Q + q6) - water is its derivative by c.")
	a.holds(
		"RSI s, RDX row of the design, R8 the Trial, RCX n",
		"#0-#1 sums, #2-#9 two rows, #10 broadcasts, #11-#12 work",
		"32 registers: #16-#29 p and q, #30 c")
	r := a.registers
	gradient, curvature, w := r[0], r[1], r[10]
	type row struct{ t, y, d, q reg.VecPhysical }
	rows := []row{{r[2], r[3], r[4], r[5]}, {r[6], r[7], r[8], r[9]}}
	a.halves(func() {
		argument("s", reg.RSI)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		argument("trial", reg.R8)
		a.load(a.at(reg.R8, trialGradient), gradient)
		a.load(a.at(reg.R8, trialCurvature), curvature)
		var p [trialWater + 1]Op // p, q and c
		for k := range p {
			p[k] = a.at(reg.R8, k)
			if a.evex {
				a.load(a.at(reg.R8, k), r[16+k])
				p[k] = r[16+k]
			}
		}
		a.rowsBy(len(rows), func(count int) {
			for _, x := range rows[:count] {
				VMOVUPS(p[6], x.t)
				VMOVUPS(p[trialQ+6], x.y)
			}
			for k := range 6 {
				for u, x := range rows[:count] {
					a.broadcast(a.field(reg.RDX, designFields*u+k), w)
					VFMADD231PS(p[k], w, x.t)
					VFMADD231PS(p[trialQ+k], w, x.y)
				}
			}
			for _, x := range rows[:count] {
				a.exp2Single(x.t, [4]reg.VecPhysical{x.d, x.q, r[11], r[12]})
			}
			for u, x := range rows[:count] {
				a.broadcast(a.water(u), w)
				VFMSUB213PS(w, x.t, x.y)
				a.load(a.at(reg.RSI, u), x.d)
				VSUBPS(x.t, x.d, x.d)
				VFNMADD231PS(p[trialWater], w, x.d)
			}
			for _, x := range rows[:count] {
				VFMADD231PS(x.d, x.y, gradient)
				VFMADD231PS(x.y, x.y, curvature)
			}
			a.nextRows(count)
		})
		a.store(gradient, a.at(reg.R8, trialGradient))
		a.store(curvature, a.at(reg.R8, trialCurvature))
	})
	a.end()
}

// Places in ops.ClipsSingle.
const (
	clipsCentre = iota
	clipsGrid
	clipsLast
	clipsBelow
	clipsAbove
	clipsNear
)

// clips computes q = s inverse. Where q > centre, above = min(above, q); elsewhere below = max(below, q). x = q grid is
// kept between a half and last, and then near = min(near, |x - round(x)| inverse).
func (a *lanes) clips() {
	a.function("fractionClips", "clips *ops.Clips, s *ops.Lanes, inverse *float64, n int",
		"finds, for {lanes} voxels, the c at which water uses up measurements, q = s inverse. It lowers above to",
		"the least q above the centre, raises below to the largest of the others, and lowers near to the least",
		"distance of q from a point of the grid, times inverse.")
	a.holds(
		"RDI clips, RSI s, RDX inverse, RCX n",
		"#0 centre, #1 grid, #2 last, #3 below, #4 above, #5 near, #6 q, #7 inverse, #8-#9 work")
	r := a.registers
	centre, grid, last, below, above, near, q, inverse, mask, work := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9]
	a.halves(func() {
		argument("clips", reg.RDI)
		argument("s", reg.RSI)
		argument("inverse", reg.RDX)
		argument("n", reg.RCX)
		for k := range clipsNear + 1 {
			a.load(a.at(reg.RDI, k), r[k])
		}
		a.rows(func() {
			a.broadcast(Mem{Base: reg.RDX}, inverse)
			VMULPS(a.at(reg.RSI, 0), inverse, q)
			if a.evex {
				VCMPPS(Imm(lessThan), q, centre, reg.K1)
				VCMPPS(Imm(notLessThan), q, centre, reg.K2)
				VMINPS(q, above, reg.K1, above)
				VMAXPS(q, below, reg.K2, below)
			} else {
				VCMPPS(Imm(lessThan), q, centre, mask)
				VBLENDVPS(mask, q, above, work)
				VMINPS(work, above, above)
				VBLENDVPS(mask, below, q, work)
				VMAXPS(work, below, below)
			}
			VMULPS(grid, q, q)
			VMAXPS(a.constant(0.5), q, q)
			VMINPS(last, q, q)
			if a.evex {
				VRNDSCALEPS(Imm(8), q, work)
			} else {
				VROUNDPS(Imm(8), q, work)
			}
			VSUBPS(work, q, q)
			VANDPS(a.pattern32(1<<31-1), q, q)
			VMULPS(inverse, q, q)
			VMINPS(near, q, near)
			ADDQ(Imm(batchBytes), reg.RSI)
			ADDQ(Imm(4), reg.RDX)
		})
		for k := clipsBelow; k <= clipsNear; k++ {
			a.store(r[k], a.at(reg.RDI, k))
		}
	})
	a.end()
}

// misfitNarrow is the misfit with 256 bits, in either precision. It takes four measurements at once, because an
// exponential takes longer than a processor can look ahead.
func (a *lanes) misfitNarrow() {
	a.function("tensorMisfit", "s *ops.Lanes, design *float64, n int, point *ops.Point",
		"adds the squares of s - t - c water to those of a point, over n measurements of {lanes} voxels. t =",
		"2^(w.p + p6).")
	a.holds(
		"RSI s, RDX row of the design, R8 the Point, RCX n",
		"Y0-Y3 t, Y4-Y7 parts of the exponential, Y8-Y11 its polynomial, then d",
		"Y12 and Y13 squares of even and odd rows, Y14 p, Y15 broadcasts")
	r := a.registers
	t, parts, d, squares, p, w := r[:4], r[4:8], r[8:12], r[12:14], r[14], r[15]
	a.halves(func() {
		argument("s", reg.RSI)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		argument("point", reg.R8)
		a.load(a.at(reg.R8, pointSquares), squares[0])
		a.zero(squares[1])
		a.rowsBy(len(t), func(count int) {
			for u := range count {
				a.load(a.at(reg.R8, 6), t[u])
			}
			for k := range 6 {
				a.load(a.at(reg.R8, k), p)
				for u := range count {
					a.addProduct(a.field(reg.RDX, designFields*u+k), p, t[u], w)
				}
			}
			a.exp2Rows(t[:count], parts, d)
			a.load(a.at(reg.R8, pointWater), p)
			for u := range count {
				a.load(a.at(reg.RSI, u), d[u])
				a.sub(t[u], d[u], d[u])
				a.broadcast(a.water(u), w)
				a.fnma(p, w, d[u])
			}
			for u := range count {
				a.fma(d[u], d[u], squares[u%2])
			}
			ADDQ(I32(int32(batchBytes*count)), reg.RSI)
			ADDQ(I32(int32(a.size*designFields*count)), reg.RDX)
		})
		a.add(squares[1], squares[0], squares[0])
		a.store(squares[0], a.at(reg.R8, pointSquares))
	})
	a.end()
}

// exp2Rows replaces numbers z by 2^z, as exp2 does with 256 bits. It needs two more registers for each.
func (a *lanes) exp2Rows(z, parts, q []reg.VecPhysical) {
	low, high, shift, coefficients := -1023., 1024., a.constant(3<<51+1023), exp2Wide
	if a.isSingle() {
		low, high, shift, coefficients = -127, 128, a.constant(3<<22+127), exp2Nearest
	}
	for u := range z {
		a.clamp(z[u], q[u], low, high)
	}
	for u := range z {
		a.add(shift, z[u], parts[u])
	}
	for u := range z {
		a.sub(shift, parts[u], q[u])
	}
	for u := range z {
		a.sub(q[u], z[u], z[u])
		if a.isSingle() {
			VPSLLD(Imm(23), parts[u], parts[u])
		} else {
			VPSLLQ(Imm(52), parts[u], parts[u])
		}
	}
	last := len(coefficients) - 1
	for u := range z {
		VMOVUPD(a.constant(coefficients[last]), q[u])
	}
	for k := last - 1; k >= -1; k-- {
		c := 1.
		if k >= 0 {
			c = coefficients[k]
		}
		for u := range z {
			a.fma213(a.constant(c), z[u], q[u])
		}
	}
	for u := range z {
		a.mul(q[u], parts[u], z[u])
	}
}
