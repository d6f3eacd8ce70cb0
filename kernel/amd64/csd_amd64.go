//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels csd_avx512 -pkg amd64 -out ../csd_avx512_amd64.s -stubs ../csd_avx512_amd64.go
//go:generate go run -C _asm . -kernels csd_avx2 -pkg amd64 -out ../csd_avx2_amd64.s -stubs ../csd_avx2_amd64.go

// The sizes are those of the generator, _asm/csdvectors.go.
var (
	csd512 = &ops.CSD{
		Lanes: 8, Tile: 5, Panel: 23, Stripe: 56,
		PackFloat32: csdPackFloat32AVX512,
		PackFloat64: csdPackFloat64AVX512,
		Transpose:   csdTransposeAVX512,
		Inspect:     csdInspectAVX512,
		Multiply:    csdMultiplyAVX512,
		Below:       csdBelowAVX512,
		Accumulate:  csdAccumulateAVX512,
		Assemble:    csdAssembleAVX512,
		Factorise:   csdFactoriseAVX512,
		BackSolve:   csdBackSolveAVX512,
	}
	csd256 = &ops.CSD{
		Lanes: 4, Tile: 3, Panel: 13, Stripe: 56,
		PackFloat32: csdPackFloat32AVX2,
		PackFloat64: csdPackFloat64AVX2,
		Transpose:   csdTransposeAVX2,
		Inspect:     csdInspectAVX2,
		Multiply:    csdMultiplyAVX2,
		Below:       csdBelowAVX2,
		Accumulate:  csdAccumulateAVX2,
		Assemble:    csdAssembleAVX2,
		Factorise:   csdFactoriseAVX2,
		BackSolve:   csdBackSolveAVX2,
	}
)
