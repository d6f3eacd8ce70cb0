//go:build !purego

//go:generate go run -C _asm . -kernels fraction_avx512 -pkg amd64 -out ../fraction_avx512_amd64.s
//go:generate go run -C _asm . -kernels fraction_avx2 -pkg amd64 -out ../fraction_avx2_amd64.s

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var fraction512 = &ops.FractionSingle{
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

var fraction256 = &ops.FractionSingle{
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
func fractionScaleAVX512(y, s *ops.LanesSingle, n int, factor *ops.LanesSingle)

//go:noescape
func fractionRightAVX512(sums, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionSlopeAVX512(sums, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionDescendAVX512(s *ops.LanesSingle, design *float32, n int, trial *ops.TrialSingle)

//go:noescape
func fractionClipsAVX512(clips *ops.ClipsSingle, s *ops.LanesSingle, inverse *float32, n int)

//go:noescape
func fractionScaleAVX2(y, s *ops.LanesSingle, n int, factor *ops.LanesSingle)

//go:noescape
func fractionRightAVX2(sums, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionSlopeAVX2(sums, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionDescendAVX2(s *ops.LanesSingle, design *float32, n int, trial *ops.TrialSingle)

//go:noescape
func fractionClipsAVX2(clips *ops.ClipsSingle, s *ops.LanesSingle, inverse *float32, n int)

//go:noescape
func fractionPartAVX512(to *ops.LanesSingle, rows *float32, s *ops.LanesSingle, design *float32, n int, limit *ops.LanesSingle) (others int)

//go:noescape
func fractionRatiosAVX512(u, v, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionMomentsAVX512(sums, v, u *ops.LanesSingle, design *float32, n int)

//go:noescape
func fractionSeriesAVX512(sums, coefficients *ops.LanesSingle, n int, by *ops.LanesSingle)

//go:noescape
func fractionPartAVX2(to *ops.LanesSingle, rows *float32, s *ops.LanesSingle, design *float32, n int, limit *ops.LanesSingle) (others int)

//go:noescape
func fractionRatiosAVX2(u, v, s *ops.LanesSingle, design *float32, n int, left *ops.LeftSingle)

//go:noescape
func fractionMomentsAVX2(sums, v, u *ops.LanesSingle, design *float32, n int)

//go:noescape
func fractionSeriesAVX2(sums, coefficients *ops.LanesSingle, n int, by *ops.LanesSingle)

//go:noescape
func fractionSquaresAVX512(v, s *ops.Lanes, n int)

//go:noescape
func fractionSquaresAVX2(v, s *ops.Lanes, n int)
