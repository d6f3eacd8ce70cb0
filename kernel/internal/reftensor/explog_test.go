package reftensor

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// ulps returns the distance of got from want in units in the last place of want.
func ulps(got, want float64) float64 {
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
}

// bigExp returns exp(x) to about 60 digits: Taylor's series of exp(x/1024), squared ten times.
func bigExp(x float64) *big.Float {
	const precision = 260
	small := new(big.Float).SetPrec(precision).SetFloat64(x)
	small.Quo(small, big.NewFloat(1024))
	sum, term := big.NewFloat(1).SetPrec(precision), big.NewFloat(1).SetPrec(precision)
	for k := 1; k < 40; k++ {
		term.Mul(term, small).Quo(term, big.NewFloat(float64(k)))
		sum.Add(sum, term)
	}
	for range 10 {
		sum.Mul(sum, sum)
	}
	return sum
}

// ulpError returns the error of got against an exact value, in units in the last place.
func ulpError(got float64, exact *big.Float) float64 {
	nearest, _ := exact.Float64()
	difference, _ := new(big.Float).Sub(new(big.Float).SetFloat64(got), exact).Float64()
	return math.Abs(difference) / (math.Nextafter(math.Abs(nearest), math.Inf(1)) - math.Abs(nearest))
}

func TestExpIsWithinOneUnitInTheLastPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	for i := range 4000 {
		x := [1]float64{random.Float64()*80 - 60}
		if i%8 == 0 {
			x[0] = random.Float64()*1416 - 707.5
		}
		want := bigExp(x[0])
		expInto(x[:], x[:])
		worst = max(worst, ulpError(x[0], want))
	}
	t.Logf("largest error %.3f units in the last place", worst)
	if worst > 1 {
		t.Errorf("exp is off by %.3f units in the last place, expected at most 1", worst)
	}
}

// The exact logarithm is math.Log, corrected by one Newton step in many digits.
func TestLogIsWithinOneUnitInTheLastPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	worst := 0.0
	for i := range 4000 {
		x := math.Exp(random.Float64()*60 - 30)
		switch i % 8 {
		case 0:
			x = 1 + (random.Float64()-0.5)*math.Pow(10, -10*random.Float64())
		case 1:
			x = math.Exp(random.Float64()*1400 - 700)
		}
		if x == 1 {
			continue
		}
		near := math.Log(x)
		// log x = near + log(x / exp(near)), and the last argument is 1 + tiny.
		ratio := new(big.Float).SetPrec(260).SetFloat64(x)
		ratio.Quo(ratio, bigExp(near)).Sub(ratio, big.NewFloat(1))
		half := new(big.Float).Mul(ratio, ratio)
		half.Quo(half, big.NewFloat(2))
		want := new(big.Float).SetPrec(260).SetFloat64(near)
		want.Add(want, ratio).Sub(want, half)
		got := [1]float64{x}
		logInto(got[:], got[:])
		worst = max(worst, ulpError(got[0], want))
	}
	t.Logf("largest error %.3f units in the last place", worst)
	if worst > 1 {
		t.Errorf("log is off by %.3f units in the last place, expected at most 1", worst)
	}
}

func TestExpAndLogAtTheEdgesOfTheirRange(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	// The finite values were computed with Python's decimal module, to 30 digits.
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {1, math.E}, {709, 8.218407461554972e+307}, {709.78, 1.7928227943945155e+308},
		{710, inf}, {-708, 3.307553003638408e-308}, {-740, 4.2e-322}, {-746, 0}, {inf, inf}, {-inf, 0}, {nan, nan},
	} {
		got := [1]float64{}
		expInto(got[:], []float64{c.x})
		if !close(got[0], c.want, 4) {
			t.Errorf("exp(%v) = %v, expected %v", c.x, got[0], c.want)
		}
	}
	for _, c := range []struct{ x, want float64 }{
		{1, 0}, {math.MaxFloat64, 709.782712893384}, {0x1p-1022, -708.3964185322641},
		{0x1p-1074, -744.4400719213812}, {3e-310, -712.702766539486},
		{0, -inf}, {-1, nan}, {-inf, nan}, {inf, inf}, {nan, nan},
	} {
		got := [1]float64{}
		logInto(got[:], []float64{c.x})
		if !close(got[0], c.want, 2) {
			t.Errorf("log(%v) = %v, expected %v", c.x, got[0], c.want)
		}
	}
}

// close says whether two numbers are equal, both NaN, or within some units in the last place.
func close(got, want, units float64) bool {
	if got == want || got != got && want != want {
		return true
	}
	return !math.IsInf(want, 0) && ulps(got, want) <= units
}

func BenchmarkExp(b *testing.B) { benchmarkElementary(b, expInto, -9, 7) }
func BenchmarkLog(b *testing.B) { benchmarkElementary(b, logInto, 0.1, 1000) }

func benchmarkElementary(b *testing.B, function func(dst, x []float64), low, high float64) {
	x, y := make([]float64, 288), make([]float64, 288)
	for i := range x {
		x[i] = low + (high-low)*float64(i)/287
	}
	for b.Loop() {
		function(y, x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/288, "ns/value")
}
