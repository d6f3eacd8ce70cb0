//go:build !purego

package arm64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// peakChains is the number of multiply-adds in one turn of a peak loop, as in _asm/peak.go.
const peakChains = 16

// FindPeakLoops gives the loops of an instruction set; ok is false for any but "neon".
func FindPeakLoops(isa string) (loops ops.PeakLoops, ok bool) {
	if isa != "neon" {
		return ops.PeakLoops{}, false
	}
	return ops.NewPeakLoops(peakFloat64NEON, peakFloat32NEON, peakChains, 16), true
}
