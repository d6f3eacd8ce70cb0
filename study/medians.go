package study

import (
	"fmt"
	"math"
)

// HasMediansOf reports whether the times of a file are the medians of another file's runs, as those of the medians in
// study/testdata are. Together the two would count the same measurements twice. At least five settings must be in both
// files, with several runs in the other one; of these, nine in ten must agree to a thousandth.
func HasMediansOf(medians, runs []Record) bool {
	type setting struct {
		engine, model, shape string
		voxels, cpus, chunks int
	}
	of := func(r Record) setting {
		return setting{r.Engine, r.Model, fmt.Sprint(r.DataShape), r.NumVox, r.CPUCount, r.NumChunks}
	}
	times, middle := map[setting][]float64{}, map[setting]float64{}
	for _, r := range runs {
		s := of(r)
		times[s] = append(times[s], r.Time)
	}
	for s, all := range times {
		if len(all) > 1 {
			middle[s] = Median(all)
		}
	}
	var shared, agree int
	for _, r := range medians {
		if m, found := middle[of(r)]; found {
			shared++
			if math.Abs(r.Time/m-1) < 1e-3 {
				agree++
			}
		}
	}
	return shared >= 5 && 10*agree >= 9*shared
}
