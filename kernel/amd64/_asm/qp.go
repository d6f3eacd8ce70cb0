package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

// qp writes the steps of least squares with inequality constraints, for one width of vectors. All steps but Forward go
// through the constraints once, with a record in memory and sums in registers. They do the same operations in the same
// order for both instruction sets.
//
// Package ops says what each step computes, as Go sees it. The comments here say which register holds what.
func qp(v vectors) {
	v.qpAdvance()
	v.qpPredict()
	v.qpCentre()
	v.qpCorrect()
	v.qpForward()
	v.qpHold()
	v.qpPress()
	v.qpShift()
	v.qpJudge()
}

// broadcastParameter puts a parameter of the function into all lanes.
func broadcastParameter(name string, r reg.VecPhysical) {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSD(p.Addr, r)
}

// unity puts 1.0 into all lanes.
func unity(r reg.VecPhysical) {
	one := GP64()
	MOVQ(U64(math.Float64bits(1)), one)
	VMOVQ(one, r.AsX())
	VBROADCASTSD(r.AsX(), r)
}

// Predicates of VCMPPD that are false for NaN and raise nothing.
const (
	isLess    = 0x11
	isGreater = 0x1e
)

// flag writes 1.0 to the lanes of dst in which a is less (or greater) than b, and 0 to the others.
func (v vectors) flag(predicate uint8, a, b, one, dst reg.VecPhysical) {
	if v.evex {
		VCMPPD(U8(predicate), b, a, reg.K1)
		VMOVAPD_Z(one, reg.K1, dst)
		return
	}
	VCMPPD(U8(predicate), b, a, dst)
	VANDPD(one, dst, dst)
}

// qpPointers are the pointers that walk along the constraints.
type qpPointers struct {
	vectors
	records reg.Register
	others  map[string]reg.Register
}

// constraints writes the loop over the constraints. At each visit the pointers are at the constraint's record and at
// its vector in each of the other arrays.
func (v vectors) constraints(names []string, visit func(p qpPointers)) {
	p := qpPointers{v, load("records"), map[string]reg.Register{}}
	for _, name := range names {
		p.others[name] = load(name)
	}
	repeat("constraint", load("n"), func() {
		visit(p)
		ADDQ(I32(qpRecord*v.bytes), p.records)
		for _, name := range names {
			ADDQ(I32(v.bytes), p.others[name])
		}
	})
}

func (p qpPointers) field(i int) Mem        { return p.at(p.records, i) }
func (p qpPointers) vector(name string) Mem { return Mem{Base: p.others[name]} }
func (v vectors) store(name string, sums ...reg.VecPhysical) {
	dst := load(name)
	for i, sum := range sums {
		VMOVUPD(sum, v.at(dst, i))
	}
}

// qpAdvance takes a step and prepares the next one.
func (v vectors) qpAdvance() {
	v.function("qpAdvance", "sums, records, d, r, steps *float64, e float64, n int",
		"takes the steps t of {lanes} voxels: s += t ds, l += t dl, g -= t g. Then it prepares the next step:",
		"weight = 1/(s + e l), d = l weight, r = -d (g + s). sums is one vector: the sum of l s. ops.QP names the",
		"fields of the n records.")
	v.holds(
		"#0 e   #1 t   #2 sum of l s   #3 one   #4 s   #5 l   #6 g   #7 1/(s + e l)   #8 d   #9 #10 temporary")
	e, t, sum, one := v.registers[0], v.registers[1], v.registers[2], v.registers[3]
	s, l, g, w, d, x, y := v.registers[4], v.registers[5], v.registers[6], v.registers[7], v.registers[8], v.registers[9], v.registers[10]
	broadcastParameter("e", e)
	VMOVUPD(Mem{Base: load("steps")}, t)
	zero(sum)
	unity(one)
	v.constraints([]string{"d", "r"}, func(p qpPointers) {
		VMOVUPD(p.field(qpSlack), s)
		VFMADD231PD(p.field(qpSlackStep), t, s)
		VMOVUPD(p.field(qpMultiplier), l)
		VFMADD231PD(p.field(qpMultiplierStep), t, l)
		VMOVUPD(p.field(qpGap), g)
		VFNMADD231PD(p.field(qpGap), t, g)
		VMOVAPD(s, x)
		VFMADD231PD(e, l, x)
		VDIVPD(x, one, w)
		VMULPD(w, l, d)
		VADDPD(g, s, x)
		zero(y)
		VFNMADD231PD(x, d, y)
		VFMADD231PD(l, s, sum)
		VMOVUPD(s, p.field(qpSlack))
		VMOVUPD(l, p.field(qpMultiplier))
		VMOVUPD(g, p.field(qpGap))
		VMOVUPD(w, p.field(qpWeight))
		VMOVUPD(d, p.vector("d"))
		VMOVUPD(y, p.vector("r"))
	})
	v.store("sums", sum)
	v.end()
}

// qpPredict finds the step towards l s = 0. It takes dl/l as (e l - h)/(s + e l) - 1, which needs no division.
func (v vectors) qpPredict() {
	v.function("qpPredict", "sums, records, d, adx *float64, e float64, n int",
		"finds the step of {lanes} voxels towards l s = 0: with h = A dx + g, dl = d (e l - h) - l and ds = h + e",
		"dl. A constraint is marked as held where (l + dl) s > (s + ds) l. sums is six vectors: the least of 0",
		"and all ds/s, the least of 0 and all dl/l, the sums of l ds, of s dl and of ds dl, and how many marks",
		"changed. ops.QP names the fields of the n records.")
	v.holds(
		"#0 e   #1 least ds/s   #2 least 1 + dl/l   #3 #4 #5 sums of l ds, s dl, ds dl   #6 changes   #7 one",
		"#8 s   #9 l   #10 h   #11 e l - h   #12 l + dl   #13 ds   #14 dl   #15 temporary")
	r := v.registers[:16]
	e, leastS, leastL, ldS, sdL, dSdL, changes, one := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
	s, l, h, x, next, ds, dl, y := r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]
	broadcastParameter("e", e)
	zero(leastS, ldS, sdL, dSdL, changes)
	unity(one)
	VMOVAPD(one, leastL)
	v.constraints([]string{"d", "adx"}, func(p qpPointers) {
		VMOVUPD(p.field(qpSlack), s)
		VMOVUPD(p.field(qpMultiplier), l)
		VMOVUPD(p.vector("adx"), h)
		VADDPD(p.field(qpGap), h, h)
		VMOVAPD(h, x)
		VFMSUB231PD(e, l, x)
		VMULPD(p.vector("d"), x, next)
		VMULPD(p.field(qpWeight), x, y)
		VMINPD(y, leastL, leastL)
		VSUBPD(l, next, dl)
		VMOVAPD(h, ds)
		VFMADD231PD(e, dl, ds)
		VMOVUPD(dl, p.field(qpMultiplierStep))
		VMOVUPD(ds, p.field(qpSlackStep))
		VFMADD231PD(l, ds, ldS)
		VFMADD231PD(s, dl, sdL)
		VFMADD231PD(ds, dl, dSdL)
		VDIVPD(s, ds, y)
		VMINPD(y, leastS, leastS)
		VADDPD(s, ds, y)
		VMULPD(l, y, y)
		VMULPD(s, next, next)
		v.flag(isGreater, next, y, one, x)
		VMOVUPD(p.field(qpHeld), y)
		VSUBPD(x, y, y)
		VFMADD231PD(y, y, changes)
		VMOVUPD(x, p.field(qpHeld))
	})
	VSUBPD(one, leastL, leastL)
	v.store("sums", leastS, leastL, ldS, sdL, dSdL, changes)
	v.end()
}

// qpCentre prepares the corrected step.
func (v vectors) qpCentre() {
	v.function("qpCentre", "records, r, targets *float64, n int",
		"prepares the corrected step of {lanes} voxels: product = l s + dl ds - target, r = -weight (l g +",
		"product). targets is one vector. ops.QP names the fields of the n records.")
	v.holds("#0 target   #1 product   #2 l   #3 temporary   #4 r")
	target, product, l, x, r := v.registers[0], v.registers[1], v.registers[2], v.registers[3], v.registers[4]
	VMOVUPD(Mem{Base: load("targets")}, target)
	v.constraints([]string{"r"}, func(p qpPointers) {
		VMOVUPD(p.field(qpMultiplierStep), product)
		VMOVUPD(p.field(qpMultiplier), l)
		VFMSUB132PD(p.field(qpSlackStep), target, product)
		VFMADD231PD(p.field(qpSlack), l, product)
		VMOVUPD(product, p.field(qpProduct))
		VMOVAPD(product, x)
		VFMADD231PD(p.field(qpGap), l, x)
		zero(r)
		VFNMADD231PD(p.field(qpWeight), x, r)
		VMOVUPD(r, p.vector("r"))
	})
	v.end()
}

// qpCorrect finds the corrected step.
func (v vectors) qpCorrect() {
	v.function("qpCorrect", "sums, records, adx *float64, e float64, n int",
		"finds the corrected step of {lanes} voxels: with h = A dx + g, dl = -weight (l h + product) and ds = h +",
		"e dl. sums is two vectors: the least of 0 and all ds/s, and the least of 0 and all dl/l. ops.QP names",
		"the fields of the n records.")
	v.holds(
		"#0 e   #1 least ds/s   #2 least dl/l   #3 h, then ds   #4 l   #5 l h + product   #6 dl   #7 temporary")
	e, leastS, leastL, h, l, x, dl, y := v.registers[0], v.registers[1], v.registers[2], v.registers[3], v.registers[4], v.registers[5], v.registers[6], v.registers[7]
	broadcastParameter("e", e)
	zero(leastS, leastL)
	v.constraints([]string{"adx"}, func(p qpPointers) {
		VMOVUPD(p.vector("adx"), h)
		VADDPD(p.field(qpGap), h, h)
		VMOVUPD(p.field(qpMultiplier), l)
		VMOVUPD(p.field(qpProduct), x)
		VFMADD231PD(h, l, x)
		zero(dl)
		VFNMADD231PD(p.field(qpWeight), x, dl)
		VFMADD231PD(e, dl, h)
		VMOVUPD(dl, p.field(qpMultiplierStep))
		VMOVUPD(h, p.field(qpSlackStep))
		VDIVPD(p.field(qpSlack), h, y)
		VMINPD(y, leastS, leastS)
		VDIVPD(l, dl, y)
		VMINPD(y, leastL, leastL)
	})
	v.store("sums", leastS, leastL)
	v.end()
}

// qpForward solves with the factor in tiles, one row of tiles after another.
func (v vectors) qpForward() {
	v.function("qpForward", "y, q, inverse *float64, tiles int",
		"solves L y = z for {lanes} voxels, with the q and inverse of csdFactorise. y is z before, and the",
		"solution after.")
	v.holds("first the unknowns of the row   then a known one")
	t := v.tile
	f := func(r int) reg.VecPhysical { return v.registers[r] }
	known := v.registers[t]
	own, tile, inverse, number, before := load("y"), load("q"), load("inverse"), GP64(), GP64()
	XORQ(number, number)
	repeat("row", load("tiles"), func() {
		for r := range t {
			VMOVUPD(v.at(own, r), f(r))
		}
		Load(Param("y"), before)
		repeat("tile", copied(number), func() {
			for c := range t {
				VMOVUPD(v.at(before, c), known)
				for r := range t {
					VFNMADD231PD(v.inTile(tile, r, c), known, f(r))
				}
			}
			ADDQ(I32(v.tileBytes()), tile)
			ADDQ(I32(t*v.bytes), before)
		})
		for c := range t {
			VMULPD(v.at(inverse, c), f(c), f(c))
			VMOVUPD(f(c), v.at(own, c))
			for r := c + 1; r < t; r++ {
				VFNMADD231PD(v.inTile(tile, r, c), f(c), f(r))
			}
		}
		ADDQ(I32(v.tileBytes()), tile)
		ADDQ(I32(t*v.bytes), own)
		ADDQ(I32(t*v.bytes), inverse)
		INCQ(number)
	})
	v.end()
}

// qpHold makes the weights of the constraints that are held.
func (v vectors) qpHold() {
	v.function("qpHold", "records, d *float64, weight float64, n int",
		"makes d = weight where a constraint is held, and 0 elsewhere, for {lanes} voxels. ops.QP names the",
		"fields of the n records.")
	v.holds("#0 weight   #1 d")
	weight, d := v.registers[0], v.registers[1]
	broadcastParameter("weight", weight)
	v.constraints([]string{"d"}, func(p qpPointers) {
		VMULPD(p.field(qpHeld), weight, d)
		VMOVUPD(d, p.vector("d"))
	})
	v.end()
}

// qpPress makes what constraints add to the right-hand side.
func (v vectors) qpPress() {
	v.function("qpPress", "records, d, r *float64, e float64, n int",
		"makes r = l - d (s + e l) for {lanes} voxels. ops.QP names the fields of the n records.")
	v.holds("#0 e   #1 l   #2 s + e l")
	e, l, x := v.registers[0], v.registers[1], v.registers[2]
	broadcastParameter("e", e)
	v.constraints([]string{"d", "r"}, func(p qpPointers) {
		VMOVUPD(p.field(qpMultiplier), l)
		VMOVUPD(p.field(qpSlack), x)
		VFMADD231PD(e, l, x)
		VFNMADD231PD(p.vector("d"), x, l)
		VMOVUPD(l, p.vector("r"))
	})
	v.end()
}

// qpShift takes the step of the exact solution.
func (v vectors) qpShift() {
	v.function("qpShift", "records, d, adx *float64, e float64, n int",
		"takes the step of the exact solution for {lanes} voxels: l -= d (A dx + s + e l), s += A dx. ops.QP",
		"names the fields of the n records.")
	v.holds("#0 e   #1 l   #2 s   #3 A dx + s + e l")
	e, l, s, x := v.registers[0], v.registers[1], v.registers[2], v.registers[3]
	broadcastParameter("e", e)
	v.constraints([]string{"d", "adx"}, func(p qpPointers) {
		VMOVUPD(p.field(qpMultiplier), l)
		VMOVUPD(p.field(qpSlack), s)
		VADDPD(p.vector("adx"), s, s)
		VMOVAPD(s, x)
		VFMADD231PD(e, l, x)
		VFNMADD231PD(p.vector("d"), x, l)
		VMOVUPD(l, p.field(qpMultiplier))
		VMOVUPD(s, p.field(qpSlack))
	})
	v.end()
}

// qpJudge measures how well the conditions of a solution hold, and corrects the set. Marks are 0 or 1, so that the new
// mark is held*(l > 0) + (1 - held)*(s < -tolerance).
func (v vectors) qpJudge() {
	v.function("qpJudge", "sums, records *float64, tolerance, e float64, n int",
		"measures the solutions of {lanes} voxels, and corrects their sets. sums is five vectors: the least of 0",
		"and all s + e l, the largest |l (s + e l)|, the least and the largest of 0 and all l, and how many marks",
		"changed. A constraint that is held stays so where l > 0. One that is not becomes held where s <",
		"-tolerance. Where a constraint is not held after this, l becomes 0. ops.QP names the fields of the n",
		"records.")
	v.holds(
		"#0 e   #1 -tolerance   #2 least s + e l   #3 largest |l (s + e l)|   #4 #5 least and largest l   #6 changes",
		"#7 one   #8 none   #9 l   #10 s   #11 held   #12 #13 temporary   #14 new held")
	r := v.registers[:15]
	e, low, least, product, leastL, mostL, changes, one, none := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8]
	l, s, held, x, y, next := r[9], r[10], r[11], r[12], r[13], r[14]
	zero(none, least, product, leastL, mostL, changes)
	broadcastParameter("e", e)
	broadcastParameter("tolerance", low)
	VSUBPD(low, none, low)
	unity(one)
	v.constraints(nil, func(p qpPointers) {
		VMOVUPD(p.field(qpMultiplier), l)
		VMOVUPD(p.field(qpSlack), s)
		VMOVUPD(p.field(qpHeld), held)
		VMOVAPD(s, x)
		VFMADD231PD(e, l, x)
		VMINPD(x, least, least)
		VMULPD(l, x, x)
		VSUBPD(x, none, y)
		VMAXPD(y, x, x)
		VMAXPD(x, product, product)
		VMINPD(l, leastL, leastL)
		VMAXPD(l, mostL, mostL)
		v.flag(isGreater, l, none, one, x)
		v.flag(isLess, s, low, one, y)
		VSUBPD(held, one, next)
		VMULPD(y, next, next)
		VFMADD231PD(held, x, next)
		VMULPD(next, l, l)
		VSUBPD(held, next, y)
		VFMADD231PD(y, y, changes)
		VMOVUPD(l, p.field(qpMultiplier))
		VMOVUPD(next, p.field(qpHeld))
	})
	v.store("sums", least, product, leastL, mostL, changes)
	v.end()
}
