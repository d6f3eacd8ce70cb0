package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/study"
)

// A useWatch measures the times of the CPUs of a run, and the part of this program and of the programs below it.
type useWatch struct {
	cpus []int
	all  calm.CPUTimes
	own  float64 // seconds
}

// watchUse begins to watch some CPUs, or all CPUs if none is named.
func watchUse(cpus []int) useWatch {
	return useWatch{cpus, calm.CPUs(cpus...), calm.ProcessTree(os.Getpid()).Seconds()}
}

// addHost writes what the host took of the CPUs into a record. The record's other times are from the workers
// themselves.
func (w useWatch) addHost(record *study.Record) {
	record.HostSteal = calm.CPUs(w.cpus...).Since(w.all).Stolen.Seconds()
}

// add writes into a record what the programs of its run had of all CPUs, and what other programs had. Both are known to
// a tick of each CPU. Less than three ticks count as nothing.
func (w useWatch) add(record *study.Record) {
	since := calm.CPUs(w.cpus...).Since(w.all)
	own := calm.ProcessTree(os.Getpid()).Seconds() - w.own
	if !since.Known || own <= 0 {
		return
	}
	record.CPUTime, record.HostSteal = own, since.Stolen.Seconds()
	if others := since.Busy.Seconds() - own; others > 3*calm.Tick.Seconds()*float64(record.CPUCount) {
		record.Taken = others
	}
}

// measureCalmly measures a run. If other programs disturbed it, it measures again, up to --retries times and as long as
// the whole study has retries and time left. It returns the try that was disturbed least.
func (o *runOptions) measureCalmly(ctx context.Context, p plannedRun, peers *pythonStudy, results *fit.Room, stderr io.Writer) (study.Record, error) {
	var best study.Record
	for try := 1; ; try++ {
		var record study.Record
		var err error
		if p.inPython() {
			record, err = peers.measure(ctx, p, stderr)
		} else {
			record, err = o.measure(ctx, p, results)
		}
		if err != nil {
			return record, err
		}
		if try == 1 || record.TakenShare() < best.TakenShare() {
			best = record
		}
		best.Tries = try
		late := !o.retryUntil.IsZero() && time.Now().After(o.retryUntil)
		if !record.Disturbed() || try > o.retries || o.retriesLeft == 0 || late {
			return best, nil
		}
		o.retriesLeft--
	}
}

// sayDisturbed says after a study how many of its new runs were disturbed in all tries.
func sayDisturbed(stderr io.Writer, records []study.Record) {
	disturbed, again := 0, 0
	for _, r := range records {
		if r.Disturbed() {
			disturbed++
		}
		again += max(0, r.Tries-1)
	}
	if disturbed > 0 {
		fmt.Fprintf(stderr, "kbench: warning: other programs took more than 5%% of the CPUs in %d of %s (column disturbed), after %s; stop them and measure again\n",
			disturbed, plural.Count(len(records), "run"), plural.Count(again, "repetition"))
	}
}
