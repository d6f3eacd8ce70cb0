package phantom

import "math"

// The phantom promises the same bytes on every platform, and the standard library's elementary functions do not: on
// amd64 math.Exp runs one of two assembly routines depending on whether the CPU has FMA (src/math/exp_amd64.s of
// Go). arm64, loong64 and s390x have routines of their own. math.Log is assembly on amd64 and s390x only. In the
// portable Go versions of all of them, the compiler may fuse products and sums on arm64, ppc64, riscv64 and s390x.
// So the three functions needed here are written out. They use only +, -, *, / and the square root, which IEEE 754
// rounds in one way. Every product that is added to something is rounded first by float64(x*y), which by the Go
// specification prevents fusing.

// exp2Table holds 2^(j/32), rounded to nearest, for j = 0 to 31.
var exp2Table = [32]float64{
	0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
	0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
	0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
	0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
	0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
	0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
	0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
	0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
}

// ln2Hi and ln2Lo add to ln 2. ln2Hi has 33 significant bits, so that a whole number of up to 20
// bits times it is exact: Cody and Waite's argument reduction.
const (
	ln2Hi = 0x1.62e42feep-1
	ln2Lo = math.Ln2 - ln2Hi
)

// decay returns e^x for x <= 0, to within 1 ULP; below -708, where the result would be denormal, it returns 0. It
// reduces x to k ln2/32 + r and takes a Taylor sum in r.
func decay(x float64) float64 {
	if !(x > -708) {
		return 0
	}
	// Adding 1.5 x 2^52 rounds to a whole number and leaves it in the low bits.
	const round = 0x1.8p52
	t := float64(x*(32/math.Ln2)) + round
	k := t - round
	n := int32(math.Float64bits(t))
	r := x - float64(k*(ln2Hi/32))
	r -= float64(k * (ln2Lo / 32))
	r2 := float64(r * r)
	low := 1.0/2 + float64(r*(1.0/6))
	high := 1.0/24 + float64(r*(1.0/120)) + float64(r2*(1.0/720))
	p := r + float64(r2*(low+float64(r2*high)))
	scale := exp2Table[n&31]
	y := scale + float64(scale*p)
	return math.Float64frombits(math.Float64bits(y) + uint64(n>>5)<<52)
}

// logUnit returns ln u for 0 < u <= 1, to within 2 ULP. It writes u as m 2^k with m between the
// square roots of 1/2 and 2 and sums ln m = 2 atanh((m-1)/(m+1)).
func logUnit(u float64) float64 {
	const sqrtHalf = 0x3fe6a09e667f3bcd // the bits of sqrt(1/2)
	bits := math.Float64bits(u)
	k := int64(bits-sqrtHalf) >> 52
	f := math.Float64frombits(bits-uint64(k)<<52) - 1
	s := f / (2 + f)
	z := float64(s * s)
	z2 := float64(z * z)
	odd := 1.0/3 + float64(z2*(1.0/7+float64(z2*(1.0/11+float64(z2*(1.0/15+float64(z2*(1.0/19))))))))
	even := 1.0/5 + float64(z2*(1.0/9+float64(z2*(1.0/13+float64(z2*(1.0/17))))))
	tail := float64(z * (odd + float64(z*even)))
	e := float64(k)
	return float64(e*ln2Hi) + (float64(2*s) + (float64(float64(2*s)*tail) + float64(e*ln2Lo)))
}

// cosTurn returns the cosine of x turns (2 pi x) for -1/2 <= x <= 1/2, to within 4e-16, and never
// outside [-1, 1]. It is the sine of a quarter turn less |x|, by its Taylor sum.
func cosTurn(x float64) float64 {
	const (
		c1  = 2 * math.Pi
		q   = c1 * c1
		c3  = -c1 * q / (2 * 3)
		c5  = -c3 * q / (4 * 5)
		c7  = -c5 * q / (6 * 7)
		c9  = -c7 * q / (8 * 9)
		c11 = -c9 * q / (10 * 11)
		c13 = -c11 * q / (12 * 13)
		c15 = -c13 * q / (14 * 15)
		c17 = -c15 * q / (16 * 17)
		c19 = -c17 * q / (18 * 19)
		c21 = -c19 * q / (20 * 21)
	)
	s := 0.25 - math.Abs(x)
	z := float64(s * s)
	z2 := float64(z * z)
	// Two chains, in odd and even powers of z, so that they can run side by side.
	a := c17 + float64(z2*c21)
	b := c15 + float64(z2*c19)
	a = c13 + float64(z2*a)
	b = c11 + float64(z2*b)
	a = c9 + float64(z2*a)
	b = c7 + float64(z2*b)
	a = c5 + float64(z2*a)
	b = c3 + float64(z2*b)
	a = float64(z * float64(z*a))
	y := float64(s * (c1 + (float64(z*b) + a)))
	return max(-1, min(1, y))
}
