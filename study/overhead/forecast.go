package overhead

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/voxfit/voxfit/study"
)

// forecast fits the smaller CPU counts and predicts the largest. The interval of a prediction is for one more setting
// on one more machine. Each draw is a fit to resampled settings, multiplied by a relative error. These errors are those
// of the smaller CPU counts when each was left out, at numbers of chunks within a factor of four. Where there is only
// one smaller CPU count, they are the errors of the fit itself.
func (a *analysis) forecast(resamples int, random *rand.Rand) *Forecast {
	smaller, largest := a.largest()
	if len(smaller) == 0 {
		return nil
	}
	fit := wholeForm.fit(smaller)
	f := &Forecast{CPUs: largest[0].cpus, From: keysOf(smaller, byCPUs)}
	off := leaveOut(smaller, byCPUs, func(s []setting) law { return wholeForm.fit(s) })
	if off == nil {
		for _, s := range smaller {
			off = append(off, fit.time(s))
		}
	}
	var offNearBest []float64 // where the time is within a tenth of the shortest one on that CPU count
	for i, s := range smaller {
		off[i] = s.time / off[i]
		with, _ := divide(smaller, func(t setting) bool { return t.cpus == s.cpus })
		if s.time < 1.1*shortest(with).time {
			offNearBest = append(offNearBest, off[i])
		}
	}
	near := make([][]float64, len(largest)) // for each setting, the errors at chunk counts near it
	for i, s := range largest {
		for j, t := range smaller {
			if t.chunks <= 4*s.chunks && s.chunks <= 4*t.chunks {
				near[i] = append(near[i], off[j])
			}
		}
		if near[i] == nil {
			near[i] = off
		}
	}
	drawn := make([][]float64, len(largest))
	var best []float64
	for range resamples {
		g := wholeForm.fit(resample(smaller, random))
		least := math.Inf(1)
		for i, s := range largest {
			t := g.time(s) * near[i][random.IntN(len(near[i]))]
			drawn[i] = append(drawn[i], t)
			least = min(least, g.time(s))
		}
		best = append(best, least*offNearBest[random.IntN(len(offNearBest))])
	}
	var predicted []float64
	for i, s := range largest {
		p := ForecastPoint{Chunks: s.chunks, Predicted: study.Percentiles(fit.time(s), drawn[i]), Measured: s.time}
		if p.Measured >= p.Predicted.Low && p.Measured <= p.Predicted.High {
			f.within += 1 / float64(len(largest))
		}
		f.Points, predicted = append(f.Points, p), append(predicted, p.Predicted.Value)
	}
	f.Errors = errorsOf(largest, predicted)
	f.choose(smaller, largest, fit.threaded)
	f.best = study.Percentiles(slices.Min(predicted), best)
	f.measured = shortest(largest).time
	return f
}

// choose finds the form that predicts best among the smaller CPU counts, each left out in turn.
func (f *Forecast) choose(smaller, largest []setting, hyperthreads bool) {
	least := math.Inf(1)
	var chosen form
	for _, g := range comparedForms(hyperthreads) {
		left := leaveOut(smaller, byCPUs, func(s []setting) law { return g.fit(s) })
		if e := errorsOf(smaller, left); left != nil && e.Mean < least {
			least, chosen = e.Mean, g
		}
	}
	if math.IsInf(least, 1) {
		return
	}
	l := chosen.fit(smaller)
	var predicted []float64
	for _, s := range largest {
		predicted = append(predicted, l.time(s))
	}
	f.chosen, f.chosenErrors = chosen.name, errorsOf(largest, predicted)
}

// shortest returns the setting with the least time.
func shortest(settings []setting) setting {
	return slices.MinFunc(settings, func(a, b setting) int { return cmp.Compare(a.time, b.time) })
}
