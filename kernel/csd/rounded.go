package csd

import "github.com/voxfit/voxfit/kernel/internal/lanes"

// rounded is B in single precision, with bounds of what rounding does to amplitudes, as ops.CSD.BelowRounded reads it.
type rounded struct {
	amplitudes lanes.Panels[float32]
	errors     [2]float64 // relative to the length of f and to the threshold
}

// newRounded returns nil where B has no such bound.
func newRounded(d *Design, order []int, panel int) *rounded {
	bound, ok := lanes.RoundedError(d.B, d.Coefficients)
	if !ok {
		return nil
	}
	return &rounded{
		amplitudes: lanes.NewRoundedPanels(d.B, d.Coefficients, panel, func(r int) int { return order[r] }),
		errors:     [2]float64{bound, lanes.RoundedUnit * float64(d.Coefficients+1)},
	}
}
