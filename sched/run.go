package sched

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// Run works through the plan's voxels: it calls chunk once for each chunk, from the plan's workers, and returns when
// all is done, with the account of the time. (An Elastic plan's calls join chunks, or cut them.)
//
// Each worker runs the chunks of its own share in ascending order. After that it runs what it steals from others, or
// steals back; the chunks of one theft are in ascending order, too. Which chunks are stolen differs from run to run.
// worker is the worker's number, 0 to Workers-1. Calls with the same number come one after another on one thread, so
// that scratch which belongs to a worker needs no lock. A chunk that writes to its own range of a result, and depends
// on nothing but its range, gives the same result for any number of workers and chunks.
//
// The error joins, in this order: ctx.Err() if the context ended before every chunk was begun; a *StartError for each
// worker that could not begin; a *ChunkError for each chunk that failed, in ascending order (at most 16 a worker, and
// one line that counts the rest). If the context's is the only error, Run returns it as it is.
//
// When the context ends, no further call begins, and the calls that are running go on to their end. The account is
// returned in every case, and Account.Completed says which results stand. When Run returns, no goroutine of its own is
// left and no thread is pinned any more.
func Run(ctx context.Context, p Plan, chunk func(worker int, r Range) error) (Account, error) {
	late := watchLateness(p.Counters)
	clock := startClock()
	s, err := p.resolve()
	if err != nil {
		return Account{}, err
	}
	inner, stop := context.WithCancel(ctx) // ended by ctx, or by a worker that cannot start
	defer stop()
	j := &job{schedule: s, chunk: chunk, ctx: inner, stop: stop, clock: clock, queues: s.queues(), late: late}
	j.workers = make([]worker, s.Workers)
	j.settleHomes()

	endProgress := j.reportProgress()
	var running sync.WaitGroup
	for i := range j.workers {
		w := &j.workers[i]
		w.job, w.id, w.home = j, i, j.homeOf(i)
		w.pace = NewPace(p.Voxels / s.Workers)
		running.Go(w.run)
	}
	j.late.begun()
	running.Wait()
	wall := clock.now()
	j.late.ended()
	endProgress()
	return j.close(ctx, wall)
}

// A job is one call of Run. Workers only read it.
type job struct {
	schedule
	chunk   func(worker int, r Range) error
	ctx     context.Context
	stop    context.CancelFunc
	clock   clock
	queues  *Queues
	workers []worker
	late    lateness

	// homes says where the memory lies. It is nil if that is unknown.
	homes []Home
}

// cacheLine is the distance at which two cores do not disturb each other: two lines of 64 bytes, for
// processors that fetch lines in pairs.
const cacheLine = 128

// settleHomes finds out where the voxels' memory is, if anybody counts its bytes.
func (j *job) settleHomes() {
	switch {
	case j.VoxelBytes == 0:
	case j.singleNode():
		j.homes = []Home{{anywhere, Range{0, j.Voxels}}}
	case j.Placed && j.Pin != PinNone:
		s := j.schedule
		if s.Policy == Dynamic {
			s.Policy = Static
		}
		j.homes = s.homes(s.queues())
	}
}

// homeOf is the voxels that are local to a worker.
func (j *job) homeOf(worker int) Range {
	for _, h := range j.homes {
		if h.Node == anywhere || h.Node == j.seats[worker].Node {
			return h.Range
		}
	}
	return Range{}
}

// close makes up the account.
func (j *job) close(ctx context.Context, wall time.Duration) (Account, error) {
	a := Account{Wall: wall, Division: j.division, Workers: make([]WorkerAccount, len(j.workers))}
	missing, errs := collect(j.workers)
	notBegun := 0
	leave := func(r Range) {
		if r.Len() > 0 {
			missing = append(missing, r)
			notBegun += r.Len()
		}
	}
	for i := range j.workers {
		w := &j.workers[i]
		a.Workers[i] = w.accountAt(wall)
		a.Uncounted = cmp.Or(a.Uncounted, w.uncounted)
		leave(w.taken)
	}
	for _, rest := range j.queues.left() {
		leave(Range{j.division.At(int(rest.first)).Begin, j.division.At(int(rest.end) - 1).End})
	}
	a.settle(missing)
	j.late.share(&a, j.workers)
	if err := ctx.Err(); err != nil && notBegun > 0 {
		if len(errs) == 0 {
			return a, err
		}
		errs = append([]error{err}, errs...)
	}
	return a, errors.Join(errs...)
}

// A clock counts from the beginning of a run. Subtracting from a fixed beginning costs one reading
// of the monotonic clock, where time.Now makes two of different clocks.
type clock struct{ origin time.Time }

func startClock() clock { return clock{time.Now()} }

func (c clock) now() time.Duration { return time.Since(c.origin) }
