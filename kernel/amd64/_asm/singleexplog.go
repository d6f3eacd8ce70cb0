package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients for single precision, made like those for double precision.
var (
	// (2^r - 1)/r for 0 <= r <= 1 and for |r| <= 1/2
	exp2Floor   = []float64{0.6931471708649757, 0.24022720418111218, 0.05549602356397317, 0.009652195056053893, 0.0012692166069498963, 0.00020817915039591148}
	exp2Nearest = []float64{0.6931471880262287, 0.24022650760568132, 0.055503571142201544, 0.00961808255728395, 0.0013390863364174759, 0.00015453162941980736}
	// log2(1+r)/r for |r| <= 1/32
	log2NarrowSingle = []float64{1.442695006468424, -0.7213474917597011, 0.4811802954329778, -0.36090872445493005}
	// log2((1+s)/(1-s))/s in powers of s^2, for s^2 <= (3 - sqrt(8))^2
	log2OddSingle = []float64{2.885390079803336, 0.9617988388019802, 0.5767151860316867, 0.43171769718508124}
)

// reduceFloor makes VREDUCE subtract the next lower integer, without an exception.
const reduceFloor = 0b1001

// exp2Single is exp2 for float32.
//
// With 512 bits, k is the next lower integer, and 2^z = 2^k 2^(z-k). The scaling instruction takes k from z by itself,
// and makes subnormal, zero and infinite results.
//
// With 256 bits, k is z rounded to an integer, and the bits of 2^k come from a shift. Results below 2^-126.5 become
// zero, and those above 2^127.5 infinite.
func (a *lanes) exp2Single(z reg.VecPhysical, spare [4]reg.VecPhysical) {
	shifted, k, q := spare[0], spare[1], spare[2]
	if a.evex {
		VREDUCEPS(Imm(reduceFloor), z, k)
		a.polynomial(q, k, exp2Floor)
		VFMADD213PS_BCST(a.number(1), k, q)
		VSCALEFPS(z, q, z)
		return
	}
	a.clamp(z, q, -127, 128)
	shift := a.constant(3<<22 + 127) // the sum is rounded to an integer, and its last bits are the exponent of 2^k
	VADDPS(shift, z, shifted)
	VSUBPS(shift, shifted, k)
	VSUBPS(k, z, z)
	VPSLLD(Imm(23), shifted, shifted)
	a.twoChains(q, spare[3], k, z, exp2Nearest)
	VFMADD213PS(a.constant(1), z, q)
	VMULPS(q, shifted, z)
}

// log2Single is log2 for float32. Each table takes one register.
func (a *lanes) log2Single(x reg.VecPhysical, spare [5]reg.VecPhysical, table []reg.VecPhysical) {
	if a.is512() {
		inverse, log, q := spare[0], spare[1], spare[2]
		VGETEXPPS(x, q)
		VGETMANTPS(Imm(0b1000), x, x) // to [1, 2), and a negative number to NaN
		VPSRLD(Imm(19), x, log)
		VPERMPS(table[0], log, inverse)
		VPERMPS(table[1], log, log)
		VADDPS(q, log, log)
		VFMSUB213PS_BCST(a.number(1), inverse, x)
		a.polynomial(q, x, log2NarrowSingle)
		VFMADD213PS(log, q, x)
		return
	}
	// Numbers that are not positive and normal are rare. Where there is one, all lanes take the careful way.
	exponent, m, square, q, special := spare[0], spare[1], spare[2], spare[3], spare[4]
	ordinary := a.label("ordinary")
	a.logOfSingle(x, m, exponent, square, q)
	VMOVUPS(a.constant(0x1p-126), special)
	VPCMPGTD(x, special, special) // compared as integers: smaller numbers, and all negative ones
	VPCMPGTD(a.pattern32(math.Float32bits(math.MaxFloat32)), x, q)
	VPOR(q, special, special)
	VMOVMSKPS(special, reg.R11L)
	TESTL(reg.R11L, reg.R11L)
	JZ(LabelRef(ordinary))
	// Subnormal numbers are made normal first.
	VCMPPS(Imm(lessThan), a.constant(0x1p-126), x, special)
	VMULPS(a.constant(0x1p24), x, m)
	VBLENDVPS(special, m, x, m)
	a.logOfSingle(m, m, exponent, square, q)
	VANDPS(a.constant(24), special, square)
	VSUBPS(square, m, m)
	VXORPS(square, square, square)
	VCMPPS(Imm(equal), square, x, special)
	VBLENDVPS(special, a.constant(math.Inf(-1)), m, m)
	VCMPPS(Imm(lessThan), square, x, special)
	VBLENDVPS(special, a.pattern32(0x7fc00000), m, m)
	VCMPPS(Imm(notLessThan), a.constant(math.Inf(1)), x, special) // infinite or NaN
	VBLENDVPS(special, x, m, m)
	Label(ordinary)
	VMOVAPS(m, x)
}

// logOfSingle writes the logarithm of positive normal numbers x to m, which may be x. It is for 256 bits.
func (a *lanes) logOfSingle(x, m, exponent, square, q reg.VecPhysical) {
	// The bits above those of sqrt(1/2) hold the exponent.
	VMOVUPS(a.pattern32(math.Float32bits(math.Sqrt2/2)), q)
	VPSUBD(q, x, exponent)
	VPAND(a.pattern32(0x1ff<<23), exponent, q)
	VPSUBD(q, x, m)
	VPSRAD(Imm(23), exponent, exponent)
	VCVTDQ2PS(exponent, exponent)
	VADDPS(a.constant(1), m, square)
	VSUBPS(a.constant(1), m, m)
	VDIVPS(square, m, m)
	VMULPS(m, m, square)
	a.polynomial(q, square, log2OddSingle)
	VFMADD213PS(exponent, q, m)
}
