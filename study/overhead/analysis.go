package overhead

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/voxfit/voxfit/study"
)

// An analysis is an Overhead with the settings and the fits that it is found from.
type analysis struct {
	Overhead
	published bool
	unequal   bool // the data set disagrees with a larger one of its model: perhaps its chunks have unequal work
	settings  []setting
	fit       fitted
	drawn     []fitted  // fits to settings drawn anew
	leftOut   []float64 // times of the settings, predicted without those of their CPU count
}

func newAnalysis(c study.Condition, records []*study.Record, m study.Machines) *analysis {
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
	if a.Core != nil {
		a.Core.High = max(a.Core.High, a.most(termCore))
	}
	for term, e := range map[int]*study.Estimate{termChunk: a.Chunk, termSerial: a.Serial, termContention: a.Contention} {
		if e != nil && e.High == 0 { // in all draws
			e.High = a.most(term)
		}
	}
	a.ThreadUntold = useThreads(a.settings) && !a.fit.threaded
	if a.fit.threaded {
		e := a.estimate(func(f fitted) float64 { return f.thread })
		if e.Low == e.High { // in all draws
			e.Low, e.High = a.threadsAllowed()
		}
		a.Thread = &e
	}
	a.compare()
	a.Forecast = a.forecast(o.Resamples, random)
	a.Reported = a.reported()
	a.Shortest, a.Curves = a.shortestRuns(), a.curves()
}

// allowed is the 95% quantile of chi-squared with one degree of freedom: for twice the logarithm of the likelihood.
const allowed = 3.84

// threadsAllowed returns the least and the largest share of a second hyperthread that the settings allow, as most does
// for a cost.
func (a *analysis) threadsAllowed() (low, high float64) {
	towards := func(end float64) float64 {
		within, beyond := a.fit.thread, end
		for range 12 {
			middle := (within + beyond) / 2
			if f := wholeForm.fitWith(a.settings, middle, 1); float64(len(a.settings))*math.Log(f.loss/a.fit.loss) < allowed {
				within = middle
			} else {
				beyond = middle
			}
		}
		return within
	}
	return towards(0), towards(1)
}

// most returns the largest value of a term that the settings allow: with the other costs fitted beside it, the loss
// grows by no more than it would by chance in 19 of 20 cases (the profile likelihood). The bootstrap cannot tell this
// where the cost is at its bound of zero, because then perhaps no draw leaves zero.
func (a *analysis) most(term int) float64 {
	rest := form{terms: slices.DeleteFunc(slices.Clone(allTerms), func(i int) bool { return i == term })}
	n := float64(len(a.settings))
	worse := func(value float64) float64 {
		without := slices.Clone(a.settings)
		for i := range without {
			if without[i].time -= value * a.fit.of(term, &a.settings[i]); without[i].time <= 0 {
				return math.Inf(1)
			}
		}
		f, loss := rest.fit(without), 0.0
		for _, s := range a.settings {
			loss += huber((f.time(s)+value*a.fit.of(term, &s))/s.time - 1)
		}
		return n * math.Log(loss/a.fit.loss)
	}
	low := a.fit.values[term]
	high := low + 1e-6
	for worse(high) < allowed && high < a.fit.values[termWork] {
		high = low + 2*(high-low)
	}
	for range 12 {
		if middle := (low + high) / 2; worse(middle) < allowed {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// estimate is a quantity of the fit with its interval.
func (a *analysis) estimate(of func(fitted) float64) study.Estimate {
	var drawn []float64
	for _, f := range a.drawn {
		drawn = append(drawn, of(f))
	}
	return study.Percentiles(of(a.fit), drawn)
}

// compare finds how well each form and each law predicts runs that were left out of its fit.
func (a *analysis) compare() {
	for i, f := range comparedForms(a.fit.threaded) {
		fit := func(s []setting) law { return f.fit(s) }
		whole := f.fit(a.settings)
		c := a.comparison(f.name, whole, fit)
		c.Chunks = errorsOf(a.settings, leaveOut(a.settings, byChunks, fit))
		c.aic = a.aic(whole)
		a.Forms = append(a.Forms, c)
		if f.overlap != 0 {
			a.Overlapped = whole.values[termChunk]
		}
		if i == 0 {
			a.leftOut = leaveOut(a.settings, byCPUs, fit)
		}
	}
	for _, l := range knownLaws {
		whole := l.fit(a.settings)
		if whole == nil {
			continue
		}
		c := a.comparison(l.name, whole, l.fit)
		c.Chunks = errorsOf(a.settings, leaveOut(a.settings, byChunks, l.fit))
		a.Laws = append(a.Laws, c)
	}
	for _, f := range alternatives() {
		whole := f.fit(a.settings)
		c := a.comparison(f.name, whole, func(s []setting) law { return f.fit(s) })
		c.aic = a.aic(whole)
		a.Alternatives = append(a.Alternatives, Alternative{Comparison: c, Found: a.found(whole), fit: whole})
	}
	a.relateAIC()
}

// comparison judges a form or law by CPU counts left out. whole is its fit to all settings.
func (a *analysis) comparison(name string, whole law, fit func([]setting) law) Comparison {
	c := Comparison{Name: name, Chunks: describeErrors(nil)}
	var within []float64
	for _, s := range a.settings {
		within = append(within, whole.time(s))
	}
	c.Within = errorsOf(a.settings, within)
	c.CPUs = errorsOf(a.settings, leaveOut(a.settings, byCPUs, fit))
	smaller, largest := a.largest()
	if len(smaller) == 0 {
		c.Largest = describeErrors(nil)
		return c
	}
	l := fit(smaller)
	if l == nil {
		c.Largest = describeErrors(nil)
		return c
	}
	var ahead []float64
	for _, s := range largest {
		ahead = append(ahead, l.time(s))
	}
	c.Largest = errorsOf(largest, ahead)
	return c
}

// aic is Akaike's criterion (1974) of a fit, with the robust loss in the place of the sum of squares.
func (a *analysis) aic(f fitted) float64 {
	n := float64(len(a.settings))
	return n*math.Log(2*f.loss/n) + 2*float64(f.unknowns())
}

// relateAIC subtracts the least criterion from that of each form.
func (a *analysis) relateAIC() {
	least := math.Inf(1)
	for _, c := range a.Forms {
		least = min(least, c.aic)
	}
	for _, c := range a.Alternatives {
		least = min(least, c.aic)
	}
	for i := range a.Forms {
		a.Forms[i].AIC = a.Forms[i].aic - least
	}
	for i := range a.Alternatives {
		a.Alternatives[i].AIC = a.Alternatives[i].aic - least
	}
}

// largest divides the settings into those of the largest CPU count and the others.
func (a *analysis) largest() (smaller, largest []setting) {
	most := slices.Max(a.CPUCounts)
	return divide(a.settings, func(s setting) bool { return s.cpus < most })
}

// curves returns the times of each CPU count, and the fitted times at numbers of chunks that grow by a quarter.
func (a *analysis) curves() []Curve {
	var curves []Curve
	at := 0 // settings are in the order of their CPU counts
	for _, cpus := range a.CPUCounts {
		c := Curve{CPUs: cpus}
		with, _ := divide(a.settings, func(s setting) bool { return s.cpus == cpus })
		for _, s := range with {
			m := MeasuredTime{Chunks: s.chunks, Time: study.Describe(s.runs.times)}
			if a.leftOut != nil {
				m.LeftOut = a.leftOut[at]
			}
			c.Measured, at = append(c.Measured, m), at+1
		}
		last := with[len(with)-1]
		for chunks := with[0].chunks; chunks < last.chunks; chunks = max(chunks+1, chunks*5/4) {
			c.Fitted = append(c.Fitted, FittedTime{chunks, a.fit.time(newSetting(a.Voxels, cpus, chunks, with[0].cores))})
		}
		c.Fitted = append(c.Fitted, FittedTime{last.chunks, a.fit.time(last)})
		curves = append(curves, c)
	}
	return curves
}
