package overhead

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/voxfit/voxfit/study"
)

func describeErrors(relative []float64) Errors {
	if len(relative) == 0 {
		return Errors{Median: math.NaN(), Mean: math.NaN(), bias: math.NaN(), worst: math.NaN()}
	}
	absolute := make([]float64, len(relative))
	for i, e := range relative {
		absolute[i] = math.Abs(e)
	}
	return Errors{N: len(relative), Median: study.Median(absolute), Mean: stat.Mean(absolute, nil),
		bias: study.Median(relative), worst: slices.Max(absolute)}
}

// leaveOut predicts every setting by a fit without the settings that share its key, and returns the
// predictions in the order of the settings. It returns nil when there is but one key, and when some fit cannot be made.
func leaveOut(settings []setting, key func(setting) int, fit func([]setting) law) []float64 {
	keys := keysOf(settings, key)
	if len(keys) < 2 {
		return nil
	}
	predicted := make([]float64, len(settings))
	for _, k := range keys {
		with, _ := divide(settings, func(s setting) bool { return key(s) != k })
		l := fit(with)
		if l == nil {
			return nil
		}
		for i, s := range settings {
			if key(s) == k {
				predicted[i] = l.time(s)
			}
		}
	}
	return predicted
}

func keysOf(settings []setting, key func(setting) int) []int {
	var keys []int
	for _, s := range settings {
		if !slices.Contains(keys, key(s)) {
			keys = append(keys, key(s))
		}
	}
	slices.Sort(keys)
	return keys
}

func divide(settings []setting, is func(setting) bool) (with, without []setting) {
	for _, s := range settings {
		if is(s) {
			with = append(with, s)
		} else {
			without = append(without, s)
		}
	}
	return with, without
}

func byCPUs(s setting) int   { return s.cpus }
func byChunks(s setting) int { return s.chunks }

// errorsOf compares predictions with the median times of the settings.
func errorsOf(settings []setting, predicted []float64) Errors {
	var relative []float64
	for i, t := range predicted {
		relative = append(relative, t/settings[i].time-1)
	}
	return describeErrors(relative)
}
