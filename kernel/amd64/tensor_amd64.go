//go:build !purego

//go:generate go run -C _asm . -kernels tensor_avx512 -pkg amd64 -out ../tensor_avx512_amd64.s
//go:generate go run -C _asm . -kernels tensor_avx2 -pkg amd64 -out ../tensor_avx2_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var tensor512 = &ops.Tensor{
	Pack32:             tensorPack32AVX512,
	Pack64:             tensorPack64AVX512,
	Range:              tensorRangeAVX512,
	Exp2:               tensorExp2AVX512,
	Log2:               tensorLog2AVX512,
	Logarithms:         tensorLogarithmsAVX512,
	WeightedLogarithms: tensorWeightedLogarithmsAVX512,
	Sums7:              tensorSums7AVX512,
	Sums22:             tensorSums22AVX512,
	Expand:             tensorExpandAVX512,
	Model:              tensorModelAVX512,
	Misfit:             tensorMisfitAVX512,
	Weights:            tensorWeightsAVX512,
	Step:               tensorStepAVX512,
	Factor:             tensorFactorAVX512,
	Solve:              tensorSolveAVX512,
	Ordinary:           tensorOrdinaryAVX512,
	Reweight:           tensorReweightAVX512,
	SquaredWeights:     tensorSquaredWeightsAVX512,
	Tissue:             tensorTissueAVX512,
	Eigenvalues:        tensorEigenvaluesAVX512,
	Eigen:              tensorEigenAVX512,
}

var tensor256 = &ops.Tensor{
	Pack32:             tensorPack32AVX2,
	Pack64:             tensorPack64AVX2,
	Range:              tensorRangeAVX2,
	Exp2:               tensorExp2AVX2,
	Log2:               tensorLog2AVX2,
	Logarithms:         tensorLogarithmsAVX2,
	WeightedLogarithms: tensorWeightedLogarithmsAVX2,
	Sums7:              tensorSums7AVX2,
	Sums22:             tensorSums22AVX2,
	Expand:             tensorExpandAVX2,
	Model:              tensorModelAVX2,
	Misfit:             tensorMisfitAVX2,
	Weights:            tensorWeightsAVX2,
	Step:               tensorStepAVX2,
	Factor:             tensorFactorAVX2,
	Solve:              tensorSolveAVX2,
	Ordinary:           tensorOrdinaryAVX2,
	Reweight:           tensorReweightAVX2,
	SquaredWeights:     tensorSquaredWeightsAVX2,
	Tissue:             tensorTissueAVX2,
	Eigenvalues:        tensorEigenvaluesAVX2,
	Eigen:              tensorEigenAVX2,
}

// Package ops says what each does.

//go:noescape
func tensorPack32AVX512(lanes *ops.Lanes, signal *float32, n int)

//go:noescape
func tensorPack64AVX512(lanes *ops.Lanes, signal *float64, n int)

//go:noescape
func tensorRangeAVX512(extent *ops.Extent, s *ops.Lanes, n int)

//go:noescape
func tensorExp2AVX512(y, x *ops.Lanes, n int)

//go:noescape
func tensorLog2AVX512(y, x *ops.Lanes, n int)

//go:noescape
func tensorLogarithmsAVX512(y, s *ops.Lanes, design *float64, n int, rest *ops.Rest)

//go:noescape
func tensorWeightedLogarithmsAVX512(y, v, s *ops.Lanes, design *float64, n int, rest *ops.Rest)

//go:noescape
func tensorSums7AVX512(sums *ops.Lanes, table *float64, v *ops.Lanes, n int)

//go:noescape
func tensorSums22AVX512(sums *ops.Lanes, table *float64, v *ops.Lanes, n int)

//go:noescape
func tensorExpandAVX512(matrix, sums *ops.Lanes)

//go:noescape
func tensorModelAVX512(u, v, x, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorMisfitAVX512(s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorWeightsAVX512(u, v, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorStepAVX512(system *ops.System)

//go:noescape
func tensorFactorAVX512(system *ops.System)

//go:noescape
func tensorSolveAVX512(system *ops.System)

//go:noescape
func tensorOrdinaryAVX512(sums, least, y, s *ops.Lanes, table *float64, n int, floor *ops.Lanes)

//go:noescape
func tensorReweightAVX512(right, u, v, y *ops.Lanes, design *float64, n int, p *ops.Lanes)

//go:noescape
func tensorSquaredWeightsAVX512(u, v, y, s *ops.Lanes, n int, rest *ops.Rest)

//go:noescape
func tensorTissueAVX512(right, u, v, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorEigenvaluesAVX512(values, tensors *ops.Lanes)

//go:noescape
func tensorEigenAVX512(values, vectors, tensors *ops.Lanes)

//go:noescape
func tensorPack32AVX2(lanes *ops.Lanes, signal *float32, n int)

//go:noescape
func tensorPack64AVX2(lanes *ops.Lanes, signal *float64, n int)

//go:noescape
func tensorRangeAVX2(extent *ops.Extent, s *ops.Lanes, n int)

//go:noescape
func tensorExp2AVX2(y, x *ops.Lanes, n int)

//go:noescape
func tensorLog2AVX2(y, x *ops.Lanes, n int)

//go:noescape
func tensorLogarithmsAVX2(y, s *ops.Lanes, design *float64, n int, rest *ops.Rest)

//go:noescape
func tensorWeightedLogarithmsAVX2(y, v, s *ops.Lanes, design *float64, n int, rest *ops.Rest)

//go:noescape
func tensorSums7AVX2(sums *ops.Lanes, table *float64, v *ops.Lanes, n int)

//go:noescape
func tensorSums22AVX2(sums *ops.Lanes, table *float64, v *ops.Lanes, n int)

//go:noescape
func tensorExpandAVX2(matrix, sums *ops.Lanes)

//go:noescape
func tensorModelAVX2(u, v, x, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorMisfitAVX2(s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorWeightsAVX2(u, v, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorStepAVX2(system *ops.System)

//go:noescape
func tensorFactorAVX2(system *ops.System)

//go:noescape
func tensorSolveAVX2(system *ops.System)

//go:noescape
func tensorOrdinaryAVX2(sums, least, y, s *ops.Lanes, table *float64, n int, floor *ops.Lanes)

//go:noescape
func tensorReweightAVX2(right, u, v, y *ops.Lanes, design *float64, n int, p *ops.Lanes)

//go:noescape
func tensorSquaredWeightsAVX2(u, v, y, s *ops.Lanes, n int, rest *ops.Rest)

//go:noescape
func tensorTissueAVX2(right, u, v, s *ops.Lanes, design *float64, n int, point *ops.Point)

//go:noescape
func tensorEigenvaluesAVX2(values, tensors *ops.Lanes)

//go:noescape
func tensorEigenAVX2(values, vectors, tensors *ops.Lanes)
