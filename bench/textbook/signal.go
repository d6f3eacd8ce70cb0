package textbook

import (
	"errors"
	"math"

	"github.com/viterin/vek"
)

// The signals that no model here fits. The parameters are then zero.
var (
	// ErrNotFinite is returned where a value that the model uses is NaN or infinite.
	ErrNotFinite = errors.New("textbook: a value of the signal is not finite")
	// ErrNothing is returned where all values that the model uses are zero, or the mean without diffusion weighting is
	// too small to divide by.
	ErrNothing = errors.New("textbook: there is no signal")
)

// load writes a signal in double precision.
func load(values []float64, signal []float32) error {
	vek.FromFloat32_Into(values, signal)
	// A sum of values that fit single precision is finite where they all are.
	if sum := vek.Sum(values); math.IsNaN(sum) || math.IsInf(sum, 0) {
		return ErrNotFinite
	}
	return nil
}

// isZero says whether all values are zero.
func isZero(values []float64) bool { return vek.Max(values) == 0 && vek.Min(values) == 0 }
