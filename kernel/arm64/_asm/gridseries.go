package main

// part sorts measurements. Those with s - limit water > 0 in all lanes go to the end of the arrays, from the last place
// backwards, and the others to the beginning. Each is written to both places, and the pointer of one place moves on.
func (a *lanes) part() {
	a.function("fractionPart", "to *ops.Lanes, rows *float64, s *ops.Lanes, design *float64, n int, limit *ops.Lanes) (others int",
		"copies n measurements of {lanes} voxels, with their rows of the design: those with s > limit water in",
		"all lanes to the end of to and rows, from the last place backwards, and the others to the beginning, in",
		"order. It returns the number of the others.")
	a.holds(
		"V0-V3 s   V4-V7 what is left, then a mask   V8-V11 limit   V12 zero   V30-V31 a row of the design")
	s, left, limit, zero, row := pairs(0, 2), pairs(2, 2), pairs(4, 2), vec(12), pair{30, 31}
	to, rows, signal, design, n := a.load("to"), a.load("rows"), a.load("s"), a.load("design"), a.load("n")
	limits, toEnd, rowsEnd, forth, back := a.load("limit"), a.reg(), a.reg(), a.reg(), a.reg()
	for h, d := range limit {
		a.loadPair(d, limits, pairBytes*h)
	}
	a.zero(zero)
	a.comment("The last places, and the number of measurements that are at the beginning.")
	a.ins("ADD %v<<6, %v, %v", n, to, toEnd)
	a.ins("ADD %v<<5, %v, %v", n, rows, rowsEnd)
	a.ins("SUB $%d, %v", batchBytes, toEnd)
	a.ins("SUB $%d, %v", pairBytes, rowsEnd)
	others := a.reg()
	a.ins("MOVD $0, %v", others)
	a.repeat("row", n, func() {
		a.row(design)
		for h := range s {
			a.loadNext(s[h], signal, pairBytes)
			a.storePair(s[h], to, pairBytes*h)
			a.storePair(s[h], toEnd, pairBytes*h)
			a.copy(left[h], s[h])
			a.takeField(left[h], limit[h], waterField)
			a.three("fcmge"+a.format.vectors, left[h], zero, left[h])
		}
		a.storePair(row, rows, 0)
		a.storePair(row, rowsEnd, 0)
		a.or(left[0], left[0], left[1])
		a.or(left[0][0], left[0][0], left[0][1])
		a.encoded("umaxv4s", left[0][0], left[0][0], 0, 0)
		a.comment("1 where water uses up the signal in a lane: the measurement goes to the beginning.")
		a.ins("VMOV %v.S[0], %v", left[0][0], forth)
		a.ins("AND $1, %v", forth)
		a.ins("SUB $1, %v, %v", forth, back)
		a.ins("ADD %v, %v", forth, others)
		a.ins("ADD %v<<6, %v", forth, to)
		a.ins("ADD %v<<5, %v", forth, rows)
		a.ins("ADD %v<<6, %v", back, toEnd)
		a.ins("ADD %v<<5, %v", back, rowsEnd)
	})
	a.result("others", others)
	a.end()
}

// ratios computes u = w / (s - c w) and v = s^2 u.
func (a *lanes) ratios() {
	a.function("fractionRatios", "u, v, s *ops.Lanes, design *float64, n int, left *ops.LeftSingle",
		"writes u = water/(s - c water) and v = s^2 u for n measurements of {lanes} voxels.")
	a.holds("V0-V1 s   V2-V3 x, then u   V4-V5 c   V6 w   V30-V31 a row of the design")
	s, x, c, water := pairOf(0), pairOf(1), pairOf(2), vec(6)
	a.halves(func() {
		u, v, signal, design := a.array("u"), a.array("v"), a.array("s"), a.load("design")
		a.number(c, a.array("left"), 0)
		a.repeat("row", a.load("n"), func() {
			a.row(design)
			a.next(s, signal)
			a.everywhere(water, waterField)
			a.copy(x, s)
			a.takeField(x, c, waterField)
			a.fdiv(x, water, x)
			a.put(x, u)
			a.fmul(s, s, s)
			a.fmul(s, s, x)
			a.put(s, v)
		})
	})
	a.end()
}

// moments computes sums += v w, and then v = v u.
func (a *lanes) moments() {
	a.function("fractionMoments", "sums, v, u *ops.Lanes, design *float64, n int",
		"adds v, times each of the seven columns of the design, to seven sums for {lanes} voxels, and then",
		"multiplies v by u.")
	a.holds("V0-V13 sums   V14-V15 v   V16-V17 u   V30-V31 a row of the design")
	v, u := pairOf(7), pairOf(8)
	a.halves(func() {
		sums, weights, ratios, design := a.array("sums"), a.array("v"), a.array("u"), a.load("design")
		for k := range 7 {
			a.number(pairOf(k), sums, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.row(design)
			a.number(v, weights, 0)
			a.addRow(pairs(0, 7), v)
			a.next(u, ratios)
			a.fmul(v, v, u)
			a.put(v, weights)
		})
		for k := range 7 {
			a.keep(pairOf(k), sums, k)
		}
	})
	a.end()
}

// series computes sums = m0 + m1 by + m2 by^2 + ..., seven of each.
func (a *lanes) series() {
	a.function("fractionSeries", "sums, coefficients *ops.Lanes, n int, by *ops.Lanes",
		"evaluates seven polynomials of by for {lanes} voxels. Each has n coefficients: first the seven",
		"constants, then the seven factors of by, and so on.")
	a.holds("V0-V13 sums   V14-V15 coefficient   V16-V17 power of by   V18-V19 by")
	coefficient, power, by := pairOf(7), pairOf(8), pairOf(9)
	a.halves(func() {
		sums, coefficients := a.array("sums"), a.array("coefficients")
		a.number(by, a.array("by"), 0)
		a.fill(power, 1)
		for k := range 7 {
			a.zero(pairOf(k))
		}
		a.repeat("term", a.load("n"), func() {
			for k := range 7 {
				a.next(coefficient, coefficients)
				a.fma(pairOf(k), coefficient, power)
			}
			a.fmul(power, power, by)
		})
		for k := range 7 {
			a.keep(pairOf(k), sums, k)
		}
	})
	a.end()
}

// squares computes v = s^2.
func (a *lanes) squares() {
	a.function("fractionSquares", "v, s *ops.Lanes, n int", "writes v = s^2 for n numbers of {lanes} voxels in double precision.")
	a.holds("V0-V1 s")
	s := pairOf(0)
	a.halves(func() {
		squares, numbers := a.array("v"), a.array("s")
		a.repeat("row", a.load("n"), func() {
			a.next(s, numbers)
			a.fmul(s, s, s)
			a.put(s, squares)
		})
	})
	a.end()
}
