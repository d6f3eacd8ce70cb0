package study

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// A Stat describes repeated measurements of one quantity. With N == 0 the quantity is not known;
// with N == 1 there is a median, but MAD and Half are NaN.
type Stat struct {
	N      int
	Median float64
	// MAD is the median of the absolute distances from the median.
	MAD float64
	// Half is half the width of the 95% confidence interval of the median: the interval is Median-Half to Median+Half.
	Half float64
}

// Describe returns the Stat of the values. One disturbed run moves the median little. With five runs or more it moves
// the interval little, too. With fewer the interval rests on the standard deviation, because the MAD of so few says
// next to nothing.
func Describe(values []float64) Stat {
	s := Stat{N: len(values), MAD: math.NaN(), Half: math.NaN()}
	if s.N == 0 {
		return Stat{}
	}
	s.Median = Median(values)
	if s.N == 1 {
		return s
	}
	distances := make([]float64, s.N)
	for i, x := range values {
		distances[i] = math.Abs(x - s.Median)
	}
	s.MAD = Median(distances)
	s.Half = halfWidth(s.N) * s.MAD
	if s.N < fewestForMAD {
		s.Half = halfWidth(s.N) * stat.StdDev(values, nil)
	}
	return s
}

// fewestForMAD is the least number of runs whose interval rests on their MAD.
const fewestForMAD = 5

// halfWidths make intervals that hold the median of normally distributed values in 95 of 100 cases. They were found by
// a simulation of 1.6 million samples of each size. Below fewestForMAD values they are multiplied by the standard
// deviation, else by the MAD.
var halfWidths = [...]float64{2: 8.98, 3: 2.55, 4: 1.64, 5: 4.23, 6: 2.65, 7: 2.49, 8: 1.94, 9: 1.86, 10: 1.57}

// halfWidth returns the factor for n values. Beyond ten it approaches the asymptotic 1.96 x 1.2533 x 1.4826 / sqrt(n)
// from above.
func halfWidth(n int) float64 {
	if n < len(halfWidths) {
		return halfWidths[n]
	}
	return 1.96 * 1.2533 * 1.4826 / math.Sqrt(float64(n)) * (1 + 5/float64(n))
}

// Known reports whether there was any measurement.
func (s Stat) Known() bool { return s.N > 0 }

// times returns the Stat of k x, for k above 0.
func (s Stat) times(k float64) Stat {
	return Stat{N: s.N, Median: k * s.Median, MAD: k * s.MAD, Half: k * s.Half}
}

// inverse returns the Stat of k / x to first order: the interval keeps its relative width. The new median is k over the
// old one, so that a speed-up agrees with its time in every table.
func (s Stat) inverse(k float64) Stat {
	q := k / (s.Median * s.Median)
	return Stat{N: s.N, Median: k / s.Median, MAD: q * s.MAD, Half: q * s.Half}
}

// Median returns the middle of the values, of which there must be one at least: of an even number, the mean
// of the two in the middle.
func Median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
