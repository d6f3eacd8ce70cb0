package main

// ordinary computes least = min(least, s) and y = log2(max(s, floor)), and then sums += y table. The logarithms do not
// show a value that is not finite. A sum of x - x does, and is added to every sum.
func (a *lanes) ordinary() {
	a.function("tensorOrdinary", "sums, least, y, s *ops.Lanes, table *float64, n int, floor *ops.Lanes",
		"lowers least to s, writes y = log2(max(s, floor)), and adds y, times each of seven columns of the table,",
		"to the sum of that column, over n measurements of {lanes} voxels.")
	a.holds(
		"V0-V1 x   V2-V13 work   V16-V20 constants   V22-V23 least   V24-V25 the sum of x - x   V26-V27 floor")
	x, least, poison, floor, work := pairOf(0), pairOf(11), pairOf(12), pairOf(13), [6]pair(pairs(1, 6))
	a.logConstants()
	a.halves(func() {
		y, s, sums, lowest := a.array("y"), a.array("s"), a.array("sums"), a.array("least")
		a.number(least, lowest, 0)
		a.number(floor, a.array("floor"), 0)
		a.zero(poison)
		a.repeat("row", a.load("n"), func() {
			a.next(x, s)
			a.three("fminnm2d", least, least, x) // the number, where one of them is NaN
			a.fmax(x, x, floor)                  // NaN where x is NaN
			a.fsub(work[1], x, x)
			a.fadd(poison, poison, work[1])
			a.logOf(x, work[0], work[:])
			a.put(work[0], y)
		})
		a.keep(least, lowest, 0)
		for k := range 7 {
			a.number(x, sums, k)
			a.fadd(x, x, poison)
			a.keep(x, sums, k)
		}
	})
	a.sweeps("table", "y", "sums", 7, 8, false)
	a.end()
}

// reweight computes v = 2^(w.p) and u = v y, and then adds u w to the right-hand side, u for the seventh. Results below
// 2^-1022.5 become zero, and those above 2^1023.5 infinite.
func (a *lanes) reweight() {
	a.function("tensorReweight", "right, u, v, y *ops.Lanes, design *float64, n int, p *ops.Lanes",
		"writes the weights v = 2^(w.p) that a fit p predicts, and adds v y, times each of the seven columns of",
		"the design, to the right-hand side, over n measurements of {lanes} voxels.")
	a.holds("V0-V11 p   V14-V15 w.p   V16-V23 and V28-V29 work")
	a.halves(func() {
		u, v, y, design, p := a.array("u"), a.array("v"), a.array("y"), a.load("design"), a.array("p")
		for k := range 6 {
			a.number(modelP[k], p, k)
		}
		z := modelT
		a.repeat("row", a.load("n"), func() {
			a.row(design)
			a.zero(z)
			a.linear(z, modelP)
			a.weightPower(z, modelWork)
			a.put(z, v)
			a.next(modelWork[0], y)
			a.fmul(z, z, modelWork[0])
			a.put(z, u)
		})
	})
	a.sweeps("design", "u", "right", 7, designFields, true)
	a.end()
}

// tissue computes t = 2^(w.p + p6), d = s - t, u = d t and v = t^2 - mix u, and adds d^2 to the squares. Then it adds u
// w to the right-hand side, u for the seventh. The registers are those of the models.
func (a *lanes) tissue() {
	a.function("tensorTissue", "right, u, v, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"evaluates the model without water of {lanes} voxels at a point, over n measurements. With t = 2^(w.p +",
		"p6) and d = s - t it writes v = t^2 - mix d t, adds d^2 to the squares, and adds d t, times each of the",
		"seven columns of the design, to the right-hand side.")
	a.halves(func() {
		u, v, s, design, point := a.array("u"), a.array("v"), a.array("s"), a.load("design"), a.array("point")
		a.parameters(point)
		a.number(modelSquares, point, pointSquares)
		mix := modelGradient // a register that is free: this model has no gradient along c
		a.number(mix, point, pointMix)
		t, d := modelT, modelWork[0]
		a.repeat("row", a.load("n"), func() {
			a.predict(design)
			a.next(d, s)
			a.fsub(d, d, t)
			a.fma(modelSquares, d, d)
			a.fmul(d, d, t)
			a.put(d, u)
			a.fmul(t, t, t)
			a.fms(t, mix, d)
			a.put(t, v)
		})
		a.keep(modelSquares, point, pointSquares)
	})
	a.sweeps("design", "u", "right", 7, designFields, true)
	a.end()
}

// squaredWeights computes x = max(s, floor), v = (c x)^2, y = log2(x) and u = v y.
func (a *lanes) squaredWeights() {
	a.function("tensorSquaredWeights", "u, v, y, s *ops.Lanes, n int, rest *ops.Rest",
		"writes y = log2(x), v = (c x)^2 and u = v y with x = max(s, floor), for n measurements of {lanes}",
		"voxels.")
	a.holds("V0-V1 x   V2-V13 work   V14-V15 v   V16-V20 constants   V22-V23 c   V26-V27 floor")
	x, weight, c, floor := pairOf(0), pairOf(7), pairOf(11), pairOf(13)
	a.logConstants()
	a.halves(func() {
		u, v, y, s, rest := a.array("u"), a.array("v"), a.array("y"), a.array("s"), a.array("rest")
		a.number(c, rest, 0)
		a.number(floor, rest, 2)
		a.repeat("row", a.load("n"), func() {
			a.next(x, s)
			a.fmax(x, x, floor) // NaN where x is NaN
			a.fmul(weight, x, c)
			a.fmul(weight, weight, weight)
			log := a.log2(x, [6]pair(pairs(1, 6)))
			a.put(weight, v)
			a.put(log, y)
			a.fmul(log, log, weight)
			a.put(log, u)
		})
	})
	a.end()
}
