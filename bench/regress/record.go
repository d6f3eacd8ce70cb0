package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study"
)

// How a commit is recorded.
const (
	recordedRuns  = 15   // of each program, undisturbed
	intervalError = 0.05 // the probability that a recorded interval misses; nothing is decided by it
)

// record measures the commit that is checked out and appends its times to the machine's history in a folder.
func record(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if o.base != "" || o.step != "" || o.rounds != "" {
		return errors.New("a record has all steps of the commit that is checked out: -base, -step and -rounds do not go with -record")
	}
	sets, err := o.sets()
	if err != nil {
		return err
	}
	w, err := openWorkshop(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	commit, err := w.cleanCommit(ctx, o.record)
	if err != nil {
		return err
	}
	show := newProgress(stderr)
	defer show("")
	var programs []*program
	for _, s := range suites {
		show("building " + s.folder)
		p, err := w.build(ctx, s, w.top, "tree")
		if err == nil {
			err = p.list(ctx, sets)
		}
		if err != nil {
			return err
		}
		programs = append(programs, p)
	}
	_, release, err := o.pin()
	if err != nil {
		return err
	}
	defer release()
	timings, thrown, err := repeat(ctx, programs, o.budget, show)
	if err != nil {
		return err
	}
	path, err := study.AppendHistory(o.record, speedRecords(timings, commit, time.Now().UTC()))
	if err == nil {
		fmt.Fprintf(stdout, "recorded %s of commit %s in %s; %s thrown away\n", plural.Count(len(timings), "time"), commit, path, plural.Count(thrown, "disturbed run"))
	}
	return err
}

// cleanCommit is the commit that is checked out. It is an error if the sources have changed since, because then no
// commit has the sources that are measured.
func (w *workshop) cleanCommit(ctx context.Context, folder string) (string, error) {
	changed, err := git(ctx, w.top, "status", "--porcelain", "--untracked-files=normal", "--", ".", ":(exclude)"+folder)
	if err != nil {
		return "", err
	}
	if changed != "" {
		return "", errors.New("files have changed since the last commit, so that there is no commit to record: commit them first (git status lists them)")
	}
	return git(ctx, w.top, "rev-parse", "--short", "HEAD")
}

// repeat runs the programs in turn until each has had its undisturbed runs.
func repeat(ctx context.Context, programs []*program, budget time.Duration, show func(string)) (all map[step][]timing, thrown int, err error) {
	all = map[step][]timing{}
	begin, groups := time.Now(), 0
	missing := func(p *program) []step {
		var steps []step
		for _, s := range sorted(p.benchmarks) {
			if len(all[s]) < recordedRuns {
				steps = append(steps, s)
			}
		}
		return steps
	}
	for turn := 1; turn == 1 || groups > 0; turn++ {
		groups = 0
		for _, p := range programs {
			for steps := range slices.Chunk(missing(p), together) {
				if time.Since(begin) > budget {
					return nil, thrown, fmt.Errorf("other programs disturbed %s, so that after %v some steps have fewer than %d undisturbed ones. "+
						"Nothing is recorded. Repeat on a calm machine, or with a larger BUDGET", plural.Count(thrown, "run"), budget, recordedRuns)
				}
				groups++
				found, err := p.run(ctx, steps)
				if err != nil {
					return nil, thrown, err
				}
				if found.use.Disturbed() {
					thrown++
					continue
				}
				for _, s := range steps {
					all[s] = append(all[s], shortest(found.times[s]))
				}
			}
		}
		show(fmt.Sprintf("%v: turn %d, %s thrown away", time.Since(begin).Round(time.Second), turn, plural.Count(thrown, "run")))
	}
	return all, thrown, nil
}

// speedRecords makes the rows of a history: the median over runs of the shortest time of a run, its interval, and
// the median share of the peak.
func speedRecords(timings map[step][]timing, commit string, day time.Time) []study.SpeedRecord {
	p := numa.Describe().Processor
	var records []study.SpeedRecord
	for _, s := range sorted(timings) {
		var us, peaks []float64
		for _, t := range timings[s] {
			us = append(us, t.us)
			if !math.IsNaN(t.peak) {
				peaks = append(peaks, t.peak)
			}
		}
		r := study.SpeedRecord{Processor: study.Processor{Vendor: p.Vendor, Family: p.Family, Model: p.Model, Stepping: p.Stepping},
			Set: s.set, Commit: commit, Date: day.Format(time.DateOnly), Step: s.name, Peak: math.NaN()}
		r.Low, r.Us, r.High = medianInterval(us, intervalError)
		if len(peaks) > 0 {
			_, r.Peak, _ = medianInterval(peaks, intervalError)
		}
		records = append(records, r)
	}
	return records
}
