//go:build !purego

//go:generate go run -C _asm . -kernels tensorsingle_avx2 -pkg amd64 -out ../tensorsingle_avx2_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var single256 = &ops.TensorSingle{
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
func singlePack32AVX2(lanes *ops.LanesSingle, signal *float32, n int)

//go:noescape
func singlePack64AVX2(lanes *ops.LanesSingle, signal *float64, n int)

//go:noescape
func singleRangeAVX2(extent *ops.ExtentSingle, s *ops.LanesSingle, n int)

//go:noescape
func singleWidenAVX2(first, last *ops.Lanes, s *ops.LanesSingle, n int)

//go:noescape
func singleNarrowAVX2(first, last *ops.Lanes, s *ops.LanesSingle, n int)

//go:noescape
func singleExp2AVX2(y, x *ops.LanesSingle, n int)

//go:noescape
func singleLog2AVX2(y, x *ops.LanesSingle, n int)

//go:noescape
func singleLogarithmsAVX2(y, s *ops.LanesSingle, design *float32, n int, rest *ops.RestSingle)

//go:noescape
func singleWeightedLogarithmsAVX2(y, v, s *ops.LanesSingle, design *float32, n int, rest *ops.RestSingle)

//go:noescape
func singleSums7AVX2(sums *ops.LanesSingle, table *float32, v *ops.LanesSingle, n int)

//go:noescape
func singleSums22AVX2(sums *ops.LanesSingle, table *float32, v *ops.LanesSingle, n int)

//go:noescape
func singleProjectAVX2(sums *ops.LanesSingle, design *float32, u, x *ops.LanesSingle, n int)

//go:noescape
func singleModelAVX2(u, v, x, s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)

//go:noescape
func singleMisfitAVX2(s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)

//go:noescape
func singleWeightsAVX2(u, v, s *ops.LanesSingle, design *float32, n int, point *ops.PointSingle)
