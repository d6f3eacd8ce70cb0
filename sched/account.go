package sched

import "time"

// An Account says where the core-seconds of a run went. For each worker,
//
//	StartWait + Dispatch + Steal + Compute + TailWait = Wall
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
	// Done is the number of voxels in Completed, DoneChunks the number of chunks.
	Done, DoneChunks int
}

// A WorkerAccount is what one worker did.
type WorkerAccount struct {
	// CPU is where the worker began (where it stayed, if pinned); -1 where the system does not say.
	CPU int

	// StartWait ends when the worker is ready for its first chunk: its thread started and pinned,
	// Plan.Start done.
	StartWait time.Duration
	// Dispatch is the time between chunks: asking for the next one, and the bookkeeping of this
	// account. The last, fruitless, request is part of it.
	Dispatch time.Duration
	// Steal is the time spent looking for work at other workers. It is 0 in this version: all
	// workers are served from one shared counter, so there is nothing to steal.
	Steal time.Duration
	// Compute is the time in the chunk function.
	Compute time.Duration
	// TailWait is the time from running out of work until the whole run ended: the price of workers
	// that finish at different times.
	TailWait time.Duration

	// Chunks is the number of chunks that the worker ran (those that failed among them), Voxels
	// their voxels. Stolen is how many of the chunks came from other workers, 0 as Steal is.
	Chunks, Stolen, Voxels int
	// Migrations is how often the worker, looking between chunks (at most every 0.1 ms), found itself
	// on another CPU than before. A pinned worker has none.
	Migrations int
	// VoluntarySwitches and InvoluntarySwitches are the thread's context switches from the start of
	// its work to the end of it: waits, and CPU time taken away by others.
	VoluntarySwitches, InvoluntarySwitches int64
}

// Total is the sum of the worker's parts: the Account's Wall.
func (w WorkerAccount) Total() time.Duration {
	return w.StartWait + w.Dispatch + w.Steal + w.Compute + w.TailWait
}

// Sum adds up all workers: its parts are core-time, its Total is Wall times the number of workers,
// and its CPU means nothing and is -1.
func (a Account) Sum() WorkerAccount {
	sum := WorkerAccount{CPU: -1}
	for _, w := range a.Workers {
		sum.StartWait += w.StartWait
		sum.Dispatch += w.Dispatch
		sum.Steal += w.Steal
		sum.Compute += w.Compute
		sum.TailWait += w.TailWait
		sum.Chunks += w.Chunks
		sum.Stolen += w.Stolen
		sum.Voxels += w.Voxels
		sum.Migrations += w.Migrations
		sum.VoluntarySwitches += w.VoluntarySwitches
		sum.InvoluntarySwitches += w.InvoluntarySwitches
	}
	return sum
}

// settle writes down what was completed: the chunks that were handed out are the first ones (one
// counter hands them out in order), and each of them was run to its end or failed.
func (a *Account) settle(handedOut int, failed []int) {
	begin := 0
	for _, chunk := range append(failed, handedOut) { // failed is ascending
		if chunk > begin {
			a.complete(begin, chunk)
		}
		begin = chunk + 1
	}
}

// complete adds the chunks begin to end-1.
func (a *Account) complete(begin, end int) {
	r := Range{a.Division.At(begin).Begin, a.Division.At(end - 1).End}
	a.Completed = append(a.Completed, r)
	a.Done += r.Len()
	a.DoneChunks += end - begin
}
