//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels nnls_avx512 -pkg amd64 -out ../nnls_avx512_amd64.s -stubs ../nnls_avx512_amd64.go
//go:generate go run -C _asm . -kernels nnls_avx2 -pkg amd64 -out ../nnls_avx2_amd64.s -stubs ../nnls_avx2_amd64.go

// The sizes of tiles and blocks are those of the generator, _asm/nnls*.go.
var (
	nnls512 = &ops.NNLS{
		Lanes: 8, Singles: 16, Tile: 12, BlockUnknowns: 3, BlockVoxels: 8,
		Price:         nnlsPriceAVX512,
		Project:       nnlsProjectAVX512,
		ProjectSingle: nnlsProjectSingleAVX512,
		PriceSingle:   nnlsPriceSingleAVX512,
		SurveyFloat32: nnlsSurveyFloat32AVX512,
		SurveyFloat64: nnlsSurveyFloat64AVX512,
		Dot:           nnlsDotAVX512,
	}
	nnls256 = &ops.NNLS{
		Lanes: 4, Singles: 8, Tile: 12, BlockUnknowns: 3, BlockVoxels: 4,
		Price:         nnlsPriceAVX2,
		Project:       nnlsProjectAVX2,
		ProjectSingle: nnlsProjectSingleAVX2,
		PriceSingle:   nnlsPriceSingleAVX2,
		SurveyFloat32: nnlsSurveyFloat32AVX2,
		SurveyFloat64: nnlsSurveyFloat64AVX2,
		Dot:           nnlsDotAVX2,
	}
)
