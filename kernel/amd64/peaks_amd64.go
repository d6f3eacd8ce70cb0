//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels peaks_avx512 -pkg amd64 -out ../peaks_avx512_amd64.s -stubs ../peaks_avx512_amd64.go
//go:generate go run -C _asm . -kernels peaks_avx2 -pkg amd64 -out ../peaks_avx2_amd64.s -stubs ../peaks_avx2_amd64.go

// The sizes are those of the generator, _asm/peaks.go and _asm/csdvectors.go.
var (
	peaks512 = &ops.Peaks{
		Single: ops.PeakSearch[float32]{Lanes: 16, Maxima: peaksMaximaSingleAVX512},
		Double: ops.PeakSearch[float64]{Lanes: 8, Maxima: peaksMaximaAVX512},
		Round:  peaksRoundSingleAVX512,
		Panel:  23, Samples: peaksSamplesSingleAVX512,
		Spread: peaksSpreadAVX512,
		Jets:   peaksJetsAVX512,
		Tile:   12, Combine: peaksCombineAVX512,
	}
	peaks256 = &ops.Peaks{
		Single: ops.PeakSearch[float32]{Lanes: 8, Maxima: peaksMaximaSingleAVX2},
		Double: ops.PeakSearch[float64]{Lanes: 4, Maxima: peaksMaximaAVX2},
		Round:  peaksRoundSingleAVX2,
		Panel:  13, Samples: peaksSamplesSingleAVX2,
		Spread: peaksSpreadAVX2,
		Jets:   peaksJetsAVX2,
		Tile:   12, Combine: peaksCombineAVX2,
	}
)
