package study

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// A Forecast is how a fit to the smaller CPU counts predicts the largest.
type Forecast struct {
	CPUs   int   // the largest CPU count
	From   []int // those fitted to
	Errors Errors
	// Points are the settings of the largest CPU count, by chunks.
	Points []ForecastPoint
	// Within is the share of the points whose measurement lies in the 95% interval of its
	// prediction.
	Within float64
	// Chosen is the form that predicts left-out CPU counts best among the smaller ones, which is a
	// choice made without a look at the largest, and ChosenErrors how it predicts the largest.
	Chosen       string
	ChosenErrors Errors
	// Best are the shortest times: predicted, and measured.
	Best     Estimate
	Measured float64
}

// A ForecastPoint is a prediction beside a measurement, in seconds.
type ForecastPoint struct {
	Chunks    int
	Predicted Estimate
	Measured  float64
}

// forecast fits the smaller CPU counts and predicts the largest. The interval of a prediction is that
// of one more setting on one more machine: the fit to settings drawn anew, times a relative error drawn
// from those made on CPU counts left out among the smaller ones (from those of the fit, where there
// is but one) at chunk counts within a factor of four.
func (h *Overhead) forecast(resamples int, random *rand.Rand) *Forecast {
	smaller, largest := h.largest()
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
	var offNearBest []float64 // where the time is within a tenth of the shortest on so many CPUs
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
		p := ForecastPoint{Chunks: s.chunks, Predicted: percentiles(fit.time(s), drawn[i]), Measured: s.time}
		if p.Measured >= p.Predicted.Low && p.Measured <= p.Predicted.High {
			f.Within += 1 / float64(len(largest))
		}
		f.Points, predicted = append(f.Points, p), append(predicted, p.Predicted.Value)
	}
	f.Errors = errorsOf(largest, predicted)
	f.choose(smaller, largest, fit.threaded)
	f.Best = percentiles(slices.Min(predicted), best)
	f.Measured = shortest(largest).time
	return f
}

// choose finds the form that predicts left-out CPU counts best among the smaller ones.
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
	f.Chosen, f.ChosenErrors = chosen.name, errorsOf(largest, predicted)
}

// shortest is the setting with the least time.
func shortest(settings []setting) setting {
	return slices.MinFunc(settings, func(a, b setting) int { return cmp.Compare(a.time, b.time) })
}
