package textbook

import (
	"errors"
	"math"

	"github.com/viterin/vek"
)

// The errors for signals that cannot be fitted. The parameters are then zero.
var (
	// ErrNotFinite is returned if a value that the model uses is NaN or infinite.
	ErrNotFinite = errors.New("textbook: a value of the signal is not finite")
	// ErrNothing is returned if all values that the model uses are zero, or if the mean without diffusion weighting
	// is too small to divide by.
	ErrNothing = errors.New("textbook: there is no signal")
)

// load copies a signal to double precision.
func load(values []float64, signal []float32) error {
	vek.FromFloat32_Into(values, signal)
	// The values come from single precision, so their sum is finite if all of them are.
	if sum := vek.Sum(values); math.IsNaN(sum) || math.IsInf(sum, 0) {
		return ErrNotFinite
	}
	return nil
}

// isZero says whether all values are zero.
func isZero(values []float64) bool { return vek.Max(values) == 0 && vek.Min(values) == 0 }
