package overhead

import (
	"math/rand/v2"

	"github.com/voxfit/voxfit/study"
)

// resample draws settings anew, the bootstrap (Efron 1979): within each CPU count as many settings
// as there are, with replacement, and of each its runs with replacement. Whole settings are drawn
// because the model is wrong by more from setting to setting than the runs of one differ.
func resample(settings []setting, random *rand.Rand) []setting {
	var drawn []setting
	for _, cpus := range keysOf(settings, byCPUs) {
		with, _ := divide(settings, func(s setting) bool { return s.cpus == cpus })
		for range with {
			s := with[random.IntN(len(with))]
			times := make([]float64, len(s.times))
			for i := range times {
				times[i] = s.times[random.IntN(len(s.times))]
			}
			s.time = study.Median(times)
			drawn = append(drawn, s)
		}
	}
	return drawn
}
