package main

import (
	"fmt"
	"math"
)

// Coefficients of polynomials that interpolate at Chebyshev's points, as on amd64, lowest power first. Their relative
// errors are far below a rounding.
var (
	// (2^r - 1)/r for |r| <= 1/2
	exp2Wide = []float64{0.6931471805599453, 0.24022650695910097, 0.0555041086648216, 0.009618129107606888, 0.0013333558146416936, 0.00015403530441736326, 1.5252733829836267e-05, 1.3215442587752943e-06, 1.0178062445755827e-07, 7.072585983019291e-09, 4.4549606161761816e-10}
	// log2((1+s)/(1-s))/s in powers of s^2, for s^2 <= (3 - sqrt(8))^2
	log2Odd = []float64{2.8853900817779268, 0.9617966939259898, 0.5770780163455203, 0.4121985858409005, 0.32059853491395984, 0.262334352504183, 0.2209130842311768, 0.2136589569431927}
	// The same in single precision
	exp2Single = []float64{0.6931471880262287, 0.24022650760568132, 0.055503571142201544, 0.00961808255728395, 0.0013390863364174759, 0.00015453162941980736}
	log2Single = []float64{2.885390079803336, 0.9617988388019802, 0.5767151860316867, 0.43171769718508124}
	// 2^r for |r| <= 1/2 with a relative error of 1.1e-12, for weights
	weightWide = []float64{1, 0.6931471805459335, 0.2402265069581299, 0.05550410941205933, 0.009618129159402558, 0.0013333450568000645, 0.00015403455852453838, 1.5310079402249296e-05, 1.3255224878668817e-06}
)

// exp2s computes y = 2^x.
func (a *lanes) exp2s() {
	a.elementwise("tensorExp2", "writes y = 2^x for n numbers of {lanes} voxels.", func(x pair) pair {
		a.exp2(x, [5]pair(pairs(1, 5)))
		return x
	})
}

// log2s computes y = log2(x).
func (a *lanes) log2s() {
	a.elementwise("tensorLog2", "writes y = log2(x) for n numbers of {lanes} voxels.", func(x pair) pair {
		return a.log2(x, [6]pair(pairs(1, 6)))
	})
}

func (a *lanes) elementwise(name, doc string, body func(x pair) pair) {
	a.function(name, "y, x *ops.Lanes, n int", doc)
	a.holds("#0 x   #1-#6 work   V16-V20 constants")
	a.logConstants()
	a.halves(func() {
		y, x := a.array("y"), a.array("x")
		a.repeat("row", a.load("n"), func() {
			a.next(pairOf(0), x)
			a.put(body(pairOf(0)), y)
		})
	})
	a.end()
}

// exp2 replaces z by 2^z. k is z rounded to an integer, a polynomial gives 2^(z-k), and a shift gives the bits of 2^k.
// Results below 2^-1022.5 (2^-126.5 in single precision) become zero, and those above 2^1023.5 (2^127.5) infinite. NaN
// stays.
func (a *lanes) exp2(z pair, work [5]pair) {
	coefficients := exp2Wide
	if a.format.isSingle() {
		coefficients = exp2Single
	}
	power := a.reduce(z, work)
	q, even := a.twoChains(z, work, coefficients)
	a.fill(even, 1)
	a.fma(even, q, z)
	a.fmul(z, even, power)
}

// weightPower replaces z by 2^z, to about twelve digits.
func (a *lanes) weightPower(z pair, work [5]pair) {
	power := a.reduce(z, work)
	q, _ := a.twoChains(z, work, weightWide)
	a.fmul(z, q, power)
}

// reduce subtracts the nearest integer k from z, and writes 2^k to the first of the working registers.
func (a *lanes) reduce(z pair, work [5]pair) (power pair) {
	shifted, k, bias, low, high := work[0], work[1], work[2][0], work[4][0], work[4][1]
	a.fill(low, -float64(a.format.bias))
	a.fill(high, float64(a.format.bias+1))
	a.fill(bias, a.format.rounder())
	a.fmax(z, z, low)
	a.fmin(z, z, high)
	a.fadd(shifted, z, bias)
	a.fsub(k, shifted, bias)
	a.fsub(z, z, k)
	each(shifted, func(i int) {
		lanes := a.format.assembler
		a.ins("VSHL $%d, %v.%s, %v.%s", a.format.fraction, shifted[i], lanes, shifted[i], lanes)
	})
	return shifted
}

// twoChains evaluates c[0] + c[1] x + ... from even and odd powers. The two chains do not wait for each other. It uses
// all but the first of the working registers, and returns the value and a register that is free again.
func (a *lanes) twoChains(x pair, work [5]pair, c []float64) (value, free pair) {
	var chains [2][]float64
	for k, v := range c {
		chains[k%2] = append(chains[k%2], v)
	}
	square := work[1]
	a.fmul(square, x, x)
	even, other := a.polynomial(work[2], work[3], square, chains[0])
	odd, free := a.polynomial(other, work[4], square, chains[1])
	a.fma(even, odd, x)
	return even, free
}

// polynomial evaluates c[0] + c[1] x + ... by Horner's rule. A multiply-add adds to the register that holds the next
// coefficient, so that q and other take turns. It returns the one with the value, and the other one, which is free.
func (a *lanes) polynomial(q, other, x pair, c []float64) (value, free pair) {
	a.fill(q, c[len(c)-1])
	for k := len(c) - 2; k >= 0; k-- {
		a.fill(other, c[k])
		a.fma(other, q, x)
		q, other = other, q
	}
	return q, other
}

// These registers hold the constants of logarithms.
const (
	logRoot    = vec(16) // the bits of sqrt(1/2)
	logMask    = vec(17) // exponent and sign
	logOne     = vec(18)
	logLeast   = vec(19) // of normal numbers
	logLargest = vec(20)
)

func (a *lanes) logConstants() {
	a.logOfConstants()
	a.fill(logLeast, a.format.least())
	a.fill(logLargest, a.format.largest())
}

// logOfConstants loads those that positive normal numbers need.
func (a *lanes) logOfConstants() {
	a.fill(logRoot, math.Sqrt2/2)
	a.fillPattern(logMask, a.format.pattern(a.format.signAndExponent()))
	a.fill(logOne, 1)
}

// log2 leaves the binary logarithm of x in a working register. x = 2^e m with sqrt(1/2) <= m < sqrt(2). With s =
// (m-1)/(m+1), log2(m) is an odd polynomial in s. Zero gives -Inf, a negative number NaN.
//
// Numbers that are not positive and normal are rare. Where there is one, all lanes take the careful way.
func (a *lanes) log2(x pair, work [6]pair) pair {
	result, m, special := work[0], work[1], work[4]
	ordinary, above := a.label("ordinary"), "cmgt"+a.format.vectors
	a.logOf(x, result, work[:])
	a.comment("Compared as integers: what is below the least normal number, all negative numbers, what is above the largest.")
	a.three(above, special, logLeast, x)
	a.three(above, m, x, logLargest)
	a.or(special, special, m)
	a.or(special[0], special[0], special[1])
	a.unlessAny(special[0], ordinary)
	a.comment("Subnormal numbers are made normal first.")
	scaled := work[5]
	normalize := a.format.fraction + 2
	a.fill(special[0], math.Ldexp(1, normalize))
	a.fmul(m, x, special[0])
	a.fcmgt(special, logLeast, x)
	a.copy(scaled, x)
	a.insert(scaled, m, special)
	a.logOf(scaled, result, work[:])
	a.fcmgt(special, logLeast, x)
	a.fill(m, float64(normalize))
	a.and(special, special, m)
	a.fsub(result, result, special)
	a.comment("Zero, negative numbers, and what is infinite or NaN.")
	a.zero(m)
	a.three("fcmeq"+a.format.vectors, special, x, m)
	a.fill(work[3], math.Inf(-1))
	a.insert(result, work[3], special)
	a.fcmgt(special, m, x)
	a.fillPattern(work[3], a.format.pattern(a.format.nan()))
	a.insert(result, work[3], special)
	a.fill(m, math.Inf(1))
	a.fcmgt(special, m, x)
	a.choose(special, result, x)
	a.copy(result, special)
	a.at(ordinary)
	return result
}

// unlessAny jumps where all bits of a register are zero. It destroys the register.
func (a *lanes) unlessAny(r vec, label string) {
	a.scratch(func() {
		any := a.reg()
		a.encoded("umaxv4s", r, r, 0, 0)
		a.ins("VMOV %v.S[0], %v", r, any)
		a.ins("CBZ %v, %s", any, label)
	})
}

// logOf writes the logarithm of positive normal numbers x to the result. It uses work[1] to work[4]:
//
//	1 m, then s   2 s^2   3 and 4 the polynomial
func (a *lanes) logOf(x, result pair, work []pair) {
	m, square, coefficients := work[1], work[2], log2Odd
	if a.format.isSingle() {
		coefficients = log2Single
	}
	a.comment("The bits above those of sqrt(1/2) hold the exponent.")
	a.known("VSUB", result, x, logRoot)
	a.and(m, result, logMask)
	a.known("VSUB", m, x, m)
	a.two(fmt.Sprintf("sshr%d", a.format.fraction), result, result)
	a.two("scvtf"+a.format.vectors, result, result)
	a.fadd(square, m, logOne)
	a.fsub(m, m, logOne)
	a.fdiv(m, m, square)
	a.fmul(square, m, m)
	q, _ := a.polynomial(work[3], work[4], square, coefficients)
	a.fma(result, q, m)
}

// logarithms computes y = log2(x) for each measurement. x = s - c w, replaced by the floor where x <= cut. With
// weights, y is multiplied by s^2, and s^2 is written to v.
func (a *lanes) logarithms(name string, weighted bool) {
	signature, doc := "y, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes y = log2(x)"
	if weighted {
		signature, doc = "y, v, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes v = s^2 and y = v log2(x)"
	}
	a.function(name, signature, doc,
		"for n measurements of {lanes} voxels. x = s - c water is what water leaves of the signal, or the floor where",
		"x <= cut.")
	a.holds(
		"V0-V1 x   V2-V13 work   V14-V15 s   V16-V20 constants   V22-V23 c   V24-V25 cut   V26-V27 floor   V28 water")
	x, s, c, cut, floor, water := pairOf(0), pairOf(7), pairOf(11), pairOf(12), pairOf(13), vec(28)
	a.logConstants()
	a.halves(func() {
		y, signal, design, rest := a.array("y"), a.array("s"), a.load("design"), a.array("rest")
		var v gp
		if weighted {
			v = a.array("v")
		}
		for k, d := range []pair{c, cut, floor} {
			a.number(d, rest, k)
		}
		row, move := a.format.bytes*designFields, "FMOVD"
		if a.format.isSingle() {
			move = "FMOVS"
		}
		a.advance(a.format.bytes*waterField, design)
		a.repeat("row", a.load("n"), func() {
			a.next(s, signal)
			a.ins("%s.P %d(%v), %s", move, row, design, water.scalar())
			a.copy(x, s)
			a.fmsElement(x, c, water, 0)
			a.three("fcmge"+a.format.vectors, pairOf(1), cut, x)
			a.insert(x, floor, pairOf(1))
			log := a.log2(x, [6]pair(pairs(1, 6)))
			if weighted {
				a.fmul(s, s, s)
				a.fmul(log, log, s)
				a.put(s, v)
			}
			a.put(log, y)
		})
	})
	a.end()
}
