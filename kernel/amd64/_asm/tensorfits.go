package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of 2^r for weights, interpolated as those of tensorexplog.go. The relative error is 2.6e-12 for |r| <=
// 1/32, and 1.1e-12 for |r| <= 1/2. Such an error of a weight moves a parameter by as small a part of its standard
// error.
var (
	weightNarrow = []float64{1, 0.6931471801625687, 0.24022650691319414, 0.055505736314614036, 0.009618317140580765}
	weightWide   = []float64{1, 0.6931471805459335, 0.2402265069581299, 0.05550410941205933, 0.009618129159402558, 0.0013333450568000645, 0.00015403455852453838, 1.5310079402249296e-05, 1.3255224878668817e-06}
)

// tensorFits writes the steps of the fits of the plain tensor.
func (a *lanes) tensorFits() {
	if a.whole() {
		a.ordinaryWide()
		a.reweightWide()
		a.tissueWide()
	} else {
		a.ordinaryNarrow()
		a.reweightNarrow()
		a.tissueNarrow()
	}
	a.squaredWeights()
}

// twoRows repeats a body for the measurements that CX counts. It takes two at a time, so that neither waits for the
// other, and then one that may be left. It uses up CX.
func (a *lanes) twoRows(body func(rows int)) {
	again, rest, done := a.label("pair"), a.label("rest"), a.label("done")
	SUBQ(Imm(2), reg.RCX)
	JL(LabelRef(rest))
	Label(again)
	body(2)
	SUBQ(Imm(2), reg.RCX)
	JGE(LabelRef(again))
	Label(rest)
	ADDQ(Imm(2), reg.RCX)
	JLE(LabelRef(done))
	body(1)
	Label(done)
}

// scalar is the place of the k-th float64 from a pointer on. It is the same for all lanes.
func scalar(pointer reg.Register, k int) Mem { return Mem{Base: pointer, Disp: 8 * k} }

// row is the place of a number in the measurement that lies row measurements after the pointer's.
func (a *lanes) row(pointer reg.Register, row int) Mem { return a.at(pointer, row) }

// beginOrdinary begins the function for any width.
func (a *lanes) beginOrdinary() {
	a.function("tensorOrdinary", "sums, least, y, s *ops.Lanes, table *float64, n int, floor *ops.Lanes",
		"lowers least to s, writes y = log2(max(s, floor)), and adds y, times each of seven columns of the table,",
		"to the sum of that column, over n measurements of {lanes} voxels.")
}

// ordinaryWide computes least = min(least, s), y = log2(max(s, floor)) and sums += y table. The logarithm is that of
// log2, for normal numbers; a mask gives the mantissa.
func (a *lanes) ordinaryWide() {
	a.beginOrdinary()
	a.holds(
		"R9 least, R8 floor, RSI s, RDI y, RDX table, RCX n",
		"#0-#6 sums, #7 least, #8 floor, #9-#12 tables, #13 mask of the mantissa, #14 one",
		"#15-#22 x, e, 1/c, log2(c) of two measurements, #23-#30 coefficients")
	r := a.registers
	least, floor, mask, one, coefficients := r[7], r[8], r[13], r[14], r[23:31]
	argument("least", reg.R9)
	argument("floor", reg.R8)
	a.load(a.at(reg.R9, 0), least)
	a.load(a.at(reg.R8, 0), floor)
	a.log2Table(r[9:13])
	VMOVUPD(a.pattern(1<<52-1), mask)
	VMOVUPD(a.constant(1), one)
	a.constants8(log2Narrow, coefficients)
	argument("sums", reg.RDI)
	for k := range 7 {
		a.load(a.at(reg.RDI, k), r[k])
	}
	argument("y", reg.RDI)
	argument("s", reg.RSI)
	argument("table", reg.RDX)
	argument("n", reg.RCX)
	a.twoRows(func(rows int) {
		x, e, inverse, log := r[15:17], r[17:19], r[19:21], r[21:23]
		for u := range rows {
			a.load(a.row(reg.RSI, u), x[u])
			VMINPD(least, x[u], least)
			VMAXPD(x[u], floor, x[u]) // NaN where x is NaN
		}
		for u := range rows {
			VGETEXPPD(x[u], e[u])
			VPSRLQ(Imm(48), x[u], inverse[u])
			VMOVAPD(inverse[u], log[u])
			VPTERNLOGQ(Imm(0xea), one, mask, x[u]) // (x and mask) or one
			VPERMI2PD(r[10], r[9], inverse[u])
			VPERMI2PD(r[12], r[11], log[u])
		}
		for u := range rows {
			VADDPD(e[u], log[u], log[u])
			VFMSUB213PD(one, inverse[u], x[u])
		}
		a.horner(e[:rows], x[:rows], coefficients)
		for u := range rows {
			VFMADD213PD(log[u], x[u], e[u])
			a.store(e[u], a.row(reg.RDI, u))
		}
		for u := range rows {
			for k := range 7 {
				VFMADD231PD_BCST(scalar(reg.RDX, 8*u+k), e[u], r[k])
			}
		}
		ADDQ(Imm(uint64(rows*batchBytes)), reg.RSI)
		ADDQ(Imm(uint64(rows*batchBytes)), reg.RDI)
		ADDQ(U32(uint32(rows*batchBytes)), reg.RDX)
	})
	argument("sums", reg.RDI)
	for k := range 7 {
		a.store(r[k], a.at(reg.RDI, k))
	}
	a.store(least, a.at(reg.R9, 0))
	a.end()
}

// constants8 loads constants into registers.
func (a *lanes) constants8(values []float64, registers []reg.VecPhysical) {
	for k, v := range values {
		VMOVUPD(a.constant(v), registers[k])
	}
}

// horner evaluates polynomials in several x, side by side, from coefficients in registers, lowest power first.
func (a *lanes) horner(q, x, c []reg.VecPhysical) {
	top := len(c) - 1
	for u := range q {
		VMOVAPD(c[top], q[u])
	}
	for k := top - 1; k >= 0; k-- {
		for u := range q {
			VFMADD213PD(c[k], x[u], q[u])
		}
	}
}

// beginReweight begins the function for any width.
func (a *lanes) beginReweight() {
	a.function("tensorReweight", "right, u, v, y *ops.Lanes, design *float64, n int, p *ops.Lanes",
		"writes the weights v = 2^(w.p) that a fit p predicts, and adds v y, times each of the seven columns of",
		"the design, to the right-hand side, over n measurements of {lanes} voxels.")
}

// reweightWide computes v = 2^(w.p), and adds v y w to the right-hand side, v y for the seventh. It needs no limits:
// where w.p is beyond what exponents hold, the scaling instruction gives 0 or infinity.
func (a *lanes) reweightWide() {
	a.beginReweight()
	a.holds(
		"R8 p, RDX row of the design, RSI y, R9 v, RCX n",
		"#0-#5 p, #6-#12 right, #13-#14 powers, #15 shift, #16-#20 coefficients",
		"#21-#28 r, power, k, q of two measurements")
	r := a.registers
	p, right, shift, c := r[:6], r[6:13], r[15], r[16:21]
	a.exp2Table(r[13:15])
	VMOVUPD(a.constant(exp2Shift), shift)
	a.constants8(weightNarrow, c)
	argument("p", reg.R8)
	for k := range p {
		a.load(a.at(reg.R8, k), p[k])
	}
	argument("right", reg.RDI)
	for k := range right {
		a.load(a.at(reg.RDI, k), right[k])
	}
	argument("v", reg.R9)
	argument("y", reg.RSI)
	argument("design", reg.RDX)
	argument("n", reg.RCX)
	a.twoRows(func(rows int) {
		z, s, k, q := r[21:23], r[23:25], r[25:27], r[27:29]
		for j := range 3 {
			for u := range rows {
				even, odd := scalar(reg.RDX, 8*u+2*j), scalar(reg.RDX, 8*u+2*j+1)
				if j == 0 {
					VMULPD_BCST(even, p[0], z[u])
					VMULPD_BCST(odd, p[1], q[u])
				} else {
					VFMADD231PD_BCST(even, p[2*j], z[u])
					VFMADD231PD_BCST(odd, p[2*j+1], q[u])
				}
			}
		}
		for u := range rows {
			VADDPD(q[u], z[u], z[u])
			VADDPD(shift, z[u], s[u])
			VSUBPD(shift, s[u], k[u])
			VSUBPD(k[u], z[u], z[u])
			VPERMI2PD(r[14], r[13], s[u])
		}
		a.horner(q[:rows], z[:rows], c)
		for u := range rows {
			VMULPD(s[u], q[u], q[u])
			VSCALEFPD(k[u], q[u], q[u])
			a.store(q[u], a.row(reg.R9, u))
			VMULPD(a.row(reg.RSI, u), q[u], q[u])
		}
		for u := range rows {
			for j := range 6 {
				VFMADD231PD_BCST(scalar(reg.RDX, 8*u+j), q[u], right[j])
			}
			VADDPD(q[u], right[6], right[6])
		}
		ADDQ(Imm(uint64(rows*batchBytes)), reg.RSI)
		ADDQ(Imm(uint64(rows*batchBytes)), reg.R9)
		ADDQ(U32(uint32(rows*batchBytes)), reg.RDX)
	})
	for k := range right {
		a.store(right[k], a.at(reg.RDI, k))
	}
	a.end()
}

// ordinaryNarrow is ordinaryWide with 256 bits. It first makes the logarithms, of both halves side by side, and then
// the sums. The logarithms do not show a value that is not finite. A sum of x - x does, and is added to every sum.
func (a *lanes) ordinaryNarrow() {
	a.beginOrdinary()
	a.holds("Y0-Y7 x, exponent, square, q of the halves; Y8-Y9 least, Y10-Y11 the sum of x - x, Y12-Y13 floor")
	r := a.registers
	x, exponent, square, q, least, poison, floor := r[:2], r[2:4], r[4:6], r[6:8], r[8:10], r[10:12], r[12:14]
	argument("least", reg.R9)
	argument("floor", reg.R8)
	for h := range 2 {
		a.load(half(reg.R9, 0, h), least[h])
		a.load(half(reg.R8, 0, h), floor[h])
		a.zero(poison[h])
	}
	argument("y", reg.RDI)
	argument("s", reg.RSI)
	argument("n", reg.RCX)
	a.rows(func() {
		for h := range 2 {
			a.load(half(reg.RSI, 0, h), x[h])
			VMINPD(least[h], x[h], least[h])
			VMAXPD(x[h], floor[h], x[h])
			VSUBPD(x[h], x[h], q[h])
			VADDPD(q[h], poison[h], poison[h])
		}
		a.logsOf(x, exponent, square, q)
		for h := range 2 {
			a.store(x[h], half(reg.RDI, 0, h))
		}
		ADDQ(Imm(batchBytes), reg.RSI)
		ADDQ(Imm(batchBytes), reg.RDI)
	})
	for h := range 2 {
		a.store(least[h], half(reg.R9, 0, h))
	}
	argument("sums", reg.RDI)
	for k := range 7 {
		for h := range 2 {
			VADDPD(half(reg.RDI, k, h), poison[h], r[h])
			a.store(r[h], half(reg.RDI, k, h))
		}
	}
	a.sweeps("table", "y", "sums", 7, 8, false)
	a.end()
}

// half is the place of the lower or upper four lanes of the k-th number from a pointer on.
func half(pointer reg.Register, k, h int) Mem {
	return Mem{Base: pointer, Disp: k*batchBytes + h*batchBytes/2}
}

// logsOf is logOf for two halves side by side. It replaces x by the logarithm.
func (a *lanes) logsOf(x, exponent, square, q []reg.VecPhysical) {
	each := func(step func(h int)) {
		step(0)
		step(1)
	}
	each(func(h int) {
		VPSUBQ(a.pattern(math.Float64bits(math.Sqrt2/2)), x[h], exponent[h])
		VPAND(a.pattern(0xfff<<52), exponent[h], q[h])
		VPSUBQ(q[h], x[h], x[h])
		VPSRLQ(Imm(52), exponent[h], exponent[h])
		VPXOR(a.pattern(0x800), exponent[h], exponent[h])
		VPADDQ(a.pattern(math.Float64bits(3<<51)), exponent[h], exponent[h])
		VSUBPD(a.constant(3<<51+0x800), exponent[h], exponent[h])
		VADDPD(a.constant(1), x[h], square[h])
		VSUBPD(a.constant(1), x[h], x[h])
		VDIVPD(square[h], x[h], x[h])
		VMULPD(x[h], x[h], square[h])
	})
	top := len(log2Odd) - 1
	each(func(h int) { VMOVUPD(a.constant(log2Odd[top]), q[h]) })
	for k := top - 1; k >= 0; k-- {
		each(func(h int) { VFMADD213PD(a.constant(log2Odd[k]), square[h], q[h]) })
	}
	each(func(h int) { VFMADD213PD(exponent[h], q[h], x[h]) })
}

// sumsPair is sums with 256 bits, with both halves side by side.
func (a *lanes) sumsPair(name string, columns, fields int) {
	a.function(name, "sums *ops.Lanes, table *float64, v *ops.Lanes, n int",
		"adds v, times each column of a table, to the sum of that column, over n measurements of {lanes} voxels.")
	a.sweeps("table", "v", "sums", columns, fields, columns == normalColumns)
	a.end()
}

const normalColumns = 22 // the last column is ones

// normalSums computes sum[k] += v table[k] for 21 columns, and adds v to the last sum.
func (a *lanes) normalSums() {
	if !a.whole() {
		a.sumsPair("tensorSums22", normalColumns, 24)
		return
	}
	a.function("tensorSums22", "sums *ops.Lanes, table *float64, v *ops.Lanes, n int",
		"adds v, times each of 21 columns of a table, to the sum of that column, and v to a last sum, over n",
		"measurements of {lanes} voxels.")
	a.holds(
		"RDI sums, RDX table, RSI v, RCX n",
		"#0-#21 sums, #31 v")
	v, sums := a.registers[31], a.registers[:normalColumns]
	argument("sums", reg.RDI)
	argument("table", reg.RDX)
	argument("v", reg.RSI)
	argument("n", reg.RCX)
	for k := range sums {
		a.load(a.at(reg.RDI, k), sums[k])
	}
	a.rows(func() {
		a.load(a.at(reg.RSI, 0), v)
		for k := range normalColumns - 1 {
			VFMADD231PD_BCST(scalar(reg.RDX, k), v, sums[k])
		}
		VADDPD(v, sums[normalColumns-1], sums[normalColumns-1])
		ADDQ(Imm(batchBytes), reg.RSI)
		ADDQ(U32(8*24), reg.RDX)
	})
	for k := range sums {
		a.store(sums[k], a.at(reg.RDI, k))
	}
	a.end()
}

// sweeps adds v, times columns of a table, to sums, with 256 bits. It takes as many columns at a time as there are
// registers for both halves, so that a broadcast serves both. Where the last column is ones, v is only added.
func (a *lanes) sweeps(table, v, sums string, columns, fields int, ones bool) {
	a.holds("RDI "+sums+", RDX "+table+", RSI "+v+", RCX n", "Y0-Y11 sums, Y12-Y13 "+v+", Y14-Y15 broadcasts")
	r := a.registers
	count := (columns + 5) / 6
	for sweep := range count {
		first, next := sweep*columns/count, (sweep+1)*columns/count
		argument(sums, reg.RDI)
		argument(table, reg.RDX)
		argument(v, reg.RSI)
		argument("n", reg.RCX)
		for k := first; k < next; k++ {
			for h := range 2 {
				a.load(half(reg.RDI, k, h), r[2*(k-first)+h])
			}
		}
		a.rows(func() {
			for h := range 2 {
				a.load(half(reg.RSI, 0, h), r[12+h])
			}
			for k := first; k < next; k++ {
				if ones && k == columns-1 {
					for h := range 2 {
						VADDPD(r[12+h], r[2*(k-first)+h], r[2*(k-first)+h])
					}
					continue
				}
				spare := r[14+k%2]
				a.broadcast(scalar(reg.RDX, k), spare)
				for h := range 2 {
					VFMADD231PD(spare, r[12+h], r[2*(k-first)+h])
				}
			}
			ADDQ(Imm(batchBytes), reg.RSI)
			ADDQ(U32(uint32(8*fields)), reg.RDX)
		})
		for k := first; k < next; k++ {
			for h := range 2 {
				a.store(r[2*(k-first)+h], half(reg.RDI, k, h))
			}
		}
	}
}

// reweightNarrow is reweightWide with 256 bits. It first writes w.p to v, then v and u = v y, then the sums. Results
// below 2^-1022.5 become zero, and so does NaN. Results above 2^1023.5 become infinite.
func (a *lanes) reweightNarrow() {
	a.beginReweight()
	a.holds(
		"Y0-Y11 p of both halves, Y12-Y13 w.p, Y14-Y15 broadcasts",
		"then Y0-Y11 z, shifted, q of the halves of two measurements")
	r := a.registers
	argument("p", reg.R8)
	a.exponents(false)
	argument("u", reg.RDI)
	argument("v", reg.R9)
	argument("y", reg.RSI)
	argument("n", reg.RCX)
	a.twoRows(func(rows int) {
		z, shifted, q := r[:4], r[4:8], r[8:12]
		each := func(step func(u int, place func(pointer reg.Register) Mem)) {
			for u := range 2 * rows {
				step(u, func(pointer reg.Register) Mem { return half(pointer, u/2, u%2) })
			}
		}
		each(func(u int, place func(pointer reg.Register) Mem) {
			a.load(place(reg.R9), z[u])
			VMAXPD(a.constant(-1023), z[u], z[u])
			VMINPD(a.constant(1024), z[u], z[u])
			VADDPD(a.constant(3<<51+1023), z[u], shifted[u])
			VSUBPD(a.constant(3<<51+1023), shifted[u], q[u])
			VSUBPD(q[u], z[u], z[u])
			VPSLLQ(Imm(52), shifted[u], shifted[u])
		})
		top := len(weightWide) - 1
		each(func(u int, _ func(reg.Register) Mem) { VMOVUPD(a.constant(weightWide[top]), q[u]) })
		for k := top - 1; k >= 0; k-- {
			each(func(u int, _ func(reg.Register) Mem) { VFMADD213PD(a.constant(weightWide[k]), z[u], q[u]) })
		}
		each(func(u int, place func(pointer reg.Register) Mem) {
			VMULPD(shifted[u], q[u], q[u])
			a.store(q[u], place(reg.R9))
			VMULPD(place(reg.RSI), q[u], q[u])
			a.store(q[u], place(reg.RDI))
		})
		for _, pointer := range []reg.Register{reg.RDI, reg.RSI, reg.R9} {
			ADDQ(Imm(uint64(rows*batchBytes)), pointer)
		}
	})
	a.sweeps("design", "u", "right", 7, designFields, true)
	a.end()
}

// exponents writes w.p to v, and adds p6 if asked to. It is for 256 bits.
func (a *lanes) exponents(added bool) {
	a.holds("R8 p, R9 v, RDX row of the design, RCX n", "Y0-Y11 p, Y12-Y13 w.p, Y14-Y15 broadcasts")
	r := a.registers
	for k := range 6 {
		for h := range 2 {
			a.load(half(reg.R8, k, h), r[2*k+h])
		}
	}
	argument("v", reg.R9)
	argument("design", reg.RDX)
	argument("n", reg.RCX)
	a.rows(func() {
		for h := range 2 {
			if added {
				a.load(half(reg.R8, 6, h), r[12+h])
			}
		}
		for k := range 6 {
			spare := r[14+k%2]
			a.broadcast(scalar(reg.RDX, k), spare)
			for h := range 2 {
				if k == 0 && !added {
					VMULPD(spare, r[h], r[12+h])
				} else {
					VFMADD231PD(spare, r[2*k+h], r[12+h])
				}
			}
		}
		for h := range 2 {
			a.store(r[12+h], half(reg.R9, 0, h))
		}
		ADDQ(Imm(batchBytes), reg.R9)
		ADDQ(Imm(batchBytes), reg.RDX)
	})
}

// beginTissue begins the function for any width.
func (a *lanes) beginTissue() {
	a.function("tensorTissue", "right, u, v, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"evaluates the model without water of {lanes} voxels at a point, over n measurements. With t = 2^(w.p +",
		"p6) and d = s - t it writes v = t^2 - mix d t, adds d^2 to the squares, and adds d t, times each of the",
		"seven columns of the design, to the right-hand side.")
}

// tissueWide computes t = 2^(w.p + p6), d = s - t, u = d t and v = t^2 - mix u. It adds d^2 to the squares and u w to
// the right-hand side, u for the seventh. The exponential is exp2 without its limits, which only infinite arguments
// need.
func (a *lanes) tissueWide() {
	a.beginTissue()
	a.holds("R8 the Point, RDX row of the design, RSI s, R9 v, RCX n",
		"#0-#6 p, #7-#13 right, #14 squares, #15 mix, #16-#17 powers, #18 shift, #19-#28 z, power, k, t, d of two rows")
	r := a.registers
	p, right, squares, mix, shift := r[:7], r[7:14], r[14], r[15], r[18]
	a.exp2Table(r[16:18])
	VMOVUPD(a.constant(exp2Shift), shift)
	a.begin(p)
	a.load(a.at(reg.R8, pointSquares), squares)
	a.load(a.at(reg.R8, pointMix), mix)
	argument("right", reg.RDI)
	for k := range right {
		a.load(a.at(reg.RDI, k), right[k])
	}
	argument("v", reg.R9)
	a.twoRows(func(rows int) {
		z, power, k, t, d := r[19:21], r[21:23], r[23:25], r[25:27], r[27:29]
		for u := range rows {
			VMOVAPD(p[6], z[u])
		}
		for j := range 6 {
			for u := range rows {
				into := z[u]
				if j%2 == 1 {
					into = t[u]
				}
				if j == 1 {
					VMULPD_BCST(scalar(reg.RDX, 8*u+j), p[j], into)
				} else {
					VFMADD231PD_BCST(scalar(reg.RDX, 8*u+j), p[j], into)
				}
			}
		}
		for u := range rows {
			VADDPD(t[u], z[u], z[u])
			VADDPD(shift, z[u], power[u])
			VSUBPD(shift, power[u], k[u])
			VSUBPD(k[u], z[u], z[u])
			VPERMI2PD(r[17], r[16], power[u])
			a.everywhere(exp2Narrow[len(exp2Narrow)-1], t[u])
		}
		for j := len(exp2Narrow) - 2; j >= 0; j-- {
			for u := range rows {
				a.fma213Number(a.number(exp2Narrow[j]), z[u], t[u])
			}
		}
		for u := range rows {
			VMULPD(z[u], t[u], t[u])
			VFMADD213PD(power[u], power[u], t[u])
			VSCALEFPD(k[u], t[u], t[u])
			a.load(a.row(reg.RSI, u), d[u])
			VSUBPD(t[u], d[u], d[u])
			VFMADD231PD(d[u], d[u], squares)
			VMULPD(t[u], d[u], d[u])
			VMULPD(mix, d[u], z[u])
			VFMSUB213PD(z[u], t[u], t[u])
			a.store(t[u], a.row(reg.R9, u))
		}
		for u := range rows {
			for j := range 6 {
				VFMADD231PD_BCST(scalar(reg.RDX, 8*u+j), d[u], right[j])
			}
			VADDPD(d[u], right[6], right[6])
		}
		ADDQ(Imm(uint64(rows*batchBytes)), reg.RSI)
		ADDQ(Imm(uint64(rows*batchBytes)), reg.R9)
		ADDQ(U32(uint32(rows*batchBytes)), reg.RDX)
	})
	a.store(squares, a.at(reg.R8, pointSquares))
	for k := range right {
		a.store(right[k], a.at(reg.RDI, k))
	}
	a.end()
}

// tissueNarrow is tissueWide with 256 bits. It first writes w.p + p6 to v, then u and v, then the sums.
func (a *lanes) tissueNarrow() {
	a.beginTissue()
	a.holds("Y0-Y11 z, shifted, t of the halves of two measurements, Y12-Y13 squares, Y14-Y15 limits")
	r := a.registers
	argument("point", reg.R8)
	a.exponents(true)
	squares, low, high := r[12:14], r[14], r[15]
	for h := range 2 {
		a.load(half(reg.R8, pointSquares, h), squares[h])
	}
	VMOVUPD(a.constant(-1023), low)
	VMOVUPD(a.constant(1024), high)
	argument("u", reg.RDI)
	argument("v", reg.R9)
	argument("s", reg.RSI)
	argument("n", reg.RCX)
	a.twoRows(func(rows int) {
		z, shifted, t := r[:4], r[4:8], r[8:12]
		each := func(step func(u int, place func(pointer reg.Register) Mem)) {
			for u := range 2 * rows {
				step(u, func(pointer reg.Register) Mem { return half(pointer, u/2, u%2) })
			}
		}
		each(func(u int, place func(pointer reg.Register) Mem) {
			a.load(place(reg.R9), z[u])
			VMAXPD(z[u], low, z[u]) // NaN where z is NaN
			VMINPD(z[u], high, z[u])
			VADDPD(a.constant(3<<51+1023), z[u], shifted[u])
			VSUBPD(a.constant(3<<51+1023), shifted[u], t[u])
			VSUBPD(t[u], z[u], z[u])
			VPSLLQ(Imm(52), shifted[u], shifted[u])
		})
		top := len(exp2Wide) - 1
		each(func(u int, _ func(reg.Register) Mem) { VMOVUPD(a.constant(exp2Wide[top]), t[u]) })
		for k := top - 1; k >= 0; k-- {
			each(func(u int, _ func(reg.Register) Mem) { VFMADD213PD(a.constant(exp2Wide[k]), z[u], t[u]) })
		}
		each(func(u int, place func(pointer reg.Register) Mem) {
			d := shifted[u]
			VFMADD213PD(a.constant(1), z[u], t[u])
			VMULPD(shifted[u], t[u], t[u])
			a.load(place(reg.RSI), d)
			VSUBPD(t[u], d, d)
			VFMADD231PD(d, d, squares[u%2])
			VMULPD(t[u], d, d)
			a.store(d, place(reg.RDI))
			VMULPD(half(reg.R8, pointMix, u%2), d, d)
			VFMSUB213PD(d, t[u], t[u])
			a.store(t[u], place(reg.R9))
		})
		for _, pointer := range []reg.Register{reg.RDI, reg.RSI, reg.R9} {
			ADDQ(Imm(uint64(rows*batchBytes)), pointer)
		}
	})
	for h := range 2 {
		a.store(squares[h], half(reg.R8, pointSquares, h))
	}
	a.sweeps("design", "u", "right", 7, designFields, true)
	a.end()
}

// squaredWeights computes x = max(s, floor), v = (c x)^2, y = log2(x) and u = v y.
func (a *lanes) squaredWeights() {
	a.function("tensorSquaredWeights", "u, v, y, s *ops.Lanes, n int, rest *ops.Rest",
		"writes y = log2(x), v = (c x)^2 and u = v y with x = max(s, floor), for n measurements of {lanes}",
		"voxels.")
	a.holds(
		"RDI u, R9 v, R10 y, RSI s, R8 the Rest, RCX n",
		"#0 x, #1-#5 work, #6-#9 tables, #10 c, #12 floor, #13 v")
	r := a.registers
	x, c, floor, v := r[0], r[10], r[12], r[13]
	a.log2Table(r[6:10])
	a.halves(func() {
		argument("u", reg.RDI)
		argument("v", reg.R9)
		argument("y", reg.R10)
		argument("s", reg.RSI)
		argument("n", reg.RCX)
		argument("rest", reg.R8)
		a.load(a.at(reg.R8, 0), c)
		a.load(a.at(reg.R8, 2), floor)
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), x)
			VMAXPD(x, floor, x) // NaN where x is NaN
			VMULPD(x, c, v)
			VMULPD(v, v, v)
			a.log2(x, [5]reg.VecPhysical(r[1:6]), r[6:10])
			a.store(v, a.at(reg.R9, 0))
			a.store(x, a.at(reg.R10, 0))
			VMULPD(v, x, x)
			a.store(x, a.at(reg.RDI, 0))
			for _, pointer := range []reg.Register{reg.RDI, reg.R9, reg.R10, reg.RSI} {
				ADDQ(Imm(batchBytes), pointer)
			}
		})
	})
	a.end()
}
