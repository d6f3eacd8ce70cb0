package main

import (
	"math"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of polynomials that interpolate at Chebyshev's points, lowest power first. Their relative errors are far
// below a rounding.
var (
	// (2^r - 1)/r for |r| <= 1/32 and for |r| <= 1/2
	exp2Narrow = []float64{0.6931471805599457, 0.24022650695910075, 0.05550410865663927, 0.009618129106919535, 0.0013333781577210431, 0.00015403723981118498}
	exp2Wide   = []float64{0.6931471805599453, 0.24022650695910097, 0.0555041086648216, 0.009618129107606888, 0.0013333558146416936, 0.00015403530441736326, 1.5252733829836267e-05, 1.3215442587752943e-06, 1.0178062445755827e-07, 7.072585983019291e-09, 4.4549606161761816e-10}
	// log2(1+r)/r for |r| <= 1/32
	log2Narrow = []float64{1.4426950408889623, -0.7213475204444807, 0.4808983470003692, -0.3606737602558851, 0.2885388168108306, -0.240449001246639, 0.2064127207183868, -0.18061897210002292}
	// log2((1+s)/(1-s))/s in powers of s^2, for s^2 <= (3 - sqrt(8))^2
	log2Odd = []float64{2.8853900817779268, 0.9617966939259898, 0.5770780163455203, 0.4121985858409005, 0.32059853491395984, 0.262334352504183, 0.2209130842311768, 0.2136589569431927}
)

// exp2 replaces z by 2^z, using four more registers.
//
// With 512 bits, k is z rounded to a sixteenth, and 2^z = 2^floor(k) T[16 (k - floor(k))] 2^(z-k). T are the 16 powers
// of 2^(1/16), in the registers table[0] and table[1]. The last factor is a polynomial. The scaling instruction makes
// subnormal, zero and infinite results by itself.
//
// With 256 bits, k is z rounded to an integer. The polynomial is longer, and the bits of 2^k come from a shift. Results
// below 2^-1022.5 become zero, and those above 2^1023.5 infinite.
func (a *lanes) exp2(z reg.VecPhysical, spare [4]reg.VecPhysical, table []reg.VecPhysical) {
	if a.isSingle() {
		a.exp2Single(z, spare)
		return
	}
	shifted, k, q := spare[0], spare[1], spare[2]
	if a.is512() {
		a.clamp(z, q, -exp2Limit, exp2Limit)
		shift := a.number(exp2Shift)
		VADDPD_BCST(shift, z, shifted)
		VSUBPD_BCST(shift, shifted, k)
		a.sub(k, z, z)
		VPERMI2PD(table[1], table[0], shifted)
		a.polynomial(q, z, exp2Narrow)
		a.mul(z, q, q)
		a.fma213(shifted, shifted, q)
		VSCALEFPD(k, q, z)
		return
	}
	a.clamp(z, q, -1023, 1024)
	shift := a.constant(3<<51 + 1023) // the sum is rounded to an integer, and its last bits are the exponent of 2^k
	a.add(shift, z, shifted)
	a.sub(shift, shifted, k)
	a.sub(k, z, z)
	VPSLLQ(Imm(52), shifted, shifted)
	a.twoChains(q, spare[3], k, z, exp2Wide)
	a.fma213(a.constant(1), z, q)
	a.mul(q, shifted, z)
}

const (
	exp2Shift = 3 << 47 // 1.5 2^48: the last bit of a sum with it counts sixteenths
	exp2Limit = 1100    // beyond it, results are 0 or infinite
)

// clamp keeps z between two limits. NaN stays.
func (a *lanes) clamp(z, spare reg.VecPhysical, low, high float64) {
	a.everywhere(low, spare)
	a.max(z, spare, z)
	a.everywhere(high, spare)
	a.min(z, spare, z)
}

// exp2Table loads the powers of 2^(1/16).
func (a *lanes) exp2Table(registers []reg.VecPhysical) {
	if !a.is512() || a.isSingle() {
		return
	}
	values := make([]float64, 16)
	for k := range values {
		values[k] = math.Exp2(float64(k) / 16)
	}
	m := a.table("powers", values)
	VMOVUPD(m, registers[0])
	VMOVUPD(m.Offset(64), registers[1])
}

// polynomial evaluates c[0] + c[1] x + ... by Horner's rule into q.
func (a *lanes) polynomial(q, x reg.VecPhysical, c []float64) {
	a.everywhere(c[len(c)-1], q)
	for k := len(c) - 2; k >= 0; k-- {
		if a.evex {
			a.fma213Number(a.number(c[k]), x, q)
		} else {
			a.fma213(a.constant(c[k]), x, q)
		}
	}
}

// twoChains evaluates the same from even and odd powers. The two chains do not wait for each other.
func (a *lanes) twoChains(q, odd, square, x reg.VecPhysical, c []float64) {
	a.mul(x, x, square)
	var halves [2][]float64
	for k, v := range c {
		halves[k%2] = append(halves[k%2], v)
	}
	a.polynomial(q, square, halves[0])
	a.polynomial(odd, square, halves[1])
	a.fma(x, odd, q)
}

// log2 replaces x by its binary logarithm, using five more registers. Zero gives -Inf, a negative number NaN.
//
// With 512 bits, x = 2^e m, 1 <= m < 2. c is the middle of the sixteenth of [1, 2) in which m is. log2(x) = e + log2(c)
// + log2(1+r), where r = m/c - 1. 1/c and log2(c) come from tables in four registers.
//
// With 256 bits, x = 2^e m, sqrt(1/2) <= m < sqrt(2). With s = (m-1)/(m+1), log2(m) is an odd polynomial in s.
func (a *lanes) log2(x reg.VecPhysical, spare [5]reg.VecPhysical, table []reg.VecPhysical) {
	if a.isSingle() {
		a.log2Single(x, spare, table)
		return
	}
	if a.is512() {
		inverse, log, q := spare[0], spare[1], spare[2]
		VGETEXPPD(x, q)
		VGETMANTPD(Imm(0b1000), x, x) // to [1, 2), and a negative number to NaN
		VPSRLQ(Imm(48), x, inverse)
		VMOVAPD(inverse, log)
		VPERMI2PD(table[1], table[0], inverse)
		VPERMI2PD(table[3], table[2], log)
		a.add(q, log, log)
		a.fms213Number(a.number(1), inverse, x)
		a.polynomial(q, x, log2Narrow)
		a.fma213(log, q, x)
		return
	}
	// Numbers that are not positive and normal are rare. Where there is one, all lanes take the careful way.
	exponent, m, square, q, special := spare[0], spare[1], spare[2], spare[3], spare[4]
	ordinary := a.label("ordinary")
	a.logOf(x, m, exponent, square, q)
	VMOVUPD(a.constant(0x1p-1022), special)
	VPCMPGTQ(x, special, special) // compared as integers: smaller numbers, and all negative ones
	VPCMPGTQ(a.pattern(math.Float64bits(math.MaxFloat64)), x, q)
	VPOR(q, special, special)
	VMOVMSKPD(special, reg.R11L)
	TESTL(reg.R11L, reg.R11L)
	JZ(LabelRef(ordinary))
	// Subnormal numbers are made normal first.
	a.compare(Imm(lessThan), a.constant(0x1p-1022), x, special)
	a.mul(a.constant(0x1p54), x, m)
	a.blend(special, m, x, m)
	a.logOf(m, m, exponent, square, q)
	VANDPD(a.constant(54), special, square)
	a.sub(square, m, m)
	VXORPD(square, square, square)
	a.compare(Imm(equal), square, x, special)
	a.blend(special, a.constant(math.Inf(-1)), m, m)
	a.compare(Imm(lessThan), square, x, special)
	a.blend(special, a.pattern(0x7ff8<<48), m, m)
	a.compare(Imm(notLessThan), a.constant(math.Inf(1)), x, special) // infinite or NaN
	a.blend(special, x, m, m)
	Label(ordinary)
	VMOVAPD(m, x)
}

// logOf writes the logarithm of positive normal numbers x to m, which may be x. It is for 256 bits.
func (a *lanes) logOf(x, m, exponent, square, q reg.VecPhysical) {
	// The bits above those of sqrt(1/2) hold the exponent.
	VMOVUPD(a.pattern(math.Float64bits(math.Sqrt2/2)), q)
	VPSUBQ(q, x, exponent)
	VPAND(a.pattern(0xfff<<52), exponent, q)
	VPSUBQ(q, x, m)
	// Adding an integer i in -2^51 .. 2^51 to the bits of 1.5 2^52 gives a float64, from which i follows by a
	// subtraction. The shift must keep the sign of the 12 bits: 2048 is added to them before, and subtracted after.
	VPSRLQ(Imm(52), exponent, exponent)
	VPXOR(a.pattern(0x800), exponent, exponent)
	VPADDQ(a.pattern(math.Float64bits(3<<51)), exponent, exponent)
	a.sub(a.constant(3<<51+0x800), exponent, exponent)
	a.add(a.constant(1), m, square)
	a.sub(a.constant(1), m, m)
	a.div(square, m, m)
	a.mul(m, m, square)
	a.polynomial(q, square, log2Odd)
	a.fma213(exponent, q, m)
}

// Predicates of VCMPPD.
const (
	equal       = 0
	lessThan    = 1
	lessOrEqual = 2
	notLessThan = 5
)

// log2Table loads 1/c and log2(c) for the middles c of the sixteenths of [1, 2).
func (a *lanes) log2Table(registers []reg.VecPhysical) {
	if !a.is512() {
		return
	}
	inverses, logs := make([]float64, 16), make([]float64, 16)
	for k := range inverses {
		inverses[k] = 1 / (1 + (float64(k)+0.5)/16)
		logs[k] = -log2Near(inverses[k])
	}
	if a.isSingle() {
		for k := range inverses {
			inverses[k] = float64(float32(inverses[k]))
			logs[k] = -log2Near(inverses[k])
		}
	}
	m := a.table("inverses", append(inverses, logs...))
	for k := range len(inverses) * 2 * a.size / batchBytes {
		VMOVUPD(m.Offset(64*k), registers[k])
	}
}

// log2Near is the logarithm of a number from 1/2 to 1, correctly rounded. math.Log2 need not be.
func log2Near(x float64) float64 {
	s := new(big.Float).SetPrec(200)
	one := big.NewFloat(1).SetPrec(200)
	v := new(big.Float).SetPrec(200).SetFloat64(x)
	s.Quo(new(big.Float).SetPrec(200).Sub(v, one), new(big.Float).SetPrec(200).Add(v, one))
	sum := atanhTwice(s)
	two := atanhTwice(new(big.Float).SetPrec(200).Quo(one, big.NewFloat(3).SetPrec(200))) // ln 2
	result, _ := sum.Quo(sum, two).Float64()
	return result
}

// atanhTwice is 2 atanh(s) = log((1+s)/(1-s)) by its series.
func atanhTwice(s *big.Float) *big.Float {
	square := new(big.Float).SetPrec(200).Mul(s, s)
	power := new(big.Float).SetPrec(200).Set(s)
	sum := new(big.Float).SetPrec(200)
	for k := 1; k < 200; k += 2 {
		sum.Add(sum, new(big.Float).SetPrec(200).Quo(power, big.NewFloat(float64(k)).SetPrec(200)))
		power.Mul(power, square)
	}
	return sum.Mul(sum, big.NewFloat(2).SetPrec(200))
}
