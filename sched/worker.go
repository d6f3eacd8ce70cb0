package sched

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

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
	cpu      int           // where the worker was last seen
	seen     time.Duration // and when
	failures failures
	done     atomic.Int64 // voxels completed, for Progress
	_        [cacheLine]byte
}

// A part is one of the things that a worker spends its time on.
type part int

const (
	startWait part = iota // the first, so that a worker begins in it
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
	defer func() {
		v, i := numa.Switches()
		w.account.VoluntarySwitches, w.account.InvoluntarySwitches = v-voluntary, i-involuntary
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
	cpus := w.job.place(w.id)
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

// work runs chunks for as long as there are any. The context is asked before a chunk is taken, never
// after: a chunk that was taken is run, which is what lets Account.Completed be computed instead of
// recorded.
func (w *worker) work() {
	w.turn(dispatch)
	for w.job.ctx.Err() == nil {
		chunk, ok := w.job.take()
		if !ok {
			return
		}
		w.runChunk(chunk)
	}
}

func (w *worker) runChunk(chunk int) {
	r := w.job.division.At(chunk)
	w.account.Chunks++
	w.account.Voxels += r.Len()
	w.turn(compute)
	ok := w.call(chunk, r)
	w.turn(dispatch)
	if ok {
		w.done.Store(w.done.Load() + int64(r.Len()))
	}
	if w.mark-w.seen >= lookEvery {
		w.look()
	}
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

// call runs the chunk function, and keeps a failure of it from the other chunks.
func (w *worker) call(chunk int, r Range) (ok bool) {
	returned := false
	defer func() {
		if !returned {
			value, stack := panicked(recover())
			w.failures.add(chunk, r, w.id, value, stack)
		}
	}()
	err := w.job.chunk(w.id, r)
	returned = true
	if err != nil {
		w.failures.add(chunk, r, w.id, err, nil)
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
	a.StartWait, a.Dispatch, a.Steal = w.spent[startWait], w.spent[dispatch], w.spent[steal]
	a.Compute = w.spent[compute]
	a.TailWait = w.spent[tailWait] + wall - w.mark
	return a
}
