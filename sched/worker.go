package sched

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/numa"
)

// A worker takes chunks until there are none. All of it is written by its own goroutine only; the
// padding keeps two workers off one cache line.
type worker struct {
	job      *job
	id       int
	spent    [parts]time.Duration
	part     part          // what the worker is doing now
	mark     time.Duration // the clock reading at which it began to
	account  WorkerAccount // the rest of it: the times are in spent
	home     Range         // the voxels whose memory is on its node
	taken    Range         // what it took from the queues and has not begun
	foreign  bool          // and whether that was another worker's share
	pace     Pace
	chunkFor time.Duration // how long a chunk that was cut has taken so far
	cpu      int           // where the worker was last seen
	seen     time.Duration // and when
	late     time.Duration // how long its thread was ready without a CPU before its first chunk
	failures failures
	done     atomic.Int64 // voxels completed, for Progress

	counters  *numa.Counters
	uncounted string
	_         [cacheLine]byte
}

// A part is one of the things that a worker spends its time on.
type part int

const (
	startWait part = iota // the first, so that a worker begins in it
	firstTouch
	dispatch
	steal
	compute
	tailWait
	parts
)

// turn ends one part and begins the next with a single clock reading: no time is lost between them
// and none is counted twice.
func (w *worker) turn(next part) {
	now := w.job.clock.now()
	w.spent[w.part] += now - w.mark
	w.part, w.mark = next, now
}

// run is the worker's goroutine.
func (w *worker) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w.account.CPU = -1
	release, err := w.confine()
	if err != nil {
		w.cannotStart(err, nil)
		w.turn(tailWait)
		return
	}
	// The result may be dropped: a thread whose mask cannot be put back stays locked to this
	// goroutine, and Go ends the two together.
	defer func() { _ = release() }()
	voluntary, involuntary := numa.Switches()
	w.count()
	defer func() {
		v, i := numa.Switches()
		w.account.VoluntarySwitches, w.account.InvoluntarySwitches = v-voluntary, i-involuntary
		if w.account.CPUTime > 0 { // it has begun
			w.account.waited, w.account.waitKnown = w.job.late.ofWorker()-w.late, w.job.late.delays != nil
		}
		w.endCount()
	}()
	w.cpu = numa.CurrentCPU()
	w.account.CPU = w.cpu
	// Deferred, because a chunk may call runtime.Goexit.
	defer w.turn(tailWait)
	if w.start() {
		w.work()
	}
}

// confine puts the worker's thread where the plan wants it.
func (w *worker) confine() (release func() error, err error) {
	cpus := w.job.places[w.id]
	if len(cpus) == 0 {
		return func() error { return nil }, nil
	}
	return numa.Confine(cpus)
}

// start calls Plan.Start and says whether the worker may go on.
func (w *worker) start() (ok bool) {
	if w.job.Start == nil {
		return true
	}
	w.turn(firstTouch)
	returned := false
	defer func() {
		if !returned {
			w.cannotStart(panicked(recover()))
		}
	}()
	err := w.job.Start(w.id)
	returned = true
	if err != nil {
		w.cannotStart(err, nil)
	}
	return err == nil
}

func (w *worker) cannotStart(value any, stack []byte) {
	w.failures.start = &StartError{Worker: w.id, Value: value, Stack: stack}
	w.job.stop()
}

// count opens the processor's counters, if the plan wants them.
func (w *worker) count() {
	if !w.job.Counters {
		return
	}
	var err error
	if w.counters, err = numa.OpenCounters(); err != nil {
		w.uncounted = err.Error()
	}
}

func (w *worker) endCount() {
	if w.counters == nil {
		return
	}
	var err error
	if w.account.Counts, err = w.counters.Read(); err != nil {
		w.uncounted = err.Error()
	}
	w.counters.Close()
}

// work runs chunks for as long as there are any.
func (w *worker) work() {
	w.late = w.job.late.ofWorker()
	before := calm.ThreadTime()
	defer func() { w.account.CPUTime = calm.ThreadTime() - before }() // deferred: a chunk may call runtime.Goexit
	w.turn(dispatch)
	for w.job.ctx.Err() == nil {
		least, most := w.bounds()
		first, count := w.job.queues.Take(w.id, least, most)
		if count == 0 {
			if first, count = w.steal(least, most); count == 0 {
				return
			}
		}
		w.runChunks(first, count)
	}
}

// bounds is how many chunks the worker may take at once.
func (w *worker) bounds() (least, most int) {
	if !w.job.Elastic {
		return 1, 1
	}
	least, most = w.pace.Next()
	return max(1, least/w.job.division.PerChunk), max(1, most/w.job.division.PerChunk)
}

// steal looks for work at other workers; a count of 0 means that there will be none.
func (w *worker) steal(least, most int) (first, count int) {
	if w.job.Policy != NUMA || len(w.job.workers) == 1 {
		return 0, 0
	}
	w.turn(steal)
	for w.job.ctx.Err() == nil {
		loot, outcome := w.job.queues.Steal(w.id, least, most)
		switch outcome {
		case Stolen:
			w.turn(dispatch)
			return loot.First, loot.Count
		case Nothing:
			return 0, 0
		}
		runtime.Gosched() // let the worker that moves chunks go on, if it has no CPU
	}
	return 0, 0
}

// runChunks runs what was taken: in one call, or, for a chunk that is long, in several.
func (w *worker) runChunks(first, count int) {
	d := w.job.division
	w.taken = Range{d.At(first).Begin, d.At(first + count - 1).End}
	own, end := w.job.queues.Dealt(w.id)
	w.foreign = w.job.Policy == NUMA && (first < own || first >= end)
	for w.taken.Len() > 0 {
		part := w.taken
		if w.job.Elastic {
			_, most := w.pace.Next()
			part.End = min(part.End, part.Begin+most)
		}
		w.taken.Begin = part.End
		w.runPart(part)
		if w.taken.Len() > 0 && w.job.ctx.Err() != nil {
			return
		}
	}
}

// runPart makes one call of the chunk function and writes it down.
func (w *worker) runPart(r Range) {
	d := w.job.division
	w.account.Calls++
	begun := d.beginning(r)
	w.account.Chunks += begun
	if w.foreign {
		w.account.Stolen += begun
	}
	w.account.Voxels += r.Len()
	if w.job.homes != nil {
		local := overlap(r, w.home)
		w.account.LocalBytes += int64(local * w.job.VoxelBytes)
		w.account.FarBytes += int64((r.Len() - local) * w.job.VoxelBytes)
	}
	w.turn(compute)
	began := w.mark
	done := w.attempt(r)
	w.turn(dispatch)
	if done > 0 {
		w.done.Store(w.done.Load() + int64(done))
	}
	took := w.mark - began
	w.chunkFor += took
	if n := d.ending(r); n > 0 {
		w.account.ChunkTimes.Count(w.chunkFor/time.Duration(n), n)
		w.chunkFor = 0
	}
	if w.job.Elastic {
		w.pace.Saw(r.Len(), took)
	}
	if w.mark-w.seen >= lookEvery {
		w.look()
	}
}

// attempt calls the chunk function and returns how many voxels it did. Where a call over several chunks
// fails, each is called alone.
func (w *worker) attempt(r Range) (done int) {
	d := w.job.division
	if !w.job.Elastic || d.Of(r.Begin) == d.Of(r.End-1) {
		if w.call(r, true) {
			return r.Len()
		}
		return 0
	}
	rest := w.taken
	w.taken.Begin = r.Begin // should the call end the goroutine, all of it stays undone
	if w.call(r, false) {
		w.taken = rest
		return r.Len()
	}
	for w.taken.Begin < r.End {
		one := Range{w.taken.Begin, min(r.End, d.At(d.Of(w.taken.Begin)).End)}
		w.taken.Begin = one.End
		if w.call(one, true) {
			done += one.Len()
		}
	}
	w.taken = rest
	return done
}

// lookEvery spaces out the questions on which CPU a worker is. One is a system call, several times
// the cost of a dispatch, and the kernel leaves a busy thread where it is for milliseconds.
const lookEvery = 100 * time.Microsecond

// look notices a migration.
func (w *worker) look() {
	if cpu := numa.CurrentCPU(); cpu != w.cpu {
		w.account.Migrations++
		w.cpu = cpu
	}
	w.seen = w.mark
}

// call runs the chunk function, and keeps a failure of it from the other chunks. A failure is written
// down if the call is final: a call that ended its goroutine always is.
func (w *worker) call(r Range, final bool) (ok bool) {
	returned := false
	defer func() {
		if !returned {
			recovered := recover()
			if final || recovered == nil {
				value, stack := panicked(recovered)
				w.failures.add(r, w.id, value, stack)
			}
		}
	}()
	err := w.job.chunk(w.id, r)
	returned = true
	if err != nil && final {
		w.failures.add(r, w.id, err, nil)
	}
	return err == nil
}

// panicked is the value and stack for a call that did not return. Nothing recovered means that it
// ended the goroutine: a panic's value is never nil.
func panicked(recovered any) (value any, stack []byte) {
	if recovered == nil {
		return errGoexit, nil
	}
	return recovered, debug.Stack()
}

// accountAt is the worker's account of a run that ended at wall.
func (w *worker) accountAt(wall time.Duration) WorkerAccount {
	a := w.account
	a.StartWait, a.FirstTouch = w.spent[startWait], w.spent[firstTouch]
	a.Dispatch, a.Steal = w.spent[dispatch], w.spent[steal]
	a.Compute = w.spent[compute]
	a.TailWait = w.spent[tailWait] + wall - w.mark
	return a
}
