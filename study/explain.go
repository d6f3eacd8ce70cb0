package study

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	modelname "github.com/voxfit/voxfit/model/name"
)

// ExplainOptions says how overheads are fitted.
type ExplainOptions struct {
	// Machines says what the CPUs of the records are.
	Machines Machines
	// Resamples is how many times the settings are drawn anew for the intervals; 0: 400.
	Resamples int
	// Seed makes the intervals repeatable.
	Seed uint64
}

// An Explanation says what the runs of each model spend their time on.
type Explanation struct {
	Overheads []Overhead
	Notes     []string

	summary Summary // for the accounts of the workers' time
}

// An Overhead is the model
//
//	time = serial part + work / p + cost of a chunk x chunks + cost of a core x cores + contention
//
// fitted to all runs of one engine, model and data set, over CPU counts and chunk counts.
type Overhead struct {
	Condition // without CPU count and nodes
	Published bool
	Runs      int
	// Settings is how many pairs of a CPU count and a chunk count there are.
	Settings  int
	CPUCounts []int

	// Work is the seconds of the whole work on one core, Chunk the seconds for each chunk, Serial
	// those of the serial part, Core those for each core in use, and Contention the seconds of work
	// more for each other busy CPU of the socket. nil: these runs cannot tell it from the others.
	Work, Chunk, Serial, Core, Contention *Estimate
	// Thread is the share of a core that a second hyperthread adds; nil: no run used any.
	Thread *Estimate

	// Forms compares the model with itself less a term, and Laws with the laws that know processors
	// alone.
	Forms, Laws []Comparison
	// Overlapped is the seconds for each chunk when the handing out goes on while the CPUs work.
	Overlapped float64
	// Forecast is how a fit to the smaller CPU counts predicts the largest; nil with one CPU count.
	Forecast *Forecast
	// Reported are the published report's own times beside what the fit says of them; only for the
	// published study's runs.
	Reported []ReportedTime
	// Limits says in words what limits the runs.
	Limits []string

	engine   string // its name, with what tells it from others
	settings []setting
	fit      fitted
	drawn    []fitted
	leftOut  []float64 // times of the settings, predicted without those of their CPU count
}

// A Comparison is one way to write the time, and how well it predicts runs that it was not fitted to.
type Comparison struct {
	Name    string
	Within  Errors // of the settings that it was fitted to
	CPUs    Errors // leaving out each CPU count in turn
	Chunks  Errors // leaving out each number of chunks in turn
	Largest Errors // fitted to the smaller CPU counts, on the largest
}

// fewestSettings is what the model is fitted to at least: one more than its coefficients.
const fewestSettings = termCount + 1

// Explain fits the model to the records, one fit for each engine, model and data set. Serial runs are
// left out: they take part in no schedule. It is an error when nothing can be fitted.
func Explain(records []Record, o ExplainOptions) (Explanation, error) {
	if o.Resamples == 0 {
		o.Resamples = 400
	}
	var e Explanation
	var conditions []Condition
	groups := map[Condition][]Record{}
	for _, r := range records {
		c := conditionOf(r)
		c.CPUs, c.Nodes = 0, 0
		if IsSerial(r.Engine) {
			continue
		}
		if groups[c] == nil {
			conditions = append(conditions, c)
		}
		groups[c] = append(groups[c], r)
	}
	slices.SortFunc(conditions, compareConditions)
	if len(conditions) == 0 {
		return e, errors.New("there are no runs to explain: all of them are serial, or there are none")
	}
	e.summary = Summarise(records, Options{})
	names := e.summary.naming()
	for _, c := range conditions {
		settings := settingsOf(groups[c], o.Machines)
		if len(settings) < fewestSettings {
			e.Notes = append(e.Notes, fmt.Sprintf("%s, %s (%s): %s of CPUs and chunks, and at least %d are needed to tell the costs apart.",
				modelname.WordsOf(c.Model), countOfVoxels(c.Voxels), c.Engine, countOf(len(settings), "setting"), fewestSettings))
			continue
		}
		e.Overheads = append(e.Overheads, Overhead{Condition: c, Published: groups[c][0].Published(), Runs: len(groups[c]),
			Settings: len(settings), settings: settings, engine: names.name(names.of(c))})
	}
	var fits sync.WaitGroup // each draws from its own random numbers, so that the order does not matter
	for i := range e.Overheads {
		fits.Go(func() { e.Overheads[i].explain(o) })
	}
	fits.Wait()
	if len(e.Overheads) == 0 {
		return e, errors.New(strings.Join(e.Notes, " "))
	}
	e.Notes = append(e.Notes, coresNotes(records, o.Machines)...)
	e.Notes = append(e.Notes, e.threadNotes()...)
	e.Notes = append(e.Notes, e.publishedNotes()...)
	return e, nil
}

// settingsOf groups records by CPU count and number of chunks.
func settingsOf(records []Record, m Machines) []setting {
	type key struct{ cpus, chunks int }
	at := map[key]int{}
	var settings []setting
	for _, r := range records {
		k := key{r.CPUCount, r.NumChunks}
		i, ok := at[k]
		if !ok {
			i = len(settings)
			at[k] = i
			cores, _ := m.of(r)
			settings = append(settings, newSetting(r.NumVox, r.CPUCount, r.NumChunks, cores))
		}
		settings[i].times = append(settings[i].times, r.Time)
	}
	for i := range settings {
		settings[i].time = Describe(settings[i].times).Mean
	}
	slices.SortFunc(settings, func(a, b setting) int {
		if a.cpus != b.cpus {
			return a.cpus - b.cpus
		}
		return a.chunks - b.chunks
	})
	return settings
}

// coresNotes says what CPU counts were taken for, and how that is known.
func coresNotes(records []Record, m Machines) []string {
	said := map[string]map[int]string{}
	for _, r := range records {
		if IsSerial(r.Engine) {
			continue
		}
		c, how := m.of(r)
		words := fmt.Sprintf("%s for %s", countOf(r.CPUCount, "CPU"), countOf(c.Physical, "core"))
		if c.Sockets > 1 {
			words += fmt.Sprintf(" in %d sockets", c.Sockets)
		}
		if said[how] == nil {
			said[how] = map[int]string{}
		}
		said[how][r.CPUCount] = words
	}
	var notes []string
	for _, how := range slices.Sorted(maps.Keys(said)) {
		var words []string
		for _, cpus := range slices.Sorted(maps.Keys(said[how])) {
			words = append(words, said[how][cpus])
		}
		notes = append(notes, fmt.Sprintf("Taken: %s (%s).", strings.Join(words, ", "), how))
	}
	return notes
}

// threadNotes says where the data sets of one model disagree on what a second hyperthread adds.
func (e Explanation) threadNotes() []string {
	var notes []string
	for i, h := range e.Overheads {
		for _, other := range e.Overheads[:i] { // the larger data set first
			same := h.Condition
			same.Voxels = other.Voxels
			if same == other.Condition && h.Thread != nil && other.Thread != nil &&
				(h.Thread.Low > other.Thread.High || h.Thread.High < other.Thread.Low) {
				notes = append(notes, fmt.Sprintf("%s: a second hyperthread adds %s of a core on %s and %s on %s. These intervals do not meet: "+
					"what was fitted to one size of data need not hold for another.", modelname.WordsOf(h.Model), other.Thread.inWords(100, "%"),
					countOfVoxels(other.Voxels), h.Thread.inWords(100, "%"), countOfVoxels(h.Voxels)))
			}
		}
	}
	return notes
}

// explain fits, resamples, compares and forecasts.
func (h *Overhead) explain(o ExplainOptions) {
	h.CPUCounts = keysOf(h.settings, byCPUs)
	h.fit = wholeForm.fit(h.settings)
	random := rand.New(rand.NewPCG(o.Seed, 5))
	for range o.Resamples {
		h.drawn = append(h.drawn, wholeForm.fit(resample(h.settings, random)))
	}
	for term, field := range map[int]**Estimate{termWork: &h.Work, termChunk: &h.Chunk, termSerial: &h.Serial,
		termCore: &h.Core, termContention: &h.Contention} {
		if h.fit.told[term] {
			e := h.estimate(func(f fitted) float64 { return f.values[term] })
			*field = &e
		}
	}
	if h.fit.threaded {
		e := h.estimate(func(f fitted) float64 { return f.thread })
		h.Thread = &e
	}
	h.compare()
	h.Forecast = h.forecast(o.Resamples, random)
	h.Reported = h.reported()
	h.Limits = h.limits()
}

// estimate is a quantity of the fit with its interval.
func (h *Overhead) estimate(of func(fitted) float64) Estimate {
	var drawn []float64
	for _, f := range h.drawn {
		drawn = append(drawn, of(f))
	}
	return percentiles(of(h.fit), drawn)
}

// compare tries every form and law on runs left out.
func (h *Overhead) compare() {
	for i, f := range comparedForms(h.fit.threaded) {
		fit := func(s []setting) law { return f.fit(s) }
		h.Forms = append(h.Forms, h.comparison(f.name, fit))
		if f.overlap {
			h.Overlapped = f.fit(h.settings).values[termChunk]
		}
		if i == 0 {
			h.leftOut = leaveOut(h.settings, byCPUs, fit)
		}
	}
	h.Laws = []Comparison{
		h.comparison("Amdahl's law", fitAmdahl),
		h.comparison("Gustafson's law", fitGustafson),
		h.comparison("universal scalability law", fitUniversal),
	}
}

func (h *Overhead) comparison(name string, fit func([]setting) law) Comparison {
	c := Comparison{Name: name}
	l := fit(h.settings)
	var within []float64
	for _, s := range h.settings {
		within = append(within, l.time(s))
	}
	c.Within = errorsOf(h.settings, within)
	c.CPUs = errorsOf(h.settings, leaveOut(h.settings, byCPUs, fit))
	c.Chunks = errorsOf(h.settings, leaveOut(h.settings, byChunks, fit))
	smaller, largest := h.largest()
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
func (h *Overhead) largest() (smaller, largest []setting) {
	most := slices.Max(h.CPUCounts)
	return divide(h.settings, func(s setting) bool { return s.cpus < most })
}
