package phantom

import (
	"math"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/acq"
)

// besselI is the modified Bessel function of order 0 or 1 by its power series (Abramowitz and
// Stegun 9.6.10).
func besselI(order int, x float64) float64 {
	term := math.Pow(x/2, float64(order))
	sum := term
	for k := 1; term > 1e-18*sum; k++ {
		term *= x * x / 4 / float64(k*(k+order))
		sum += term
	}
	return sum
}

// ricianMean is the mean of a Rician variable: sigma sqrt(pi/2) L(-a^2 / 2 sigma^2), where L is the
// Laguerre function of order 1/2 (Rice 1944; Koay and Basser 2006, equation 3).
func ricianMean(a, sigma float64) float64 {
	x := a * a / (2 * sigma * sigma)
	laguerre := math.Exp(-x/2) * ((1+x)*besselI(0, x/2) + x*besselI(1, x/2))
	return sigma * math.Sqrt(math.Pi/2) * laguerre
}

func TestNoiseHasThePublishedRicianMoments(t *testing.T) {
	const n, sigma = 400_000, 3.0
	for level, snr := range []float64{0, 0.5, 1, 2, 5, 20} {
		a := snr * sigma
		s := newStream(11, forNoise, level)
		var sum, sum2 float64
		for range n {
			m := s.rician(a, sigma)
			sum += m
			sum2 += m * m
		}
		mean, square := sum/n, sum2/n
		wantMean, wantSquare := ricianMean(a, sigma), a*a+2*sigma*sigma
		variance := wantSquare - wantMean*wantMean
		if off := math.Abs(mean-wantMean) / math.Sqrt(variance/n); off > 4 {
			t.Errorf("SNR %g: mean %g, expected %g; off by %.1f standard errors", snr, mean, wantMean, off)
		}
		// The square is non-central chi-squared with two degrees of freedom.
		spread := math.Sqrt((4*a*a*sigma*sigma + 4*math.Pow(sigma, 4)) / n)
		if off := math.Abs(square-wantSquare) / spread; off > 4 {
			t.Errorf("SNR %g: mean square %g, expected %g; off by %.1f standard errors", snr, square, wantSquare, off)
		}
		// The kurtosis is at most Rayleigh's 3.245, so the variance's standard error is at most
		// variance sqrt(2.25/n).
		if got := square - mean*mean; math.Abs(got-variance) > 4*variance*math.Sqrt(2.25/n) {
			t.Errorf("SNR %g: variance %g, expected %g", snr, got, variance)
		}
	}
}

// Without signal the magnitude is Rayleigh distributed: P(M <= m) = 1 - exp(-m^2 / 2 sigma^2).
func TestNoiseWithoutSignalIsRayleigh(t *testing.T) {
	const n = 100_000
	s := newStream(12, forNoise, 0)
	draws := make([]float64, n)
	for i := range draws {
		draws[i] = s.rician(0, 2)
	}
	slices.Sort(draws)
	distance := 0.0
	for i, m := range draws {
		p := -math.Expm1(-m * m / 8)
		distance = max(distance, p-float64(i)/n, float64(i+1)/n-p)
	}
	// Kolmogorov's distribution: 1.95/sqrt(n) is passed once in a thousand.
	if limit := 1.95 / math.Sqrt(n); distance > limit {
		t.Errorf("Kolmogorov-Smirnov distance %g, expected below %g", distance, limit)
	}
}

// At SNR 50 the noise is nearly normal, and what Make adds must be unrelated between volumes, voxels
// and seeds, and of the size that SNR says.
func TestNoiseOfMakeIsIndependentAndOfTheRightSize(t *testing.T) {
	const n, snr = 50_000, 50.0
	g := b0s(2)
	first := residuals(t, g, Options{Voxels: n, SNR: snr, Seed: 5})
	other := residuals(t, g, Options{Voxels: n, SNR: snr, Seed: 6})
	for name, pair := range map[string][2][]float64{
		"a volume with the next": {first[0], first[1]},
		"a voxel with the next":  {first[0][1:], first[0][:n-1]},
		"a seed with the next":   {first[0], other[0]},
	} {
		if r := correlation(pair[0], pair[1]); math.Abs(r)*math.Sqrt(n) > 4 {
			t.Errorf("noise of %s correlates by %g, expected below %g", name, r, 4/math.Sqrt(n))
		}
	}
	var sum2 float64
	for _, r := range first[0] {
		sum2 += r * r
	}
	if got := sum2 / n; math.Abs(got-1) > 4*math.Sqrt(2.0/n)+1e-3 {
		t.Errorf("mean square of the noise is %g sigma^2, expected 1", got)
	}
}

// Noise that shared random numbers with the truth would be larger or smaller where S0 is.
func TestNoiseIsIndependentOfTheTruth(t *testing.T) {
	const n = 50_000
	o := Options{Voxels: n, SNR: 50, Seed: 7}
	p := mustMake(t, b0s(2), o)
	noise := residuals(t, b0s(2), o)[0]
	s0, size := make([]float64, n), make([]float64, n)
	for row, v := range p.Truth {
		s0[row], size[row] = v.S0, noise[row]*noise[row]
	}
	for name, r := range map[string]float64{"noise": correlation(noise, s0), "squared noise": correlation(size, s0)} {
		if math.Abs(r)*math.Sqrt(n) > 4 {
			t.Errorf("%s correlates with S0 by %g, expected below %g", name, r, 4/math.Sqrt(n))
		}
	}
}

// b0s is a table of unweighted volumes.
func b0s(n int) *acq.GradientTable {
	return &acq.GradientTable{Bvals: make([]float64, n), Bvecs: make([][3]float64, n), B0Threshold: 50}
}

// residuals returns (signal - truth)/sigma of each of two volumes.
func residuals(t *testing.T, g *acq.GradientTable, o Options) [2][]float64 {
	t.Helper()
	p, err := Make(g, o)
	if err != nil {
		t.Fatal(err)
	}
	var r [2][]float64
	for row, v := range p.Truth {
		for k := range r {
			r[k] = append(r[k], (float64(p.Signal[2*row+k])-v.S0)/p.Options.sigma())
		}
	}
	return r
}

func correlation(x, y []float64) float64 {
	mean := func(v []float64) float64 {
		sum := 0.0
		for _, e := range v {
			sum += e
		}
		return sum / float64(len(v))
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}
