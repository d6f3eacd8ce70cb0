// Package magnitude recognises numbers that are finite but too large for single precision. Readers round signals to
// float32 and mark what does not fit, so that kernels can report an overflow and not an infinite value.
package magnitude

import "math"

// Limit is the least number that float32 rounds to infinity.
const Limit = 0x1.ffffffp127

// The mark is a NaN with bits of its own. A kernel that does not look for it sees a NaN.
const markBits = 0x7fc0_2b1e

var (
	mark     = math.Float32frombits(markBits)
	wideMark = math.Float64bits(float64(mark))
)

// Scaled returns x*slope + inter as a float32, where slope and inter are finite. A finite value that float32 rounds to
// infinity becomes the mark. So does a value beyond float64, 1.8e308, if x itself is finite. The product is rounded
// before the sum on every processor.
func Scaled(x, slope, inter float64) float32 {
	y := float64(x*slope) + inter
	if y > -Limit && y < Limit {
		return float32(y)
	}
	if math.IsInf(y, 0) && !math.IsInf(x, 0) {
		return mark
	}
	return beyond(y)
}

func beyond(x float64) float32 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return float32(x)
	}
	return mark
}

// TooLarge says whether x is finite and too large for single precision, or the mark of such a number.
func TooLarge(x float64) bool {
	return math.Abs(x) >= Limit && !math.IsInf(x, 0) || math.Float64bits(x) == wideMark
}
