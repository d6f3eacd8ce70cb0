package phantom

import (
	"math"
	"math/big"
	"testing"
)

// ulps is the distance of got from want in units of want's last place.
func ulps(got, want float64) float64 {
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
}

func TestDecayIsTheExponentialToTheLastPlace(t *testing.T) {
	s := newStream(1, forTruth, 0)
	worst := 0.0
	for i := range 200_000 {
		x := -s.between(0, []float64{1e-8, 0.1, 3, 30, 708}[i%5])
		// math.Exp is within 1 ULP itself, so 2 are allowed here.
		worst = max(worst, ulps(decay(x), math.Exp(x)))
	}
	if worst > 2 {
		t.Errorf("largest error %.2f ULP, expected at most 2", worst)
	}
}

func TestDecayIsOneAtZeroAndZeroFarBelow(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {-5e-324, 1}, {-709, 0}, {-1e300, 0}, {math.Inf(-1), 0},
	} {
		if got := decay(c.x); got != c.want {
			t.Errorf("decay(%g) is %g, expected %g", c.x, got, c.want)
		}
	}
	if got, want := decay(-707.99), math.Exp(-707.99); ulps(got, want) > 2 {
		t.Errorf("decay(-707.99) is %g, expected %g", got, want)
	}
}

// The 32nd power of a correctly rounded 2^(j/32) is 2^j to within 32 half places.
func TestExp2TableHoldsRootsOfTwo(t *testing.T) {
	for j, root := range exp2Table {
		p := new(big.Float).SetPrec(2000).SetFloat64(root)
		for range 5 {
			p.Mul(p, p)
		}
		p.SetMantExp(p, -j)
		off, _ := p.Sub(p, big.NewFloat(1)).Float64()
		if math.Abs(off) > 32*0x1p-53 {
			t.Errorf("entry %d to the power 32 is off by %g of itself", j, off)
		}
	}
}

func TestLogUnitIsTheLogarithmToTwoPlaces(t *testing.T) {
	s := newStream(2, forTruth, 0)
	worst := 0.0
	check := func(u float64) { worst = max(worst, ulps(logUnit(u), math.Log(u))) }
	for i := range 200_000 {
		u := s.unit() + 0x1p-53
		switch i % 4 {
		case 1:
			u = 1 - u*1e-6
		case 2:
			u *= 0x1p-40
		case 3:
			u = math.Sqrt(0.5) * (1 + (u-0.5)*1e-9) // where the exponent changes
		}
		check(u)
	}
	check(0x1p-53)
	check(1 - 0x1p-53)
	if worst > 3 { // math.Log is within 1 ULP
		t.Errorf("largest error %.2f ULP, expected at most 3", worst)
	}
	if got := logUnit(1); got != 0 {
		t.Errorf("logUnit(1) is %g, expected 0", got)
	}
}

func TestCosTurnIsTheCosineAndNeverBeyondOne(t *testing.T) {
	s := newStream(3, forTruth, 0)
	for range 200_000 {
		x := s.turn()
		got := cosTurn(x)
		// 2 pi x is rounded before math.Cos sees it: up to 2.2e-16 at 1/2 turn, and the
		// cosine's own error.
		if math.Abs(got-math.Cos(2*math.Pi*x)) > 1e-15 || math.Abs(got) > 1 {
			t.Fatalf("cosTurn(%g) is %.17g, expected %.17g", x, got, math.Cos(2*math.Pi*x))
		}
	}
	for _, c := range []struct{ x, want, tolerance float64 }{
		{0, 1, 4e-16}, {0.25, 0, 0}, {-0.25, 0, 0}, {0.5, -1, 4e-16}, {-0.5, -1, 4e-16}, {1.0 / 6, 0.5, 4e-16},
	} {
		if got := cosTurn(c.x); math.Abs(got-c.want) > c.tolerance || math.Abs(got) > 1 {
			t.Errorf("cosTurn(%g) is %.17g, expected %g", c.x, got, c.want)
		}
	}
}
