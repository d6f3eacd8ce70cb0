package metg

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/voxfit/voxfit/study"
)

// A Spread is a median with an interval.
type Spread struct {
	Median, Low, High float64
	N                 int // of the values; 0 where there are none
}

// SpreadOf is the median of some values with the narrowest interval between two of them, as far from the lowest as from
// the highest, that holds the median of all such values with a probability of 95%. No shape of their distribution is
// assumed. With fewer than six values there is no such interval: then it is the lowest to the highest.
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
