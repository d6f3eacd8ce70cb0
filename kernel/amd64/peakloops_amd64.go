//go:build !purego

package amd64

import "github.com/klauspost/cpuid/v2"

//go:generate go run -C _asm/peak . -pkg amd64 -out ../../peak_amd64.s -stubs ../../peak_amd64.go

// FindPeakLoops gives the loops of an instruction set, "avx512" or "avx2"; ok is false where this
// processor does not have it.
func FindPeakLoops(isa string) (loops PeakLoops, ok bool) {
	switch {
	case isa == "avx512" && cpuid.CPU.Supports(cpuid.AVX512F):
		return peakLoops(peakFloat64AVX512, peakFloat32AVX512, 64), true
	case isa == "avx2" && cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3):
		return peakLoops(peakFloat64AVX2, peakFloat32AVX2, 32), true
	}
	return PeakLoops{}, false
}
