// Package sched hands chunks of voxels to workers, and keeps account of where every core-second went.
//
// # The work
//
// Fitting a model to a brain is the same small computation for some hundred thousand voxels, none of
// which needs another's result. So the voxels are numbered, cut into chunks (a [Range] each, see
// [Divide]), and a few workers, one for each CPU, run the chunks:
//
//	account, err := sched.Run(ctx, sched.Plan{Voxels: n, Chunks: 1024, Pin: true},
//		func(worker int, r sched.Range) error {
//			fit(scratch[worker], params[r.Begin:r.End], signal[r.Begin:r.End])
//			return nil
//		})
//
// A worker is a goroutine that keeps one operating-system thread to itself, pinned to one CPU if the
// [Plan] says so. It asks for a chunk, runs it, asks for the next. Dispatch is one atomic increment
// of a counter that all workers share: chunk i is arithmetic on i, so there is no queue, no lock and
// no message. With the two clock readings that costs about a tenth of a microsecond a chunk
// (BenchmarkEmptyChunk). The quickest model takes about a microsecond a voxel, so even the study's
// smallest chunks, of 13 voxels, are dispatched for about a hundredth of their price.
//
// Because chunks are handed out in order, each worker sees its own in ascending order, and what has
// been handed out is at any time the first part of all. [Account] uses this to say which voxels were
// completed when a run is stopped half-way.
//
// # How many workers, and where
//
// By default there is one worker for each CPU that the process may use, or fewer if its container's
// CPU quota pays for fewer (package numa finds out). A Plan may ask for any other number, so that
// a measurement "on 8 CPUs" is one, and may name the CPUs. Pinned, worker i stays on one of them;
// unpinned but with CPUs named, all workers roam over the set, which is how a container behaves. A
// Plan's Start is where a worker allocates its scratch: it is called on the worker's own thread,
// already in place, and memory lies on the NUMA node of the CPU that first writes to it.
//
// # The account
//
// The question behind this package is why 72 cores are not 72 times faster than one. Each worker's
// time between the call of Run and its return is divided into
//
//	StartWait   until the worker is ready: thread, pinning, scratch
//	Dispatch    between chunks
//	Compute     in the chunk function
//	TailWait    after the worker's last chunk, until the last worker is done
//	Steal       looking for work at other workers: 0, there is one counter for all
//
// The parts of a worker add up to the wall time, exactly. This is not checked but built in: a worker
// is always in one part, and it goes over to the next with a single clock reading, which ends the one
// and begins the other. There are two readings a chunk. Nothing can fall between the parts; what is
// not Compute is overhead, and has a name. Beside the times stand the counts that explain them:
// chunks, migrations to other CPUs, context switches.
//
// # When things go wrong
//
// A chunk that returns an error or panics fails alone: a [ChunkError] names the worker and the
// voxels, with the stack of a panic, and the other chunks are run. A worker that cannot start (a CPU
// that does not exist, no memory) ends the run with a [StartError], because a run on fewer workers
// would be another measurement. A context that ends stops the run before the next chunk. In each of
// these cases the account is there, and Account.Completed lists the voxels whose results stand.
package sched
