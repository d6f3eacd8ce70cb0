package overhead

import "math/rand/v2"

// resample draws settings anew, as the bootstrap does (Efron 1979). Within each CPU count it draws as many settings as
// there are, with replacement, and of each setting its runs with replacement. Whole settings are drawn because the
// error of the model differs more between settings than between the runs of one.
func resample(settings []setting, random *rand.Rand) []setting {
	most := 0
	for _, s := range settings {
		most = max(most, len(s.runs.times))
	}
	counts := make([]int32, most)
	drawn := make([]setting, 0, len(settings))
	for _, cpus := range keysOf(settings, byCPUs) {
		with, _ := divide(settings, func(s setting) bool { return s.cpus == cpus })
		for range with {
			s := with[random.IntN(len(with))]
			s.time = s.runs.drawnMedian(random, counts)
			drawn = append(drawn, s)
		}
	}
	return drawn
}
