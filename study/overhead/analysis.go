package overhead

import (
	"math/rand/v2"
	"slices"

	"github.com/voxfit/voxfit/study"
)

// An analysis is an Overhead with the settings and the fits that it is found from.
type analysis struct {
	Overhead
	published bool
	settings  []setting
	fit       fitted
	drawn     []fitted  // fits to settings drawn anew
	leftOut   []float64 // times of the settings, predicted without those of their CPU count
}

func newAnalysis(c study.Condition, records []study.Record, m study.Machines) *analysis {
	settings := settingsOf(records, m)
	return &analysis{Overhead: Overhead{Condition: c, Runs: len(records), Settings: len(settings)},
		published: records[0].Published(), settings: settings}
}

// explain fits, resamples, compares and forecasts.
func (a *analysis) explain(o Options) {
	a.CPUCounts = keysOf(a.settings, byCPUs)
	a.fit = wholeForm.fit(a.settings)
	random := rand.New(rand.NewPCG(o.Seed, 5))
	for range o.Resamples {
		a.drawn = append(a.drawn, wholeForm.fit(resample(a.settings, random)))
	}
	for term, field := range map[int]**study.Estimate{termWork: &a.Work, termChunk: &a.Chunk, termSerial: &a.Serial,
		termCore: &a.Core, termContention: &a.Contention} {
		if a.fit.told[term] {
			e := a.estimate(func(f fitted) float64 { return f.values[term] })
			*field = &e
		}
	}
	if a.fit.threaded {
		e := a.estimate(func(f fitted) float64 { return f.thread })
		a.Thread = &e
	}
	a.compare()
	a.Forecast = a.forecast(o.Resamples, random)
	a.Reported = a.reported()
	a.Shortest, a.Curves = a.shortestRuns(), a.curves()
	a.Limits = a.limits()
}

// estimate is a quantity of the fit with its interval.
func (a *analysis) estimate(of func(fitted) float64) study.Estimate {
	var drawn []float64
	for _, f := range a.drawn {
		drawn = append(drawn, of(f))
	}
	return study.Percentiles(of(a.fit), drawn)
}

// compare tries every form and law on runs left out.
func (a *analysis) compare() {
	for i, f := range comparedForms(a.fit.threaded) {
		fit := func(s []setting) law { return f.fit(s) }
		a.Forms = append(a.Forms, a.comparison(f.name, fit))
		if f.overlap {
			a.Overlapped = f.fit(a.settings).values[termChunk]
		}
		if i == 0 {
			a.leftOut = leaveOut(a.settings, byCPUs, fit)
		}
	}
	a.Laws = []Comparison{
		a.comparison("Amdahl's law", fitAmdahl),
		a.comparison("Gustafson's law", fitGustafson),
		a.comparison("universal scalability law", fitUniversal),
	}
}

func (a *analysis) comparison(name string, fit func([]setting) law) Comparison {
	c := Comparison{Name: name}
	l := fit(a.settings)
	var within []float64
	for _, s := range a.settings {
		within = append(within, l.time(s))
	}
	c.Within = errorsOf(a.settings, within)
	c.CPUs = errorsOf(a.settings, leaveOut(a.settings, byCPUs, fit))
	c.Chunks = errorsOf(a.settings, leaveOut(a.settings, byChunks, fit))
	smaller, largest := a.largest()
	if len(smaller) == 0 {
		c.Largest = describeErrors(nil)
		return c
	}
	l = fit(smaller)
	var ahead []float64
	for _, s := range largest {
		ahead = append(ahead, l.time(s))
	}
	c.Largest = errorsOf(largest, ahead)
	return c
}

// largest divides the settings into those of the largest CPU count and the others.
func (a *analysis) largest() (smaller, largest []setting) {
	most := slices.Max(a.CPUCounts)
	return divide(a.settings, func(s setting) bool { return s.cpus < most })
}
