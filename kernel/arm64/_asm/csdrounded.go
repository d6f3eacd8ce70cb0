package main

import "math"

// These are the registers of the rounded comparison. Half a pair is four voxels in single precision.
var (
	roundedSums      = vecs(0, csdPanel)
	roundedThreshold = vec(14) // -threshold, with which sums begin: their sign then says on which side the row is
	roundedBound     = vec(15) // the bound of what rounding may do to a sum
	roundedSmallest  = vec(16) // the smallest sum, without its sign
	roundedWork      = vecs(17, 4)
)

// csdBelowRounded writes what csdBelow writes, with half of the multiplications. Sums in single precision decide
// wherever rounding cannot have changed the side of the threshold on which they are.
func (p *program) csdBelowRounded() {
	p.function("csdBelowRounded", "sets *uint64, rows *byte, panels *float64, rounded *float32, x *float64, half *float32, thresholds, errors *float64, count, columns, skip, words int",
		"writes the sets of csdBelow for {lanes} voxels, with half of its multiplications. It first multiplies in",
		"single precision: rounded has the panels, and half is scratch for the columns of x. A panel is multiplied",
		"again in double precision where a row is nearer to the threshold than errors[0] |x| + errors[1] |threshold|",
		"in a lane, or where that distance is 2^73 or more.")
	p.scratch(p.roundColumns)
	p.scratch(p.boundErrors)
	p.scratch(func() {
		rows, panels, rounded, count, sets := p.load("rows"), p.load("panels"), p.load("rounded"), p.load("count"), p.load("sets")
		step, skip, spare := p.load("columns"), p.load("skip"), p.reg()
		p.comment("A panel that is multiplied again needs all registers. sets, not written yet, keeps two of them.")
		p.storePair(pair{roundedThreshold, roundedBound}, sets, 0)
		p.times(csdPanel*double.bytes, step, spare)
		p.ins("ADD %v, %v", skip, step)
		p.ins("LSR $1, %v", skip)
		p.repeat("panel", count, func() {
			certain := p.label("certain")
			p.in(single, func() { p.signRows(rows, rounded, certain) })
			p.ins("SUB $%d, %v", csdPanel, rows)
			p.scratch(func() { p.comparePanel(rows, p.copied(panels), func(int) {}) })
			p.loadPair(pair{roundedThreshold, roundedBound}, sets, 0)
			p.at(certain)
			p.ins("ADD %v, %v", step, panels)
			p.ins("ADD %v, %v", skip, rounded)
		})
	})
	p.turnBits()
	p.end()
}

// roundColumns writes the columns of x in single precision, and leaves the sum of the squares of x in V0-V1.
func (p *program) roundColumns() {
	p.holds("#0 the sum of the squares of x   #1 a column   V4 the same, rounded")
	squares, column, rounded := pairOf(0), pairOf(1), vec(4)
	x, half := p.load("x"), p.load("half")
	p.zero(squares)
	p.repeat("square", p.load("columns"), func() {
		p.loadNext(column, x, pairBytes)
		p.fma(squares, column, column)
		p.round(rounded, column)
		p.ins("FMOVQ.P %s, 16(%v)", rounded.scalar(), half)
	})
}

// round converts the four numbers of a pair to single precision.
func (p *program) round(d vec, n pair) {
	p.encoded("fcvtn", d, n[0], 0, 0)
	p.encoded("fcvtn2", d, n[1], 0, 0)
}

// boundErrors leaves -threshold and the bound in the registers where the comparison wants them. The bound is first
// rounded to single precision 2^errorScale times too large, so that it becomes infinite where sums might. 2^tiny is
// added for numbers that are too small for relative errors.
func (p *program) boundErrors() {
	p.holds("#0 squares, then the bound   #1 threshold   V4 errors   V5 2^55, then the bound   #3 -threshold")
	const errorScale, tiny = 55, -100
	bound, threshold, errors, scale, negative := pairOf(0), pairOf(1), vec(4), vec(5), pairOf(3)
	p.loadPair(threshold, p.load("thresholds"), 0)
	p.loadVec(errors, p.load("errors"), 0)
	p.fsqrt(bound, bound)
	p.fmulElement(bound, bound, errors, 0)
	p.fneg(negative, threshold)
	p.round(roundedThreshold, negative)
	p.fabs(threshold, threshold)
	p.fmaElement(bound, threshold, errors, 1)
	p.fill(scale, math.Ldexp(1, errorScale))
	p.fmul(bound, bound, scale)
	p.round(scale, bound)
	p.in(single, func() {
		p.fill(roundedBound, math.Ldexp(1, tiny))
		p.fill(roundedSmallest, math.Ldexp(1, -errorScale))
		p.fma(roundedBound, scale, roundedSmallest)
	})
}

// signRows writes the masks of a panel's rows from the signs of their sums. Both pointers move on. It jumps to certain
// where no sum is within the bound in any lane.
func (p *program) signRows(rows, panel gp, certain string) {
	p.holds("V0-V13 sums   V14 -threshold   V15 the bound   V16 the smallest sum, without its sign   V17-V20 work")
	for _, sum := range roundedSums {
		p.copy(sum, roundedThreshold)
	}
	p.scratch(func() {
		x, columns := p.load("half"), p.load("columns")
		p.repeat("column", columns, func() {
			p.ins("FMOVQ.P 16(%v), %s", x, panelX[0].scalar())
			accumulateColumn(p, panel, roundedSums, panelX[0])
		})
	})
	p.fabs(roundedSmallest, roundedSums[0])
	for r, sum := range roundedSums[1:] {
		work := roundedWork[r%len(roundedWork)]
		p.fabs(work, sum)
		p.fmin(roundedSmallest, roundedSmallest, work)
	}
	p.comment("The sign is in the last byte of a number.")
	masks := p.fold("VUZP2", "B16", p.fold("VUZP2", "H8", roundedSums))
	signs := roundedWork[0]
	p.fillPattern(signs, 0x8080808080808080)
	for _, mask := range masks {
		p.ins("VCMTST %v.B16, %v.B16, %v.B16", signs, mask, mask)
	}
	p.storeMasks(rows, masks, 4)
	p.fcmgt(roundedSmallest, roundedSmallest, roundedBound)
	p.encoded("uminv4s", roundedSmallest, roundedSmallest, 0, 0)
	p.scratch(func() {
		all := p.reg()
		p.ins("VMOV %v.S[0], %v", roundedSmallest, all)
		p.ins("CBNZ %v, %s", all, certain)
	})
}
