package sched

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Run works through the plan's voxels: it calls chunk once for each chunk, from the plan's workers,
// and returns when all is done, with the account of the time.
//
// A chunk goes to the worker that asks first, and each worker sees its own chunks in ascending
// order; which worker gets which chunk differs from run to run. worker is the worker's number, 0 to
// Workers-1: calls with the same number come one after another on one thread, so that scratch which
// belongs to a worker needs no lock. A chunk that writes to its own range of a result, and depends
// on nothing but its range, gives the same result for any number of workers and chunks.
//
// The error joins, in this order: ctx.Err() if the context ended before every chunk was handed out;
// a *StartError for each worker that could not begin; a *ChunkError for each chunk that failed, in
// ascending order (at most 16 a worker, and one line that counts the rest). If the context's is the
// only error, Run returns it as it is.
//
// A context that ends stops the run before the next chunk; chunks that are being run are run to
// their end. The account is returned in every case, and Account.Completed says which results stand.
// When Run returns, no goroutine of its own is left and no thread is pinned any more.
func Run(ctx context.Context, p Plan, chunk func(worker int, r Range) error) (Account, error) {
	clock := startClock()
	s, err := p.resolve()
	if err != nil {
		return Account{}, err
	}
	inner, stop := context.WithCancel(ctx) // ended by ctx, or by a worker that cannot start
	defer stop()
	j := &job{schedule: s, chunk: chunk, ctx: inner, stop: stop, clock: clock, count: int64(s.division.Count())}
	j.workers = make([]worker, s.Workers)

	endProgress := j.reportProgress()
	var running sync.WaitGroup
	for i := range j.workers {
		w := &j.workers[i]
		w.job, w.id = j, i
		running.Go(w.run)
	}
	running.Wait()
	wall := clock.now()
	endProgress()
	return j.close(ctx, wall)
}

// A job is one call of Run.
type job struct {
	schedule
	chunk   func(worker int, r Range) error
	ctx     context.Context
	stop    context.CancelFunc
	clock   clock
	count   int64 // chunks
	workers []worker

	// next is the number of the next chunk. Every worker writes it for every chunk, so it has a
	// cache line to itself (two, for processors that fetch lines in pairs): the fields above are
	// only read, and stay in every core's cache.
	_    [cacheLine]byte
	next atomic.Int64
	_    [cacheLine]byte
}

// cacheLine is the distance at which two cores do not disturb each other: two lines of 64 bytes.
const cacheLine = 128

// take hands out the next chunk.
func (j *job) take() (int, bool) {
	i := j.next.Add(1) - 1
	return int(i), i < j.count
}

// close makes up the account.
func (j *job) close(ctx context.Context, wall time.Duration) (Account, error) {
	a := Account{Wall: wall, Division: j.division, Workers: make([]WorkerAccount, len(j.workers))}
	for i := range j.workers {
		a.Workers[i] = j.workers[i].accountAt(wall)
	}
	failed, errs := collect(j.workers)
	handedOut := min(j.next.Load(), j.count)
	a.settle(int(handedOut), failed)
	if err := ctx.Err(); err != nil && handedOut < j.count {
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
