//go:build !purego

//go:generate go run -C _asm . -kernels tensor32_avx2 -pkg amd64 -out ../tensor32_avx2_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var single256 = &ops.Tensor32{
	Pack32:             singlePack32AVX2,
	Pack64:             singlePack64AVX2,
	Range:              singleRangeAVX2,
	Widen:              singleWidenAVX2,
	Narrow:             singleNarrowAVX2,
	Exp2:               singleExp2AVX2,
	Log2:               singleLog2AVX2,
	Logarithms:         singleLogarithmsAVX2,
	WeightedLogarithms: singleWeightedLogarithmsAVX2,
	Sums7:              singleSums7AVX2,
	Sums22:             singleSums22AVX2,
	Project:            singleProjectAVX2,
	Model:              singleModelAVX2,
	Misfit:             singleMisfitAVX2,
	Weights:            singleWeightsAVX2,
}

// Package ops says what each does.

//go:noescape
func singlePack32AVX2(lanes *ops.Lanes32, signal *float32, n int)

//go:noescape
func singlePack64AVX2(lanes *ops.Lanes32, signal *float64, n int)

//go:noescape
func singleRangeAVX2(extent *ops.Extent32, s *ops.Lanes32, n int)

//go:noescape
func singleWidenAVX2(first, last *ops.Lanes, s *ops.Lanes32, n int)

//go:noescape
func singleNarrowAVX2(first, last *ops.Lanes, s *ops.Lanes32, n int)

//go:noescape
func singleExp2AVX2(y, x *ops.Lanes32, n int)

//go:noescape
func singleLog2AVX2(y, x *ops.Lanes32, n int)

//go:noescape
func singleLogarithmsAVX2(y, s *ops.Lanes32, design *float32, n int, rest *ops.Rest32)

//go:noescape
func singleWeightedLogarithmsAVX2(y, v, s *ops.Lanes32, design *float32, n int, rest *ops.Rest32)

//go:noescape
func singleSums7AVX2(sums *ops.Lanes32, table *float32, v *ops.Lanes32, n int)

//go:noescape
func singleSums22AVX2(sums *ops.Lanes32, table *float32, v *ops.Lanes32, n int)

//go:noescape
func singleProjectAVX2(sums *ops.Lanes32, design *float32, u, x *ops.Lanes32, n int)

//go:noescape
func singleModelAVX2(u, v, x, s *ops.Lanes32, design *float32, n int, point *ops.Point32)

//go:noescape
func singleMisfitAVX2(s *ops.Lanes32, design *float32, n int, point *ops.Point32)

//go:noescape
func singleWeightsAVX2(u, v, s *ops.Lanes32, design *float32, n int, point *ops.Point32)
