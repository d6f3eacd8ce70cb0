package magnitude

import (
	"math"
	"testing"
)

func TestNumbersThatSinglePrecisionCannotHoldAreRecognised(t *testing.T) {
	below := math.Nextafter(Limit, 0)
	for _, c := range []struct {
		x        float64
		tooLarge bool
	}{
		{0, false}, {-1e-300, false}, {math.MaxFloat32, false}, {below, false}, {-below, false},
		{Limit, true}, {-Limit, true}, {1e300, true}, {-math.MaxFloat64, true},
		{math.Inf(1), false}, {math.Inf(-1), false}, {math.NaN(), false},
	} {
		y := Scaled(c.x, 1, 0)
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

func TestScaledNumbersAreFiniteInputWhereStoredOnesAre(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		x, slope, inter float64
		want            float32 // NaN where the mark is expected
	}{
		{3, 2, 1, 7}, {3, 1, math.Copysign(0, -1), 3}, {3, 1e38, 0, 3e38},
		{4, 1e38, 0, float32(math.NaN())}, {1e200, 1e200, 0, float32(math.NaN())}, {-1e308, 100, -1e300, float32(math.NaN())},
		{inf, 2, 0, float32(inf)}, {-inf, 1e300, 1e300, float32(-inf)},
	} {
		got, marked := Scaled(c.x, c.slope, c.inter), math.IsNaN(float64(c.want))
		if TooLarge(float64(got)) != marked || !marked && got != c.want {
			t.Errorf("%g x %g + %g is %v, too large %v; expected %v", c.x, c.slope, c.inter, got, TooLarge(float64(got)), c.want)
		}
	}
	if got := Scaled(math.NaN(), 1e300, 1e300); TooLarge(float64(got)) || got == got {
		t.Errorf("NaN, scaled, is %v, expected NaN without the mark", got)
	}
	if got := Scaled(math.Copysign(0, -1), 1, math.Copysign(0, -1)); !math.Signbit(float64(got)) {
		t.Error("minus zero, left as it is, lost its sign")
	}
}
