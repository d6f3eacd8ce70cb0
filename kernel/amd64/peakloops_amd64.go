//go:build !purego

package amd64

import (
	"github.com/klauspost/cpuid/v2"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

//go:generate go run -C _asm/peak . -pkg amd64 -out ../../peak_amd64.s -stubs ../../peak_amd64.go

// peakChains is the number of multiply-adds in one turn of a peak loop, as in _asm/peak.
const peakChains = 12

// FindPeakLoops gives the loops of an instruction set, "avx512" or "avx2"; ok is false where this
// processor does not have it.
func FindPeakLoops(isa string) (loops ops.PeakLoops, ok bool) {
	switch {
	case isa == "avx512" && cpuid.CPU.Supports(cpuid.AVX512F):
		return ops.NewPeakLoops(peakFloat64AVX512, peakFloat32AVX512, peakChains, 64), true
	case isa == "avx2" && cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3):
		return ops.NewPeakLoops(peakFloat64AVX2, peakFloat32AVX2, peakChains, 32), true
	}
	return ops.PeakLoops{}, false
}
