package main

// The vectors of a constraint's record, as package ops names them.
const (
	qpSlack = iota
	qpMultiplier
	qpGap
	qpWeight
	qpProduct
	qpMultiplierStep
	qpSlackStep
	qpHeld
	qpRecord
)

// qp writes the steps of least squares with inequality constraints. All steps but Forward go through the constraints
// once, with a record in memory and sums in registers.
//
// Package ops says what each step computes, as Go sees it. The comments here say which register holds what.
func qp(p *program) {
	p.qpAdvance()
	p.qpPredict()
	p.qpCentre()
	p.qpCorrect()
	p.qpForward()
	p.qpHold()
	p.qpPress()
	p.qpShift()
	p.qpJudge()
}

// flag turns a mask into 1.0 or 0 in each lane.
func (p *program) flag(mask pair, one vec) { p.and(mask, mask, one) }

// constraints are the pointers that walk along the constraints. z is the pair for a vector that is used only once.
type constraints struct {
	*program
	records gp
	others  map[string]gp
	z       pair
}

// forConstraints writes the loop over the constraints. At each visit the pointers are at the constraint's record and at
// its vector in each of the other arrays.
func (p *program) forConstraints(z pair, names []string, visit func(c constraints)) {
	c := constraints{p, p.load("records"), map[string]gp{}, z}
	for _, name := range names {
		c.others[name] = p.load(name)
	}
	p.repeat("constraint", p.load("n"), func() {
		visit(c)
		p.advance(qpRecord*pairBytes, c.records)
		for _, name := range names {
			p.advance(pairBytes, c.others[name])
		}
	})
}

// get and set move a vector of the record. field and vector load a vector, of the record or of another array, for one
// use.
func (c constraints) get(d pair, i int)       { c.loadPair(d, c.records, i*pairBytes) }
func (c constraints) set(i int, d pair)       { c.storePair(d, c.records, i*pairBytes) }
func (c constraints) put(name string, d pair) { c.storePair(d, c.others[name], 0) }
func (c constraints) field(i int) pair        { c.get(c.z, i); return c.z }
func (c constraints) vector(name string) pair { c.loadPair(c.z, c.others[name], 0); return c.z }
func (p *program) store(name string, sums ...pair) {
	dst := p.load(name)
	for i, sum := range sums {
		p.storePair(sum, dst, i*pairBytes)
	}
}

func (p *program) zeros(list ...pair) {
	for _, r := range list {
		p.zero(r)
	}
}

// qpAdvance takes a step and prepares the next one.
func (p *program) qpAdvance() {
	p.function("qpAdvance", "sums, records, d, r, steps *float64, e float64, n int",
		"takes the steps t of {lanes} voxels: s += t ds, l += t dl, g -= t g. Then it prepares the next step:",
		"weight = 1/(s + e l), d = l weight, r = -d (g + s). sums is one vector: the sum of l s. ops.QP names the",
		"fields of the n records.")
	p.holds(
		"#1 t   #2 sum of l s   #4 s   #5 l   #6 g   #7 1/(s + e l)   #8 d   #9 #10 temporary   #11 from memory   V30 e   V31 one")
	t, sum, s, l, g, w, d, x, y := pairOf(1), pairOf(2), pairOf(4), pairOf(5), pairOf(6), pairOf(7), pairOf(8), pairOf(9), pairOf(10)
	e, one := vec(30), vec(31)
	p.broadcast(e, "e")
	p.fill(one, 1)
	p.loadPair(t, p.load("steps"), 0)
	p.zero(sum)
	p.forConstraints(pairOf(11), []string{"d", "r"}, func(c constraints) {
		c.get(s, qpSlack)
		c.fma(s, t, c.field(qpSlackStep))
		c.get(l, qpMultiplier)
		c.fma(l, t, c.field(qpMultiplierStep))
		c.get(g, qpGap)
		c.copy(x, g)
		c.fms(g, t, x)
		c.copy(x, s)
		c.fma(x, l, e)
		c.fdiv(w, one, x)
		c.fmul(d, l, w)
		c.fadd(x, s, g)
		c.zero(y)
		c.fms(y, d, x)
		c.fma(sum, s, l)
		c.set(qpSlack, s)
		c.set(qpMultiplier, l)
		c.set(qpGap, g)
		c.set(qpWeight, w)
		c.put("d", d)
		c.put("r", y)
	})
	p.store("sums", sum)
	p.end()
}

// qpPredict finds the step towards l s = 0. It takes dl/l as (e l - h)/(s + e l) - 1, which needs no division.
func (p *program) qpPredict() {
	p.function("qpPredict", "sums, records, d, adx *float64, e float64, n int",
		"finds the step of {lanes} voxels towards l s = 0: with h = A dx + g, dl = d (e l - h) - l and ds = h + e",
		"dl. A constraint is marked as held where (l + dl) s > (s + ds) l. sums is six vectors: the least of 0",
		"and all ds/s, the least of 0 and all dl/l, the sums of l ds, of s dl and of ds dl, and how many marks",
		"changed. ops.QP names the fields of the n records.")
	p.holds(
		"#1 least ds/s   #2 least 1 + dl/l   #3 #4 #5 sums of l ds, s dl, ds dl   #6 changes   #7 from memory",
		"#8 s   #9 l   #10 h   #11 e l - h   #12 l + dl   #13 ds   #14 dl   #0 temporary   V30 e   V31 one")
	r := pairs(0, 15)
	y, leastS, leastL, ldS, sdL, dSdL, changes := r[0], r[1], r[2], r[3], r[4], r[5], r[6]
	s, l, h, x, next, ds, dl := r[8], r[9], r[10], r[11], r[12], r[13], r[14]
	e, one := vec(30), vec(31)
	p.broadcast(e, "e")
	p.fill(one, 1)
	p.zeros(leastS, ldS, sdL, dSdL, changes)
	p.copy(leastL, pair{one, one})
	p.forConstraints(r[7], []string{"d", "adx"}, func(c constraints) {
		c.get(s, qpSlack)
		c.get(l, qpMultiplier)
		c.get(h, qpGap)
		c.fadd(h, h, c.vector("adx"))
		c.fneg(x, h)
		c.fma(x, l, e)
		c.fmul(next, x, c.vector("d"))
		c.fmul(y, x, c.field(qpWeight))
		c.fmin(leastL, leastL, y)
		c.fsub(dl, next, l)
		c.copy(ds, h)
		c.fma(ds, dl, e)
		c.set(qpMultiplierStep, dl)
		c.set(qpSlackStep, ds)
		c.fma(ldS, ds, l)
		c.fma(sdL, dl, s)
		c.fma(dSdL, dl, ds)
		c.fdiv(y, ds, s)
		c.fmin(leastS, leastS, y)
		c.fadd(y, ds, s)
		c.fmul(y, y, l)
		c.fmul(next, next, s)
		c.fcmgt(x, next, y)
		c.flag(x, one)
		c.fsub(y, c.field(qpHeld), x)
		c.fma(changes, y, y)
		c.set(qpHeld, x)
	})
	p.fsub(leastL, leastL, one)
	p.store("sums", leastS, leastL, ldS, sdL, dSdL, changes)
	p.end()
}

// qpCentre prepares the corrected step.
func (p *program) qpCentre() {
	p.function("qpCentre", "records, r, targets *float64, n int",
		"prepares the corrected step of {lanes} voxels: product = l s + dl ds - target, r = -weight (l g +",
		"product). targets is one vector. ops.QP names the fields of the n records.")
	p.holds("#0 target   #1 product   #2 l   #3 temporary   #4 r   #5 from memory")
	target, product, l, x, r := pairOf(0), pairOf(1), pairOf(2), pairOf(3), pairOf(4)
	p.loadPair(target, p.load("targets"), 0)
	p.fneg(target, target)
	p.forConstraints(pairOf(5), []string{"r"}, func(c constraints) {
		c.get(x, qpMultiplierStep)
		c.get(l, qpMultiplier)
		c.copy(product, target)
		c.fma(product, x, c.field(qpSlackStep))
		c.fma(product, l, c.field(qpSlack))
		c.set(qpProduct, product)
		c.fma(product, l, c.field(qpGap))
		c.zero(r)
		c.fms(r, product, c.field(qpWeight))
		c.put("r", r)
	})
	p.end()
}

// qpCorrect finds the corrected step.
func (p *program) qpCorrect() {
	p.function("qpCorrect", "sums, records, adx *float64, e float64, n int",
		"finds the corrected step of {lanes} voxels: with h = A dx + g, dl = -weight (l h + product) and ds = h +",
		"e dl. sums is two vectors: the least of 0 and all ds/s, and the least of 0 and all dl/l. ops.QP names",
		"the fields of the n records.")
	p.holds(
		"#1 least ds/s   #2 least dl/l   #3 h, then ds   #4 l   #5 l h + product   #6 dl   #7 temporary   #8 from memory   V30 e")
	leastS, leastL, h, l, x, dl, y, e := pairOf(1), pairOf(2), pairOf(3), pairOf(4), pairOf(5), pairOf(6), pairOf(7), vec(30)
	p.broadcast(e, "e")
	p.zeros(leastS, leastL)
	p.forConstraints(pairOf(8), []string{"adx"}, func(c constraints) {
		c.get(h, qpGap)
		c.fadd(h, h, c.vector("adx"))
		c.get(l, qpMultiplier)
		c.get(x, qpProduct)
		c.fma(x, l, h)
		c.zero(dl)
		c.fms(dl, x, c.field(qpWeight))
		c.fma(h, dl, e)
		c.set(qpMultiplierStep, dl)
		c.set(qpSlackStep, h)
		c.fdiv(y, h, c.field(qpSlack))
		c.fmin(leastS, leastS, y)
		c.fdiv(y, dl, l)
		c.fmin(leastL, leastL, y)
	})
	p.store("sums", leastS, leastL)
	p.end()
}

// qpForward solves with the factor in tiles, one row of tiles after another.
func (p *program) qpForward() {
	p.function("qpForward", "y, q, inverse *float64, tiles int",
		"solves L y = z for {lanes} voxels, with the q and inverse of csdFactorise. y is z before, and the",
		"solution after.")
	p.holds("first the unknowns of the row   then a known one, and an entry of the factor")
	const t = csdTile
	f := func(r int) pair { return pairOf(r) }
	known, entry := pairOf(t), pairOf(t+1)
	own, tile, inverse, number, before, count := p.load("y"), p.load("q"), p.load("inverse"), p.reg(), p.reg(), p.reg()
	p.ins("MOVD $0, %v", number)
	p.repeat("row", p.load("tiles"), func() {
		for r := range t {
			p.loadPair(f(r), own, r*pairBytes)
		}
		p.reload("y", before)
		p.move(number, count)
		p.repeat("tile", count, func() {
			for c := range t {
				p.loadNext(known, before, pairBytes)
				for r := range t {
					p.loadPair(entry, tile, inTile(r, c))
					p.fms(f(r), known, entry)
				}
			}
			p.advance(tileBytes, tile)
		})
		for c := range t {
			p.loadNext(entry, inverse, pairBytes)
			p.fmul(f(c), f(c), entry)
			p.storeNext(f(c), own, pairBytes)
			for r := c + 1; r < t; r++ {
				p.loadPair(entry, tile, inTile(r, c))
				p.fms(f(r), f(c), entry)
			}
		}
		p.advance(tileBytes, tile)
		p.advance(1, number)
	})
	p.end()
}

// qpHold makes the weights of the constraints that are held.
func (p *program) qpHold() {
	p.function("qpHold", "records, d *float64, weight float64, n int",
		"makes d = weight where a constraint is held, and 0 elsewhere, for {lanes} voxels. ops.QP names the",
		"fields of the n records.")
	p.holds("#0 d   #1 from memory   V30 weight")
	d, weight := pairOf(0), vec(30)
	p.broadcast(weight, "weight")
	p.forConstraints(pairOf(1), []string{"d"}, func(c constraints) {
		c.fmul(d, c.field(qpHeld), weight)
		c.put("d", d)
	})
	p.end()
}

// qpPress makes what constraints add to the right-hand side.
func (p *program) qpPress() {
	p.function("qpPress", "records, d, r *float64, e float64, n int",
		"makes r = l - d (s + e l) for {lanes} voxels. ops.QP names the fields of the n records.")
	p.holds("#0 l   #1 s + e l   #2 from memory   V30 e")
	l, x, e := pairOf(0), pairOf(1), vec(30)
	p.broadcast(e, "e")
	p.forConstraints(pairOf(2), []string{"d", "r"}, func(c constraints) {
		c.get(l, qpMultiplier)
		c.get(x, qpSlack)
		c.fma(x, l, e)
		c.fms(l, x, c.vector("d"))
		c.put("r", l)
	})
	p.end()
}

// qpShift takes the step of the exact solution.
func (p *program) qpShift() {
	p.function("qpShift", "records, d, adx *float64, e float64, n int",
		"takes the step of the exact solution for {lanes} voxels: l -= d (A dx + s + e l), s += A dx. ops.QP",
		"names the fields of the n records.")
	p.holds("#0 l   #1 s   #2 A dx + s + e l   #3 from memory   V30 e")
	l, s, x, e := pairOf(0), pairOf(1), pairOf(2), vec(30)
	p.broadcast(e, "e")
	p.forConstraints(pairOf(3), []string{"d", "adx"}, func(c constraints) {
		c.get(l, qpMultiplier)
		c.get(s, qpSlack)
		c.fadd(s, s, c.vector("adx"))
		c.copy(x, s)
		c.fma(x, l, e)
		c.fms(l, x, c.vector("d"))
		c.set(qpMultiplier, l)
		c.set(qpSlack, s)
	})
	p.end()
}

// qpJudge measures how well the conditions of a solution hold, and corrects the set. Marks are 0 or 1, so that the new
// mark is held*(l > 0) + (1 - held)*(s < -tolerance).
func (p *program) qpJudge() {
	p.function("qpJudge", "sums, records *float64, tolerance, e float64, n int",
		"measures the solutions of {lanes} voxels, and corrects their sets. sums is five vectors: the least of 0",
		"and all s + e l, the largest |l (s + e l)|, the least and the largest of 0 and all l, and how many marks",
		"changed. A constraint that is held stays so where l > 0. One that is not becomes held where s <",
		"-tolerance. Where a constraint is not held after this, l becomes 0. ops.QP names the fields of the n",
		"records.")
	p.holds(
		"#2 least s + e l   #3 largest |l (s + e l)|   #4 #5 least and largest l   #6 changes",
		"#9 l   #10 s   #11 held   #12 #13 temporary   #14 new held   V14 zero   V15 -tolerance   V30 e   V31 one")
	r := pairs(0, 15)
	least, product, leastL, mostL, changes := r[2], r[3], r[4], r[5], r[6]
	l, s, held, x, y, next := r[9], r[10], r[11], r[12], r[13], r[14]
	none, low, e, one := vec(14), vec(15), vec(30), vec(31)
	p.zeros(least, product, leastL, mostL, changes)
	p.zero(none)
	p.broadcast(e, "e")
	p.broadcast(low, "tolerance")
	p.fneg(low, low)
	p.fill(one, 1)
	p.forConstraints(r[0], nil, func(c constraints) {
		c.get(l, qpMultiplier)
		c.get(s, qpSlack)
		c.get(held, qpHeld)
		c.copy(x, s)
		c.fma(x, l, e)
		c.fmin(least, least, x)
		c.fmul(x, x, l)
		c.fabs(x, x)
		c.fmax(product, product, x)
		c.fmin(leastL, leastL, l)
		c.fmax(mostL, mostL, l)
		c.fcmgt(x, l, none)
		c.flag(x, one)
		c.fcmgt(y, low, s)
		c.flag(y, one)
		c.fsub(next, one, held)
		c.fmul(next, next, y)
		c.fma(next, held, x)
		c.fmul(l, l, next)
		c.fsub(y, next, held)
		c.fma(changes, y, y)
		c.set(qpMultiplier, l)
		c.set(qpHeld, next)
	})
	p.store("sums", least, product, leastL, mostL, changes)
	p.end()
}
