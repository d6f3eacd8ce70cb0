package main

// grid writes the steps of the search for the fraction of free water, in single precision.
func grid(p *program) {
	p.format = single
	a := &lanes{program: p}
	a.scale()
	a.rightSums("fractionRight", "adds s^2 log2(x), times each of the seven columns of the design, to seven sums", a.logarithm)
	a.rightSums("fractionSlope", "adds s^2 water/x, times each of the seven columns of the design, to seven sums", a.quotient)
	a.descend()
	a.clips()
	a.part()
	a.ratios()
	a.moments()
	a.series()
	p.in(double, a.squares)
}

// scale computes y = factor s.
func (a *lanes) scale() {
	a.function("fractionScale", "y, s *ops.Lanes, n int, factor *ops.Lanes", "writes y = factor s for n numbers of {lanes} voxels.")
	a.holds("V0-V1 s   V2-V3 factor")
	s, factor := pairOf(0), pairOf(1)
	a.halves(func() {
		y, signal := a.array("y"), a.array("s")
		a.number(factor, a.array("factor"), 0)
		a.repeat("row", a.load("n"), func() {
			a.next(s, signal)
			a.fmul(s, s, factor)
			a.put(s, y)
		})
	})
	a.end()
}

// lowField is the place, in a row of the design of this search, of what rounding took from the signal of water.
const lowField = onesField

// rightSums computes x = s - c w, replaced by the floor where x <= cut, and adds s^2 y(x) w to the sums. y is a
// function.
//
// c and w come with what rounding took from them, so that x = ((s - c w) - c wlow) - clow w.
func (a *lanes) rightSums(name, doc string, y func(x pair, work [5]pair) pair) {
	a.function(name, "sums, s *ops.Lanes, design *float64, n int, left *ops.LeftSingle", doc,
		"for {lanes} voxels. x = s - c water is what water leaves of the signal, or the floor where x <= cut.")
	a.holds(
		"V0-V13 sums   V14-V15 x, then y   V16-V18 constants of logarithms   V20-V29 work   V30-V31 a row of the design")
	x, work := pairOf(7), [5]pair(pairs(10, 5))
	a.logOfConstants()
	a.halves(func() {
		sums, s, design, left := a.array("sums"), a.array("s"), a.load("design"), a.array("left")
		for k := range 7 {
			a.number(pairOf(k), sums, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.row(design)
			a.next(x, s)
			c, low, cut, floor := work[0], work[1], work[2], work[3]
			for k, d := range []pair{c, low, cut, floor} {
				a.number(d, left, k)
			}
			a.takeField(x, c, waterField)
			a.takeField(x, c, lowField)
			a.takeField(x, low, waterField)
			a.three("fcmge"+a.format.vectors, cut, cut, x)
			a.insert(x, floor, cut)
			of := y(x, work)
			signal := work[4]
			a.number(signal, s, -1)
			a.fmul(of, of, signal)
			a.fmul(of, of, signal)
			a.addRow(pairs(0, 7), of)
		})
		for k := range 7 {
			a.keep(pairOf(k), sums, k)
		}
	})
	a.end()
}

// logarithm leaves the binary logarithm of a positive normal number in a working register.
func (a *lanes) logarithm(x pair, work [5]pair) pair {
	a.logOf(x, work[0], work[:])
	return work[0]
}

// quotient replaces x by w/x.
func (a *lanes) quotient(x pair, work [5]pair) pair {
	water := work[0][0]
	a.everywhere(water, waterField)
	a.fdiv(x, water, x)
	return x
}

// everywhere puts a number of the loaded row of the design into all lanes.
func (a *lanes) everywhere(d vec, k int) {
	register, element := a.field(k)
	a.ins("VDUP %v.S[%d], %v.S4", register, element, d)
}

// Places in ops.TrialSingle, counted from its middle on: a move of a pair reaches 16 numbers to either side.
const (
	trialMiddle    = 7
	trialQ         = 7 - trialMiddle
	trialWater     = 14 - trialMiddle
	trialGradient  = 15 - trialMiddle
	trialCurvature = 16 - trialMiddle
)

// descend computes t = 2^(w.p + p6), d = s - t - c water and e = t (w.q + q6) - water. It adds d e to the gradient and
// e^2 to the curvature.
func (a *lanes) descend() {
	a.function("fractionDescend", "s *ops.Lanes, design *float64, n int, trial *ops.TrialSingle",
		"adds d e to the gradient and e^2 to the curvature of {lanes} voxels. d = s - t - c water is the",
		"difference of signal and fit, t = 2^(w.P + p6), and e = t (w.Q + q6) - water is its derivative by c.")
	gradient, curvature := pairOf(12), pairOf(13)
	t, y, d, e, x := modelT, modelWork[0], modelWork[1], modelWork[2], modelWork[3]
	a.halves(func() {
		s, design, trial := a.array("s"), a.load("design"), a.array("trial")
		a.parameters(trial)
		a.advance(batchBytes*trialMiddle, trial)
		a.number(gradient, trial, trialGradient)
		a.number(curvature, trial, trialCurvature)
		a.repeat("row", a.load("n"), func() {
			a.predict(design)
			a.number(y, trial, trialQ+6)
			for k := range 6 {
				a.number(x, trial, trialQ+k)
				a.addField(y, x, k)
			}
			a.next(d, s)
			a.fsub(d, d, t)
			a.number(x, trial, trialWater)
			a.takeField(d, x, waterField)
			a.comment("e, with the opposite sign.")
			a.everywhere(e[0], waterField)
			a.copy(e[1], e[0])
			a.fms(e, t, y)
			a.fms(gradient, d, e)
			a.fma(curvature, e, e)
		})
		a.keep(gradient, trial, trialGradient)
		a.keep(curvature, trial, trialCurvature)
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
// kept between a half and last, and then near = min(near, |x - round(x)| inverse). Where q is NaN, it is passed over.
func (a *lanes) clips() {
	a.function("fractionClips", "clips *ops.ClipsSingle, s *ops.Lanes, inverse *float64, n int",
		"finds, for {lanes} voxels, the c at which water uses up measurements, q = s inverse. It lowers above to",
		"the least q above the centre, raises below to the largest of the others, and lowers near to the least",
		"distance of q from a point of the grid, times inverse.")
	a.holds(
		"#0 centre   #1 grid   #2 last   #3 below   #4 above   #5 near   #6 q   #7 mask   #8 work   V18 inverse   V19 a half")
	at := pairs(0, clipsNear+1)
	q, mask, work, inverse, half := pairOf(6), pairOf(7), pairOf(8), vec(18), vec(19)
	minimum, maximum := "fminnm"+a.format.vectors, "fmaxnm"+a.format.vectors
	a.fill(half, 0.5)
	a.halves(func() {
		clips, s, inverses := a.array("clips"), a.array("s"), a.load("inverse")
		for k, d := range at {
			a.number(d, clips, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.next(q, s)
			a.ins("VLD1R.P 4(%v), [%v.S4]", inverses, inverse)
			a.fmul(q, q, inverse)
			a.fcmgt(mask, q, at[clipsCentre])
			a.copy(work, mask)
			a.choose(work, q, at[clipsAbove])
			a.three(minimum, at[clipsAbove], at[clipsAbove], work)
			a.choose(mask, at[clipsBelow], q)
			a.three(maximum, at[clipsBelow], at[clipsBelow], mask)
			a.fmul(q, q, at[clipsGrid])
			a.three(maximum, q, q, half)
			a.three(minimum, q, q, at[clipsLast])
			a.two("frintn"+a.format.vectors, work, q)
			a.fsub(q, q, work)
			a.fabs(q, q)
			a.fmul(q, q, inverse)
			a.three(minimum, at[clipsNear], at[clipsNear], q)
		})
		for k := clipsBelow; k <= clipsNear; k++ {
			a.keep(at[k], clips, k)
		}
	})
	a.end()
}
