//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels csd_avx512 -pkg amd64 -out ../csd_avx512_amd64.s -stubs ../csd_avx512_amd64.go
//go:generate go run -C _asm . -kernels csd_avx2 -pkg amd64 -out ../csd_avx2_amd64.s -stubs ../csd_avx2_amd64.go
//go:generate go run -C _asm . -kernels csdsingle_avx512 -pkg amd64 -out ../csdsingle_avx512_amd64.s -stubs ../csdsingle_avx512_amd64.go
//go:generate go run -C _asm . -kernels csdsingle_avx2 -pkg amd64 -out ../csdsingle_avx2_amd64.s -stubs ../csdsingle_avx2_amd64.go

// The sizes are those of the generator, _asm/csdvectors.go.
var (
	csd512 = &ops.CSD{
		CSDIteration: ops.CSDIteration[float64, float64]{
			Lanes: 8, Tile: 5, Panel: 23, Stripe: 56,
			Transpose:  csdTransposeAVX512,
			Accumulate: csdAccumulateAVX512,
			Assemble:   csdAssembleAVX512,
			Factorise:  csdFactoriseAVX512,
			BackSolve:  csdBackSolveAVX512,
		},
		PackFloat32: csdPackFloat32AVX512,
		PackFloat64: csdPackFloat64AVX512,
		Inspect:     csdInspectAVX512,
		Multiply:    csdMultiplyAVX512,
		Below:       csdBelowAVX512,

		RoundedPanel: 46,
		BelowRounded: csdBelowRoundedAVX512,
		Single: &ops.CSDSingle{
			CSDIteration: ops.CSDIteration[float32, int32]{
				Lanes: 16, Tile: 5, Panel: 23, Stripe: 176,
				Transpose:  csdTransposeSingleAVX512,
				Accumulate: csdAccumulateSingleAVX512,
				Assemble:   csdAssembleSingleAVX512,
				Factorise:  csdFactoriseSingleAVX512,
				BackSolve:  csdBackSolveSingleAVX512,
			},
			Below:     csdBelowSingleAVX512,
			Condition: csdConditionSingleAVX512,
		},
	}
	csd256 = &ops.CSD{
		CSDIteration: ops.CSDIteration[float64, float64]{
			Lanes: 4, Tile: 3, Panel: 13, Stripe: 56,
			Transpose:  csdTransposeAVX2,
			Accumulate: csdAccumulateAVX2,
			Assemble:   csdAssembleAVX2,
			Factorise:  csdFactoriseAVX2,
			BackSolve:  csdBackSolveAVX2,
		},
		PackFloat32: csdPackFloat32AVX2,
		PackFloat64: csdPackFloat64AVX2,
		Inspect:     csdInspectAVX2,
		Multiply:    csdMultiplyAVX2,
		Below:       csdBelowAVX2,
		Single: &ops.CSDSingle{
			CSDIteration: ops.CSDIteration[float32, int32]{
				Lanes: 8, Tile: 3, Panel: 13, Stripe: 88,
				Transpose:  csdTransposeSingleAVX2,
				Accumulate: csdAccumulateSingleAVX2,
				Assemble:   csdAssembleSingleAVX2,
				Factorise:  csdFactoriseSingleAVX2,
				BackSolve:  csdBackSolveSingleAVX2,
			},
			Below:     csdBelowSingleAVX2,
			Condition: csdConditionSingleAVX2,
		},
	}
)
