package compare

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/voxfit/voxfit/study"
)

// Rounds are the values of one quantity, one from each round.
type Rounds []float64

// Over is the median of the ratios to another quantity in the same rounds.
func (r Rounds) Over(other Rounds) float64 {
	ratios := make(Rounds, len(r))
	for i := range ratios {
		ratios[i] = r[i] / other[i]
	}
	return study.Median(ratios)
}

// String is "155 (154 - 160)", the median with the lowest and the highest, or "-" where nothing was measured.
func (r Rounds) String() string {
	if len(r) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%s - %s)", Significant(study.Median(r)), Significant(slices.Min(r)), Significant(slices.Max(r)))
}

// Significant writes three significant figures, and all figures before the point.
func Significant(x float64) string {
	if x >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return fmt.Sprintf("%.3g", x)
}
