package overhead

import (
	"math/rand/v2"

	"github.com/voxfit/voxfit/study"
)

// resample draws settings anew, as the bootstrap does (Efron 1979). Within each CPU count it draws as many settings as
// there are, with replacement, and of each setting its runs with replacement. Whole settings are drawn because the
// error of the model differs more between settings than between the runs of one.
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
