package overhead

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// fewestSettings is the least number of settings that the model is fitted to: one more than it has coefficients.
const fewestSettings = termContention + 2

// Explain fits the model to the records, once for each engine, model and data set. voxfit's serial runs are made by the
// same workers as its other runs, with one CPU and one chunk, and take part in the fit. Serial runs of other engines
// are left out, because no schedule made them. Repetitions that other programs disturbed are left out where the setting
// has other repetitions.
//
// If the machine was busy, nothing is fitted: the explanation has the summary, and says why there is no more. It is an
// error when nothing can be fitted.
func Explain(records []study.Record, o Options) (Explanation, error) {
	if o.Resamples == 0 {
		o.Resamples = 400
	}
	summary := study.Summarise(records, study.Options{Prices: o.Prices})
	runs, _, _ := study.Calm(records)
	conditions, groups := conditionsOf(runs)
	if len(conditions) == 0 {
		return Explanation{}, errors.New("there are no runs to explain: all of them are serial, or there are none")
	}
	e := Explanation{Resamples: o.Resamples, Summary: summary, Busy: summary.BusySentence()}
	if e.Busy != "" {
		return e, nil
	}
	e.Guessed = guessedSentence(runs, o.Machines)
	variants := e.Summary.Variants()
	var analyses []*analysis
	for _, c := range conditions {
		a := newAnalysis(c, groups[c], o.Machines)
		a.Name = variants.Name(variants.Of(c))
		if len(a.settings) < fewestSettings {
			e.Notes = append(e.Notes, fmt.Sprintf("%s, %s (%s): %s of CPUs and chunks, and at least %d are needed to tell the costs apart.",
				modelname.WordsOf(c.Model), words.Voxels(c.Voxels), a.Name, words.Count(len(a.settings), "setting"), fewestSettings))
			continue
		}
		analyses = append(analyses, a)
	}
	var fits sync.WaitGroup // each draws from its own random numbers, so that the order does not matter
	for _, a := range analyses {
		fits.Go(func() { a.explain(o) })
	}
	fits.Wait()
	if len(analyses) == 0 {
		return e, errors.New(strings.Join(e.Notes, " "))
	}
	reconciled := reconciliations(analyses)
	for _, r := range reconciled {
		r.small.unequal = true
	}
	for _, a := range analyses {
		a.Limits = a.limits(summary)
		e.Overheads = append(e.Overheads, a.Overhead)
	}
	e.Gaps = gaps(analyses)
	main := largestOfEach(analyses)
	e.Answers = e.answers(main, analyses, reconciled)
	e.InShort = e.inShort(main, e.Answers)
	e.Notes = append(e.Notes, coresNotes(runs, o.Machines)...)
	for _, r := range reconciled {
		e.Notes = append(e.Notes, r.long())
	}
	e.Notes = append(e.Notes, publishedNotes(analyses)...)
	return e, nil
}

// Fits returns to how many engines, models and data sets Explain fits the model. Each takes about a second.
func Fits(records []study.Record) int {
	runs, _, _ := study.Calm(records)
	conditions, _ := conditionsOf(runs)
	return len(conditions)
}

// conditionsOf groups the records that are not serial: a group for each fit, in the order in which the fits are shown.
func conditionsOf(records []*study.Record) ([]study.Condition, map[study.Condition][]*study.Record) {
	groups, serial := map[study.Condition][]*study.Record{}, map[study.Condition][]*study.Record{}
	for _, r := range records {
		c := r.Condition()
		c.CPUs, c.Nodes = 0, 0
		switch {
		case !study.IsSerial(r.Engine):
			groups[c] = append(groups[c], r)
		case c.Engine == "serial" || c.Engine == "voxfit-serial": // by the same program, on the same data and machine
			c = ofSerial(c)
			serial[c] = append(serial[c], r)
		}
	}
	for c := range groups {
		if c.Engine == "voxfit" {
			groups[c] = append(groups[c], serial[ofSerial(c)]...)
		}
	}
	return slices.SortedFunc(maps.Keys(groups), study.Condition.Compare), groups
}

// ofSerial returns what voxfit's serial runs have in common with the runs of a condition.
func ofSerial(c study.Condition) study.Condition {
	c.Engine, c.Pin, c.Places = "", "", ""
	return c
}

// settingsOf groups records by CPU count and number of chunks.
func settingsOf(records []*study.Record, m study.Machines) []setting {
	type key struct{ cpus, chunks int }
	at := map[key]int{}
	var settings []setting
	var times [][]float64
	for _, r := range records {
		k := key{r.CPUCount, r.NumChunks}
		j, ok := at[k]
		if !ok {
			j = len(settings)
			at[k] = j
			cores, _ := m.Of(*r)
			settings, times = append(settings, newSetting(r.NumVox, r.CPUCount, r.NumChunks, cores)), append(times, nil)
		}
		times[j] = append(times[j], r.Time)
	}
	for i := range settings {
		settings[i].runs, settings[i].time = newRunTimes(times[i]), study.Median(times[i])
	}
	slices.SortFunc(settings, func(a, b setting) int {
		if a.cpus != b.cpus {
			return a.cpus - b.cpus
		}
		return a.chunks - b.chunks
	})
	return settings
}
