package study

import (
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// An Estimate is a fitted quantity with its 95% interval.
type Estimate struct {
	Value, Low, High float64
}

// resample draws settings anew, the bootstrap (Efron 1979): within each CPU count as many settings
// as there are, with replacement, and of each its runs with replacement. Whole settings are drawn
// because the model is wrong by more from setting to setting than the runs of one differ.
func resample(settings []setting, random *rand.Rand) []setting {
	var drawn []setting
	for _, cpus := range keysOf(settings, byCPUs) {
		with, _ := divide(settings, func(s setting) bool { return s.cpus == cpus })
		for range with {
			s := with[random.IntN(len(with))]
			s.time = 0
			for range s.times {
				s.time += s.times[random.IntN(len(s.times))] / float64(len(s.times))
			}
			drawn = append(drawn, s)
		}
	}
	return drawn
}

// percentiles is the 95% interval of values drawn by resampling, around the value of the fit. The
// interval always holds the value: draws of a quantity at its bound of zero may all lie above it.
func percentiles(value float64, drawn []float64) Estimate {
	e := Estimate{Value: value, Low: value, High: value}
	if len(drawn) > 0 {
		v := slices.Sorted(slices.Values(drawn))
		e.Low = min(value, stat.Quantile(0.025, stat.LinInterp, v, nil))
		e.High = max(value, stat.Quantile(0.975, stat.LinInterp, v, nil))
	}
	return e
}
