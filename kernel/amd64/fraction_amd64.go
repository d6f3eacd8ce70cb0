//go:build !purego

//go:generate go run -C _asm . -kernels fraction_avx512 -pkg amd64 -out ../fraction_avx512_amd64.s
//go:generate go run -C _asm . -kernels fraction_avx2 -pkg amd64 -out ../fraction_avx2_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var fraction512 = &ops.Fraction32{
	Scale:   fractionScaleAVX512,
	Right:   fractionRightAVX512,
	Slope:   fractionSlopeAVX512,
	Descend: fractionDescendAVX512,
	Clips:   fractionClipsAVX512,
	Part:    fractionPartAVX512,
	Ratios:  fractionRatiosAVX512,
	Moments: fractionMomentsAVX512,
	Series:  fractionSeriesAVX512,
	Squares: fractionSquaresAVX512,
}

var fraction256 = &ops.Fraction32{
	Scale:   fractionScaleAVX2,
	Right:   fractionRightAVX2,
	Slope:   fractionSlopeAVX2,
	Descend: fractionDescendAVX2,
	Clips:   fractionClipsAVX2,
	Part:    fractionPartAVX2,
	Ratios:  fractionRatiosAVX2,
	Moments: fractionMomentsAVX2,
	Series:  fractionSeriesAVX2,
	Squares: fractionSquaresAVX2,
}

// Package ops says what each does.

//go:noescape
func fractionScaleAVX512(y, s *ops.Lanes32, n int, factor *ops.Lanes32)

//go:noescape
func fractionRightAVX512(sums, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionSlopeAVX512(sums, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionDescendAVX512(s *ops.Lanes32, design *float32, n int, trial *ops.Trial32)

//go:noescape
func fractionClipsAVX512(clips *ops.Clips32, s *ops.Lanes32, inverse *float32, n int)

//go:noescape
func fractionScaleAVX2(y, s *ops.Lanes32, n int, factor *ops.Lanes32)

//go:noescape
func fractionRightAVX2(sums, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionSlopeAVX2(sums, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionDescendAVX2(s *ops.Lanes32, design *float32, n int, trial *ops.Trial32)

//go:noescape
func fractionClipsAVX2(clips *ops.Clips32, s *ops.Lanes32, inverse *float32, n int)

//go:noescape
func fractionPartAVX512(to *ops.Lanes32, rows *float32, s *ops.Lanes32, design *float32, n int, limit *ops.Lanes32) (others int)

//go:noescape
func fractionRatiosAVX512(u, v, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionMomentsAVX512(sums, v, u *ops.Lanes32, design *float32, n int)

//go:noescape
func fractionSeriesAVX512(sums, coefficients *ops.Lanes32, n int, by *ops.Lanes32)

//go:noescape
func fractionPartAVX2(to *ops.Lanes32, rows *float32, s *ops.Lanes32, design *float32, n int, limit *ops.Lanes32) (others int)

//go:noescape
func fractionRatiosAVX2(u, v, s *ops.Lanes32, design *float32, n int, left *ops.Left32)

//go:noescape
func fractionMomentsAVX2(sums, v, u *ops.Lanes32, design *float32, n int)

//go:noescape
func fractionSeriesAVX2(sums, coefficients *ops.Lanes32, n int, by *ops.Lanes32)

//go:noescape
func fractionSquaresAVX512(v, s *ops.Lanes, n int)

//go:noescape
func fractionSquaresAVX2(v, s *ops.Lanes, n int)
