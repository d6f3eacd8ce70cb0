package kernel

// csdRounded is B in single precision, and what rounding can do to amplitudes: what ops.CSD.BelowRounded wants.
type csdRounded struct {
	amplitudes panels[float32]
	errors     [2]float64 // relative to the length of f and to the threshold
}

// newCSDRounded returns nil for a B that has no bound.
func newCSDRounded(d *CSDDesign, order []int, panel int) *csdRounded {
	bound, ok := roundedError(d.B, d.Coefficients)
	if !ok {
		return nil
	}
	return &csdRounded{
		amplitudes: newRoundedPanels(d.B, d.Coefficients, panel, func(r int) int { return order[r] }),
		errors:     [2]float64{bound, roundedUnit * float64(d.Coefficients+1)},
	}
}
