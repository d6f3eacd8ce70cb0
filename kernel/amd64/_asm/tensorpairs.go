package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs are the registers of the models with 256 bits. These work on both halves of a number at once: the two
// exponentials do not wait for each other, and a broadcast serves both. p is in memory.
type pairs struct {
	t, squares, gradient []reg.VecPhysical
	work                 [2][4]reg.VecPhysical
	element              reg.VecPhysical
}

func (a *lanes) pairs() pairs {
	r := a.registers
	a.holds("Y0-Y1 t, Y2-Y5 and Y6-Y9 work, Y10-Y11 squares, Y12-Y13 gradient, Y14 broadcasts")
	return pairs{
		t: r[0:2], work: [2][4]reg.VecPhysical{[4]reg.VecPhysical(r[2:6]), [4]reg.VecPhysical(r[6:10])},
		squares: r[10:12], gradient: r[12:14], element: r[14],
	}
}

// of is the place of one half of the k-th number from a pointer on.
func (a *lanes) of(h int, pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: k*batchBytes + h*a.bytes}
}

// both writes the body for each half.
func both(body func(h int)) {
	for h := range 2 {
		body(h)
	}
}

// predictPair computes t = exp2(w.p + p6) for one row of the design at RDX, with the Point at R8.
func (a *lanes) predictPair(x pairs) {
	both(func(h int) { a.load(a.of(h, reg.R8, 6), x.t[h]) })
	for k := range 6 {
		a.broadcast(a.field(reg.RDX, k), x.element)
		both(func(h int) { a.fma(a.of(h, reg.R8, k), x.element, x.t[h]) })
	}
	a.exp2Pair(x)
}

// exp2Pair is exp2 with 256 bits, for both halves of t. Adding a large integer, of the order of 2^52 (2^23 in single
// precision), rounds t to an integer k. The last bits of the sum are the exponent of 2^k.
func (a *lanes) exp2Pair(x pairs) {
	bias, low, high, exponent, coefficients := 3<<51+1023., -1023., 1024., uint64(52), exp2Wide
	if a.isSingle() {
		bias, low, high, exponent, coefficients = 3<<22+127., -127., 128., 23, exp2Nearest
	}
	z := x.t
	both(func(h int) { a.clamp(z[h], x.work[h][0], low, high) })
	a.load(a.constant(bias), x.element)
	both(func(h int) { a.add(x.element, z[h], x.work[h][0]) })
	both(func(h int) { a.sub(x.element, x.work[h][0], x.work[h][1]) })
	both(func(h int) { a.sub(x.work[h][1], z[h], z[h]) })
	both(func(h int) {
		if a.isSingle() {
			VPSLLD(Imm(exponent), x.work[h][0], x.work[h][0])
		} else {
			VPSLLQ(Imm(exponent), x.work[h][0], x.work[h][0])
		}
	})
	// Even and odd powers are two chains.
	both(func(h int) { a.mul(z[h], z[h], x.work[h][1]) })
	last := len(coefficients) - 1
	for _, chain := range []int{last, last - 1} {
		q := 2 + chain%2
		both(func(h int) { a.load(a.constant(coefficients[chain]), x.work[h][q]) })
	}
	for k := last - 2; k >= 0; k-- {
		both(func(h int) { a.fma213(a.constant(coefficients[k]), x.work[h][1], x.work[h][2+k%2]) })
	}
	both(func(h int) { a.fma(z[h], x.work[h][3], x.work[h][2]) })
	both(func(h int) { a.fma213(a.constant(1), z[h], x.work[h][2]) })
	both(func(h int) { a.mul(x.work[h][2], x.work[h][0], z[h]) })
}

// differencePair computes d = s - t - c water in the first working register, and adds d^2 to the squares. It leaves
// water in element.
func (a *lanes) differencePair(x pairs) {
	a.broadcast(a.field(reg.RDX, waterField), x.element)
	both(func(h int) {
		d := x.work[h][0]
		a.load(a.of(h, reg.RSI, 0), d)
		a.sub(x.t[h], d, d)
		a.fnma(a.of(h, reg.R8, pointWater), x.element, d)
		a.fma(d, d, x.squares[h])
	})
}

// loadPair and storePair move sums from and to the Point.
func (a *lanes) loadPair(k int, sums []reg.VecPhysical) {
	both(func(h int) { a.load(a.of(h, reg.R8, k), sums[h]) })
}

func (a *lanes) storePair(sums []reg.VecPhysical, k int) {
	both(func(h int) { a.store(sums[h], a.of(h, reg.R8, k)) })
}

// modelPair evaluates the model on both halves at once.
func (a *lanes) modelPair() {
	a.function("tensorModel", "u, v, x, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"evaluates the model of {lanes} voxels at a point, over n measurements. With t = 2^(w.p + p6) and d = s -",
		"t - c water it writes u = d t, v = t^2 - mix u and x = t water, and adds d^2 to the squares and d water",
		"to the gradient.")
	a.holds("RDI u, R9 v, R10 x, RSI s, RDX row of the design, R8 the Point, RCX n")
	x := a.pairs()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	argument("x", reg.R10)
	a.begin(nil)
	a.loadPair(pointSquares, x.squares)
	a.loadPair(pointGradient, x.gradient)
	a.rows(func() {
		a.predictPair(x)
		a.differencePair(x)
		both(func(h int) {
			t, d, water := x.t[h], x.work[h][0], x.work[h][1]
			a.fma(d, x.element, x.gradient[h])
			a.mul(t, x.element, water)
			a.store(water, a.of(h, reg.R10, 0))
			a.mul(t, d, d)
			a.store(d, a.of(h, reg.RDI, 0))
			a.mul(a.of(h, reg.R8, pointMix), d, d)
			a.fms213(d, t, t)
			a.store(t, a.of(h, reg.R9, 0))
		})
		ADDQ(Imm(batchBytes), reg.RDI)
		ADDQ(Imm(batchBytes), reg.R9)
		ADDQ(Imm(batchBytes), reg.R10)
		a.next()
	})
	a.storePair(x.squares, pointSquares)
	a.storePair(x.gradient, pointGradient)
	a.end()
}

// weightsPair computes v = exp2(w.p + p6) and u = v s on both halves at once.
func (a *lanes) weightsPair() {
	a.function("tensorWeights", "u, v, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"writes v = 2^(w.p + p6) and u = v s for n measurements of {lanes} voxels.")
	a.holds("RDI u, R9 v, RSI s, RDX row of the design, R8 the Point, RCX n")
	x := a.pairs()
	argument("u", reg.RDI)
	argument("v", reg.R9)
	a.begin(nil)
	a.rows(func() {
		a.predictPair(x)
		both(func(h int) {
			a.store(x.t[h], a.of(h, reg.R9, 0))
			a.mul(a.of(h, reg.RSI, 0), x.t[h], x.t[h])
			a.store(x.t[h], a.of(h, reg.RDI, 0))
		})
		ADDQ(Imm(batchBytes), reg.RDI)
		ADDQ(Imm(batchBytes), reg.R9)
		a.next()
	})
	a.end()
}
