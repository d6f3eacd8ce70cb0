package sched

import (
	"cmp"
	"slices"
	"time"

	"github.com/voxfit/voxfit/numa"
)

// An Account says where the core-seconds of a run went. For each worker,
//
//	StartWait + FirstTouch + Dispatch + Steal + Compute + TailWait = Wall
//
// holds exactly, to the nanosecond: every part ends at the clock reading at which the next begins.
type Account struct {
	// Wall is the time from the call of Run until the last worker had finished.
	Wall time.Duration
	// Workers has one entry for each worker, by its number.
	Workers []WorkerAccount

	// Division is the voxels and the chunks that they were cut into.
	Division Division
	// Completed is the voxels whose chunks ended without error: ascending ranges, neighbours
	// joined. After a full success it is one range of all voxels; after a cancellation it says
	// which of the results can be kept.
	Completed []Range
	// Done is the number of voxels in Completed, DoneChunks the number of chunks that lie in it whole.
	Done, DoneChunks int
	// Uncounted says why the workers have no Counts; it is empty where they have, or Plan.Counters
	// did not ask for any.
	Uncounted string
}

// A WorkerAccount is what one worker did.
type WorkerAccount struct {
	// CPU is where the worker began (where it stayed, if pinned); -1 where the system does not say.
	CPU int

	// StartWait ends when the worker's thread is started and in its place.
	StartWait time.Duration
	// FirstTouch is the time in Plan.Start, where a worker makes its scratch: memory comes to lie on
	// the node of the CPU that touches it first.
	FirstTouch time.Duration
	// Dispatch is the time between chunks: asking for the next one, and the bookkeeping of this account. It includes
	// the last request, which finds nothing.
	Dispatch time.Duration
	// Steal is the time spent taking chunks out of other workers' queues, or finding none there.
	Steal time.Duration
	// Compute is the time in the chunk function.
	Compute time.Duration
	// TailWait is the time from running out of work until the whole run ended. It is lost because workers finish at
	// different times.
	TailWait time.Duration

	// Chunks is the number of chunks that the worker ran (those that failed among them), Voxels
	// their voxels. Stolen is how many of the chunks were another worker's share. Calls is how often
	// the chunk function was called: as often as Chunks says, unless the plan is Elastic.
	Chunks, Stolen, Voxels, Calls int
	// LocalBytes and FarBytes are the signal and results of its voxels (Plan.VoxelBytes each) by where they lie: on the
	// worker's own node, or on another. Both are 0 where this is not known: on several nodes without Plan.Placed, or
	// without pinning.
	LocalBytes, FarBytes int64
	// ChunkTimes is how long its chunks took. Where one call joined several chunks, each counts with an equal part of
	// the call.
	ChunkTimes Histogram
	// Migrations is how often the worker, looking between chunks (at most every 0.1 ms), found itself
	// on another CPU than before. A pinned worker has none.
	Migrations int
	// VoluntarySwitches and InvoluntarySwitches are the thread's context switches from the start of its work to the end
	// of it. Voluntary ones are waits. At involuntary ones the kernel gave its CPU to another thread.
	VoluntarySwitches, InvoluntarySwitches int64
	// CPUTime is the thread's CPU time from its first chunk on, or 0 if the system does not say. Taken says who had the
	// rest of Dispatch, Steal and Compute.
	CPUTime time.Duration
	// waited is for how long the thread was ready meanwhile, and another had its CPU. It is known where Late is.
	waited    time.Duration
	waitKnown bool
	// Late is the part of StartWait, FirstTouch and TailWait in which a thread of the run was ready and another had
	// the CPU: the worker's own, until its first chunk; that of Run's caller, until it had started all workers; and
	// the thread on which Run goes on when the last worker has ended. Waits below a quarter of a millisecond are left
	// out, since threads of the run may have waited for each other. It is known on Linux if Plan.Counters asked for
	// it, and else 0.
	Late time.Duration
	// Counts is the processor's counters over the same time, if Plan.Counters asked for them.
	Counts numa.Counts
}

// Total is the sum of the worker's parts: the Account's Wall.
func (w WorkerAccount) Total() time.Duration {
	return w.StartWait + w.FirstTouch + w.Dispatch + w.Steal + w.Compute + w.TailWait
}

// Taken returns the time, from the worker's first chunk on, in which it was ready to compute and others had its CPU,
// or 0 if the system does not say. It is what Dispatch, Steal and Compute are more than CPUTime, but where Late is
// known no more than what the thread waited for its CPU: the first chunks touch memory, and threads that do so wait
// for each other.
func (w WorkerAccount) Taken() time.Duration {
	if w.CPUTime == 0 {
		return 0
	}
	taken := max(0, w.Dispatch+w.Steal+w.Compute-w.CPUTime)
	if w.waitKnown {
		taken = min(taken, w.waited)
	}
	return taken
}

// Sum adds up all workers. Its parts are core-time, and its Total is Wall times the number of workers. Its CPU is -1.
func (a Account) Sum() WorkerAccount {
	sum := WorkerAccount{CPU: -1}
	for _, w := range a.Workers {
		sum.StartWait += w.StartWait
		sum.FirstTouch += w.FirstTouch
		sum.Dispatch += w.Dispatch
		sum.Steal += w.Steal
		sum.Compute += w.Compute
		sum.TailWait += w.TailWait
		sum.Chunks += w.Chunks
		sum.Stolen += w.Stolen
		sum.Voxels += w.Voxels
		sum.Calls += w.Calls
		sum.LocalBytes += w.LocalBytes
		sum.FarBytes += w.FarBytes
		sum.ChunkTimes.Add(w.ChunkTimes)
		sum.Migrations += w.Migrations
		sum.VoluntarySwitches += w.VoluntarySwitches
		sum.InvoluntarySwitches += w.InvoluntarySwitches
		sum.CPUTime += w.CPUTime
		sum.Late += w.Late
		sum.Counts.Add(w.Counts)
	}
	return sum
}

// settle records which voxels were completed: all except those of the missing ranges.
func (a *Account) settle(missing []Range) {
	slices.SortFunc(missing, func(x, y Range) int { return cmp.Compare(x.Begin, y.Begin) })
	begin := 0
	for _, m := range append(missing, Range{a.Division.Voxels, a.Division.Voxels}) {
		if m.Begin > begin {
			r := Range{begin, m.Begin}
			a.Completed = append(a.Completed, r)
			a.Done += r.Len()
			a.DoneChunks += a.Division.whole(r)
		}
		begin = max(begin, m.End)
	}
}
