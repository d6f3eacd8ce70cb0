package metg

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/voxfit/voxfit/study"
)

// A Spread is a median of some values with an interval around it.
type Spread struct {
	Median, Low, High float64
	N                 int // number of values; 0: none, and the other fields mean nothing
}

// SpreadOf returns the median of the values and an interval that holds the median of their distribution with a
// probability of 95%, whatever that distribution is. The interval goes from the k-th lowest to the k-th highest value,
// with the largest k that suffices. With fewer than six values no k does; the interval then goes from the lowest to the
// highest value.
func SpreadOf(values []float64) Spread {
	n := len(values)
	if n == 0 {
		return Spread{Median: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	k := 0
	below := distuv.Binomial{N: float64(n), P: 0.5}
	for 2*(k+1) < n && below.CDF(float64(k+1)) <= 0.025 {
		k++
	}
	return Spread{study.Median(sorted), sorted[k], sorted[n-1-k], n}
}
