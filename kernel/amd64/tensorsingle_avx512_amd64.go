//go:build !purego

//go:generate go run -C _asm . -kernels tensorsingle_avx512 -pkg amd64 -out ../tensorsingle_avx512_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var single512 = &ops.TensorSingle{
	Pack32:             singlePack32AVX512,
	Pack64:             singlePack64AVX512,
	Range:              singleRangeAVX512,
	Widen:              singleWidenAVX512,
	Narrow:             singleNarrowAVX512,
	Exp2:               singleExp2AVX512,
	Log2:               singleLog2AVX512,
	Logarithms:         singleLogarithmsAVX512,
	WeightedLogarithms: singleWeightedLogarithmsAVX512,
	Sums7:              singleSums7AVX512,
	Sums22:             singleSums22AVX512,
	Project:            singleProjectAVX512,
	Model:              singleModelAVX512,
	Misfit:             singleMisfitAVX512,
	Weights:            singleWeightsAVX512,
}

// Package ops says what each does.

//go:noescape
func singlePack32AVX512(lanes *ops.LanesSingle, signal *float32, n int)

//go:noescape
func singlePack64AVX512(lanes *ops.LanesSingle, signal *float64, n int)

//go:noescape
func singleRangeAVX512(extent *ops.ExtentSingle, s *ops.LanesSingle, n int)

//go:noescape
func singleWidenAVX512(first, last *ops.Lanes, s *ops.LanesSingle, n int)

//go:noescape
func singleNarrowAVX512(first, last *ops.Lanes, s *ops.LanesSingle, n int)

//go:noescape
func singleExp2AVX512(y, x *ops.LanesSingle, n int)

//go:noescape
func singleLog2AVX512(y, x *ops.LanesSingle, n int)

//go:noescape
func singleLogarithmsAVX512(y, s *ops.LanesSingle, design *float32, n int, rest *ops.RestSingle)

//go:noescape
func singleWeightedLogarithmsAVX512(y, v, s *ops.LanesSingle, design *float32, n int, rest *ops.RestSingle)

//go:noescape
func singleSums7AVX512(sums *ops.LanesSingle, table *float32, v *ops.LanesSingle, n int)

//go:noescape
func singleSums22AVX512(sums *ops.LanesSingle, table *float32, v *ops.LanesSingle, n int)

//go:noescape
func singleProjectAVX512(sums *ops.LanesSingle, design *float32, u, x *ops.LanesSingle, n int)

//go:noescape
func singleModelAVX512(u, v, x, s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)

//go:noescape
func singleMisfitAVX512(s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)

//go:noescape
func singleWeightsAVX512(u, v, s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)
