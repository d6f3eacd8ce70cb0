package study

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// A Stat describes repeated measurements of one quantity. With N == 0 the quantity is not known;
// with N == 1 there is a mean, but SD and Half are NaN.
type Stat struct {
	N    int
	Mean float64
	// SD is the sample standard deviation (n-1 in the denominator).
	SD float64
	// Half is half the width of the 95% confidence interval of the mean, by Student's t: the
	// interval is Mean-Half to Mean+Half.
	Half float64
}

// Describe returns the Stat of the values.
func Describe(values []float64) Stat {
	s := Stat{N: len(values), SD: math.NaN(), Half: math.NaN()}
	switch s.N {
	case 0:
		return Stat{}
	case 1:
		s.Mean = values[0]
		return s
	}
	s.Mean, s.SD = stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Sigma: 1, Nu: float64(s.N - 1)}.Quantile(0.975)
	s.Half = t * s.SD / math.Sqrt(float64(s.N))
	return s
}

// Known reports whether there was any measurement.
func (s Stat) Known() bool { return s.N > 0 }

// times is the Stat of k x, for k above 0.
func (s Stat) times(k float64) Stat {
	return Stat{N: s.N, Mean: k * s.Mean, SD: k * s.SD, Half: k * s.Half}
}

// inverse is the Stat of k / x to first order: the relative width of the interval stays the same.
// The mean is k over the mean, not the mean of k over each value, so that a speed-up and the time
// it stands for agree in every table.
func (s Stat) inverse(k float64) Stat {
	q := k / (s.Mean * s.Mean)
	return Stat{N: s.N, Mean: k / s.Mean, SD: q * s.SD, Half: q * s.Half}
}

// Median returns the middle of the values, of which there must be one at least: of an even number, the mean
// of the two in the middle.
func Median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
