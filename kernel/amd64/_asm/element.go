package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// element is a type of numbers: its size, and its instructions, named by what they do.
type element struct {
	size     int    // bytes of a number
	infix    string // in names of functions, before the name of the set
	goType   string
	one      Constant // the bits of 1.0
	infinity Constant // the bits of +Inf
	judgment string   // what BackSolve writes behind f

	move, broadcast                    func(...Op)
	moveMasked                         func(...Op) // moves the lanes of which a mask register has the bit set
	add, sub, mul, div, sqrt, min, max func(...Op)
	fma, fnma                          func(...Op) // third += second * first; third -= second * first
	fma213, fms213, fnma213            func(...Op) // third = second * third + first; the same - first; first less the product
	compare                            func(...Op)
	blend                              func(mask, x, y, into Op) // x where the mask has its sign bit set, y elsewhere
	signs                              func(vector, mask Op)

	// These have one number in memory as their first operand, which counts for all lanes.
	addNumber, mulNumber, fmaNumber, fnmaNumber, fma213Number, fms213Number func(...Op)

	// Sums are the moments of a voxel while rows are added up. They have the size of a number, and are integers in
	// single precision.
	sumType        string
	addSum, subSum func(...Op)
	moveSum        func(...Op) // loads sums and converts them to numbers
}

var (
	double = element{
		size: 8, goType: "float64",
		one: U64(math.Float64bits(1)), infinity: U64(math.Float64bits(math.Inf(1))),
		judgment: "0 in a lane where f is finite, else NaN.",
		move:     VMOVUPD, broadcast: VBROADCASTSD,
		add: VADDPD, sub: VSUBPD, mul: VMULPD, div: VDIVPD, sqrt: VSQRTPD, min: VMINPD, max: VMAXPD,
		moveMasked: VMOVAPD,
		fma:        VFMADD231PD, fnma: VFNMADD231PD, fma213: VFMADD213PD, fms213: VFMSUB213PD, fnma213: VFNMADD213PD,
		compare: VCMPPD, blend: VBLENDVPD, signs: VMOVMSKPD,
		addNumber: VADDPD_BCST, mulNumber: VMULPD_BCST, fmaNumber: VFMADD231PD_BCST, fnmaNumber: VFNMADD231PD_BCST,
		fma213Number: VFMADD213PD_BCST, fms213Number: VFMSUB213PD_BCST,
		sumType: "float64", addSum: VADDPD, subSum: VSUBPD, moveSum: VMOVUPD,
	}
	single = element{
		size: 4, infix: "Single", goType: "float32",
		one: U64(math.Float32bits(1)), infinity: U64(math.Float32bits(float32(math.Inf(1)))),
		judgment: "the sum of the squares of f, which is finite only where f is.",
		move:     VMOVUPS, broadcast: VBROADCASTSS,
		add: VADDPS, sub: VSUBPS, mul: VMULPS, div: VDIVPS, sqrt: VSQRTPS, min: VMINPS, max: VMAXPS,
		moveMasked: VMOVAPS,
		fma:        VFMADD231PS, fnma: VFNMADD231PS, fma213: VFMADD213PS, fms213: VFMSUB213PS, fnma213: VFNMADD213PS,
		compare: VCMPPS, blend: VBLENDVPS, signs: VMOVMSKPS,
		addNumber: VADDPS_BCST, mulNumber: VMULPS_BCST, fmaNumber: VFMADD231PS_BCST, fnmaNumber: VFNMADD231PS_BCST,
		fma213Number: VFMADD213PS_BCST, fms213Number: VFMSUB213PS_BCST,
		sumType: "int32", addSum: VPADDD, subSum: VPSUBD, moveSum: VCVTDQ2PS,
	}
)

// isSingle tells the types apart where more than these instructions differs.
func (e element) isSingle() bool { return e.size == single.size }
