package magnitude

import (
	"math"
	"testing"
)

func TestNumbersThatSinglePrecisionCannotHoldAreTold(t *testing.T) {
	below := math.Nextafter(Limit, 0)
	for _, c := range []struct {
		x        float64
		tooLarge bool
	}{
		{0, false}, {-1e-300, false}, {math.MaxFloat32, false}, {below, false}, {-below, false},
		{Limit, true}, {-Limit, true}, {1e300, true}, {-math.MaxFloat64, true},
		{math.Inf(1), false}, {math.Inf(-1), false}, {math.NaN(), false},
	} {
		y := Single(c.x)
		if got := TooLarge(c.x); got != c.tooLarge {
			t.Errorf("%g is too large: %v", c.x, got)
		}
		if got := TooLarge(float64(y)); got != c.tooLarge {
			t.Errorf("%g, rounded, is too large: %v", c.x, got)
		}
		if want := float32(c.x); !c.tooLarge && math.Float32bits(y) != math.Float32bits(want) {
			t.Errorf("%g is rounded to %g, float32 has %g", c.x, y, want)
		}
	}
}
