package ref

import "github.com/voxfit/voxfit/internal/magnitude"

// Signal says what the measured values of a voxel are like. This decides what a model may do.
type Signal uint8

// These are the kinds of a signal. Where several apply, the order is NonFinite, TooLarge, AllZero, Negative.
const (
	Positive  Signal = iota // every value is finite, none negative, not all zero
	NonFinite               // a value is NaN or infinite
	TooLarge                // every value is finite, and one is too large for single precision, in which maps are written
	AllZero                 // every value is zero
	Negative                // every value is finite, and one is negative
)

// Gather copies the listed volumes of one voxel to dst, and says what it saw.
func Gather[T float32 | float64](dst []float64, signal []T, volumes []int) Signal {
	dst = dst[:len(volumes)]
	zero, negative, large, poison := true, false, false, 0.0
	for i, v := range volumes {
		x := float64(signal[v])
		dst[i] = x
		poison += float64(x * 0) // NaN from the first NaN or infinite x on
		if x != 0 {
			zero = false
		}
		if x < 0 {
			negative = true
		}
		if x <= -magnitude.Limit || x >= magnitude.Limit {
			large = true
		}
	}
	switch {
	case poison != 0 && !OnlyTooLarge(dst):
		return NonFinite
	case poison != 0 || large:
		return TooLarge
	case zero:
		return AllZero
	case negative:
		return Negative
	}
	return Positive
}

// OnlyTooLarge says whether every value that is NaN or infinite marks a number too large for single precision.
func OnlyTooLarge(values []float64) bool {
	for _, v := range values {
		if v-v != 0 && !magnitude.TooLarge(v) {
			return false
		}
	}
	return true
}

// Finite says whether no value is NaN or infinite.
func Finite(values []float64) bool {
	sum := 0.0
	for _, v := range values {
		sum += float64(v * 0)
	}
	return sum == 0
}
