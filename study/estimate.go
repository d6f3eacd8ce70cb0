package study

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/voxfit/voxfit/study/internal/words"
)

// An Estimate is a fitted or predicted quantity with its 95% interval.
type Estimate struct {
	Value, Low, High float64
}

// Percentiles returns an estimate with the fitted value, whose interval goes from the 2.5th to the 97.5th percentile of
// values that were drawn by resampling. The interval is widened where it would not hold the fitted value: for a
// quantity at its bound of zero, all draws may lie above that.
func Percentiles(value float64, drawn []float64) Estimate {
	e := Estimate{Value: value, Low: value, High: value}
	if len(drawn) > 0 {
		v := slices.Sorted(slices.Values(drawn))
		e.Low = min(value, stat.Quantile(0.025, stat.LinInterp, v, nil))
		e.High = max(value, stat.Quantile(0.975, stat.LinInterp, v, nil))
	}
	return e
}

// InWords writes the estimate and its interval, both multiplied by scale, with the unit: 0.85 ms (0.73 to 0.97).
func (e Estimate) InWords(scale float64, unit string) string {
	if unit != "%" && unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%s%s (%s)", words.Significant(scale*e.Value, 3), unit, e.Interval(scale))
}

// Interval writes the interval alone, multiplied by a scale: 0.73 to 0.97.
func (e Estimate) Interval(scale float64) string {
	return words.Significant(scale*e.Low, 3) + " to " + words.Significant(scale*e.High, 3)
}
