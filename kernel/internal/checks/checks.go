package checks

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/internal/magnitude"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// Lengths panics if the lengths of a caller's slices do not agree.
func Lengths(what string, f kernel.Fitter, params, status, signal int) {
	if params != status*f.Parameters() || signal != status*f.Measurements() {
		panic(fmt.Sprintf("kernel: %s of %d voxels: %d parameters and %d signal values, expected %d and %d",
			what, status, params, signal, status*f.Parameters(), status*f.Measurements()))
	}
}

// Unfit returns the code of a signal to which no model can be fitted.
func Unfit(seen ref.Signal) (code kernel.Code, bad bool) {
	switch seen {
	case ref.NonFinite:
		return kernel.NonFinite, true
	case ref.TooLarge:
		return kernel.Overflow, true
	case ref.AllZero:
		return kernel.ZeroSignal, true
	}
	return kernel.OK, false
}

// CodeOf returns the code of a voxel that was fitted.
func CodeOf(outcome ref.Outcome, seen ref.Signal) kernel.Code {
	switch outcome {
	case ref.OutOfRange:
		return kernel.Overflow
	case reftensor.NothingToFit:
		return kernel.ZeroSignal
	case reftensor.OnlyWater:
		return kernel.AllFreeWater
	case ref.NotPositiveDefinite:
		return kernel.NotPositiveDefinite
	case ref.IterationLimit:
		return kernel.MaxIterations
	case reftensor.SecondStart:
		return kernel.Refit
	case reftensor.NegativeTensor:
		return kernel.NegativeEigenvalue
	}
	if seen == ref.Negative {
		return kernel.NegativeSignal
	}
	return kernel.OK
}

// FitForLanes says whether a signal can be fitted in a lane, from what Inspect found: a number that is not 0 where a
// value is not finite, the least value and the largest. Signals of zeros, and values too large for single precision,
// cannot.
func FitForLanes(poison, low, high float64) bool {
	allZero := low == 0 && high == 0
	return poison == 0 && !allZero && low > -magnitude.Limit && high < magnitude.Limit
}

// DesignMatrix returns an error for a matrix that is not a design matrix like DIPY's.
func DesignMatrix(w []float64) error {
	if len(w) == 0 || len(w)%7 != 0 {
		return fmt.Errorf("field W has %d values, expected rows of 7", len(w))
	}
	for i, v := range w {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("field W, row %d column %d is %v, must be finite", i/7, i%7, v)
		}
		if i%7 == 6 && v != -1 {
			return fmt.Errorf("field W, row %d ends in %v, expected -1 (DIPY's design matrix)", i/7, v)
		}
	}
	return nil
}

// Positive says whether v is above zero and finite. It is false for NaN.
func Positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }
