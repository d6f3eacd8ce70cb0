package sched

import (
	"time"

	"github.com/voxfit/voxfit/internal/calm"
)

// A lateness measures for how long threads of a run were ready to run and waited for a CPU, before the chunks and
// after them. The account of a run of milliseconds depends on it where another program computes: a thread that becomes
// ready may wait for some milliseconds, until the kernel takes the CPU from that program.
type lateness struct {
	delays     calm.Delays // before the run; nil if nobody asked for them
	begin, end time.Duration
	caller     int // the thread that began the workers
}

// watchLateness is called before the clock starts.
func watchLateness(asked bool) lateness {
	if !asked {
		return lateness{}
	}
	return lateness{delays: calm.ReadDelays()}
}

// begun is called when all workers are begun.
func (l *lateness) begun() { l.begin, l.caller = l.delays.Since() }

// ended is called when all workers have ended, by the thread that goes on then.
func (l *lateness) ended() {
	waited, thread := l.delays.Since()
	if thread == l.caller {
		waited -= l.begin
	}
	l.end = waited
}

// ofWorker is called by a worker's thread before its first chunk.
func (l *lateness) ofWorker() time.Duration {
	waited, _ := l.delays.Since()
	return waited
}

// ownWait bounds what threads of a run wait for each other while they move to their places: one may begin on the CPU
// that is the place of another. Most of these waits take less than 0.1 ms. A program that computes keeps a CPU for
// longer.
const ownWait = 250 * time.Microsecond

// share fills in the account's Late. What a thread has waited may lie before the run, or, at the end, within its work.
// No part of it counts that is longer than the wait which it explains, and none that may be the run's own.
func (l *lateness) share(a *Account, workers []worker) {
	unused := a.Wall // from the end of the last worker
	for _, w := range a.Workers {
		unused = min(unused, w.TailWait)
	}
	for i := range a.Workers {
		w := &a.Workers[i]
		own, caller := min(w.StartWait+w.FirstTouch, workers[i].late), min(w.StartWait, l.begin) // it may wait for both at once
		w.Late = notOwn(max(own, caller)) + notOwn(min(unused, l.end))
	}
}

func notOwn(wait time.Duration) time.Duration {
	if wait < ownWait {
		return 0
	}
	return wait
}
