package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// element is a type of numbers: its size, and its instructions by what they do.
type element struct {
	size     int // bytes of a number
	goType   string
	one      Constant  // the bits of 1.0
	infinity Constant  // the bits of +Inf
	judgment [2]string // what BackSolve says of f

	move, broadcast                    func(...Op)
	add, sub, mul, div, sqrt, min, max func(...Op)
	fma, fnma                          func(...Op) // third += second * first; third -= second * first
	addNumber, fmaNumber               func(...Op) // the first operand is one number in memory
	compare                            func(...Op)
	signs                              func(vector, mask Op)

	// The moments of a voxel while rows are added, as long as a number: integers for single precision.
	sumType        string
	addSum, subSum func(...Op)
	moveSum        func(...Op) // loads sums as numbers
}

var (
	double = element{
		size: 8, goType: "float64",
		one: U64(math.Float64bits(1)), infinity: U64(math.Float64bits(math.Inf(1))),
		judgment: [2]string{"0 in the lanes", "where all of f is finite, else NaN."},
		move:     VMOVUPD, broadcast: VBROADCASTSD,
		add: VADDPD, sub: VSUBPD, mul: VMULPD, div: VDIVPD, sqrt: VSQRTPD, min: VMINPD, max: VMAXPD,
		fma: VFMADD231PD, fnma: VFNMADD231PD,
		addNumber: VADDPD_BCST, fmaNumber: VFMADD231PD_BCST,
		compare: VCMPPD, signs: VMOVMSKPD,
		sumType: "float64", addSum: VADDPD, subSum: VSUBPD, moveSum: VMOVUPD,
	}
	single = element{
		size: 4, goType: "float32",
		one: U64(math.Float32bits(1)), infinity: U64(math.Float32bits(float32(math.Inf(1)))),
		judgment: [2]string{"the sum of", "the squares of f, which is finite only where f is."},
		move:     VMOVUPS, broadcast: VBROADCASTSS,
		add: VADDPS, sub: VSUBPS, mul: VMULPS, div: VDIVPS, sqrt: VSQRTPS, min: VMINPS, max: VMAXPS,
		fma: VFMADD231PS, fnma: VFNMADD231PS,
		addNumber: VADDPS_BCST, fmaNumber: VFMADD231PS_BCST,
		compare: VCMPPS, signs: VMOVMSKPS,
		sumType: "int32", addSum: VPADDD, subSum: VPSUBD, moveSum: VCVTDQ2PS,
	}
)
