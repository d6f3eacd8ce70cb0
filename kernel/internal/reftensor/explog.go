package reftensor

import "math"

// The tensor models spend half of their time in exp and log. These two work on whole slices and need no call for each
// value. They use neither fused multiply-adds nor assembly, and so give the same bits on every machine. Their error is
// within 1 unit in the last place for the arguments that signals lead to. A test measures it.

// ln2High and ln2Low add up to ln 2. n*ln2High is exact for every n that occurs, so that the reduced argument
// of exp and the sum of log lose nothing.
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
	// Adding and subtracting roundShift rounds a float64 to the nearest integer. The sum also has this integer in its
	// low bits.
	roundShift = 3 << 51
	// Between these limits 2^n is a normal number.
	expLowest  = -708
	expHighest = 709
)

// expInto writes exp(x[i]) to dst[i]; dst may be x. It reduces the argument to |r| <= ln2/2, where the Taylor series up
// to r^13 has an error of at most 4e-18.
func expInto(dst, x []float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		if !(v > expLowest && v < expHighest) {
			dst[i] = expFar(v)
			continue
		}
		shifted := float64(v*math.Log2E) + roundShift
		n := shifted - roundShift
		r := v - float64(n*ln2High) - float64(n*ln2Low)
		// q = 1/2! + r/3! + ... + r^11/13!, in pairs, because in a chain each step would wait for the one before.
		r2 := r * r
		r4 := r2 * r2
		q0 := 1.0/2 + float64(r*(1.0/6)) + float64(r2*(1.0/24+float64(r*(1.0/120))))
		q4 := 1.0/720 + float64(r*(1.0/5040)) + float64(r2*(1.0/40320+float64(r*(1.0/362880))))
		q8 := 1.0/3628800 + float64(r*(1.0/39916800)) + float64(r2*(1.0/479001600+float64(r*(1.0/6227020800))))
		q := q0 + float64(r4*(q4+float64(r4*q8)))
		scale := math.Float64frombits((math.Float64bits(shifted) + 1023) << 52)
		dst[i] = scale * (1 + (r + float64(r2*q)))
	}
}

// expFar is exp beyond the limits of expInto.
func expFar(v float64) float64 {
	switch {
	case v != v:
		return v
	case v > 710:
		return math.Inf(1)
	case v < -746:
		return 0
	}
	half := [1]float64{v / 2}
	expInto(half[:], half[:])
	return half[0] * half[0]
}

// logInto writes log(x[i]) to dst[i]; dst may be x. With x = 2^k (1+f) and s = f/(2+f),
// log(1+f) = 2 atanh(s), a series in s^2 <= 0.0295.
func logInto(dst, x []float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		if !(v >= 0x1p-1022 && v <= math.MaxFloat64) {
			dst[i] = logFar(v)
			continue
		}
		bits := math.Float64bits(v)
		const sqrtHalf = 0x3fe6a09e667f3bcd // the bits of sqrt(1/2), which keep the mantissa within a factor sqrt(2) of 1
		exponent := int64(bits-sqrtHalf) >> 52
		f := math.Float64frombits(bits-uint64(exponent)<<52) - 1
		k := float64(exponent)
		s := f / (2 + f)
		z := s * s
		// q = 2/3 + 2/5 z + ... + 2/21 z^9
		z2 := z * z
		z4 := z2 * z2
		q0 := 2.0/3 + float64(z*(2.0/5)) + float64(z2*(2.0/7+float64(z*(2.0/9))))
		q4 := 2.0/11 + float64(z*(2.0/13)) + float64(z2*(2.0/15+float64(z*(2.0/17))))
		q8 := 2.0/19 + float64(z*(2.0/21))
		q := q0 + float64(z4*(q4+float64(z4*q8)))
		// log(1+f) = f - f^2/2 + s (f^2/2 + z q): the small terms are added first.
		square := float64(float64(0.5*f) * f)
		small := float64(s*(square+float64(z*q))) + float64(k*ln2Low)
		dst[i] = float64(k*ln2High) + (f - (square - small))
	}
}

// logFar is log beyond the limits of logInto.
func logFar(v float64) float64 {
	switch {
	case v != v || v < 0:
		return math.NaN()
	case v == 0:
		return math.Inf(-1)
	case v > math.MaxFloat64:
		return v
	}
	normal := [1]float64{v * 0x1p54}
	logInto(normal[:], normal[:])
	return normal[0] - 54*math.Ln2
}

// exp1 is expInto of one value.
func exp1(x float64) float64 {
	v := [1]float64{x}
	expInto(v[:], v[:])
	return v[0]
}

// log1 is logInto of one value.
func log1(x float64) float64 {
	v := [1]float64{x}
	logInto(v[:], v[:])
	return v[0]
}
