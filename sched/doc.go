// Package sched hands chunks of voxels to workers, and keeps account of where every core-second went.
//
// # The work
//
// Fitting a model to a brain is the same small computation for some hundred thousand voxels, none of
// which needs another's result. So the voxels are numbered, cut into chunks (a [Range] each, see
// [Divide]), and a few workers, one for each CPU, run the chunks:
//
//	account, err := sched.Run(ctx, sched.Plan{Voxels: n, Chunks: 1024, Pin: sched.PinCore},
//		func(worker int, r sched.Range) error {
//			fit(scratch[worker], params[r.Begin:r.End], signal[r.Begin:r.End])
//			return nil
//		})
//
// A worker is a goroutine that keeps one operating-system thread to itself, in the place that the
// [Plan] gives it.
//
// # How chunks find workers
//
// Before the run the chunks are dealt out ([Queues]): to each worker an equal share of neighbours, in the
// order of nodes, core complexes and cores. So each NUMA node has one part of the voxels
// (Plan.Homes), and the caller can see to it that the node's memory holds that part: fit.Room does.
// A share is an interval of chunk numbers, one word of memory, from which its worker takes the front by
// compare-and-swap: no list, no lock and no message, and nothing that other workers write to.
//
// A worker whose share is used up steals: the back half of the fullest queue in its own core complex, or,
// where all are empty there, in its node; then in the nearest node that has any. The loot becomes the
// thief's queue, from which others may steal in turn. Shares that turn out dearer than others are thus
// evened out in a few steps, by those nearby first, and the chunks at the front of a share, whose
// pages are local, stay with their worker longest.
//
// That is the [Policy] NUMA. Dynamic (one queue for all) and Static (no stealing) are there to compare.
// Queues knows no threads and no time, so that a simulation drives the same code.
//
// With its two clock readings a chunk costs about a tenth of a microsecond besides its work
// (BenchmarkEmptyChunk). What short chunks would really cost is vector lanes: a kernel wants many voxels
// at once. Where the plan is Elastic, as fit's are, a worker therefore takes a run of its own
// consecutive chunks and makes one call of their joined range, and cuts a long chunk into several calls;
// how long a call is, is set by what a voxel costs ([Pace]). Results cannot change, since a voxel's do
// not depend on its neighbours. Chunks remain what is dealt out, stolen, counted and timed.
//
// Each worker takes the chunks of its own share in ascending order, and after them what it steals, or
// steals back. What was done is known at any time from what is left: [Account] uses this to say which voxels were completed when a run is stopped
// half-way.
//
// # How many workers, and where
//
// By default there is one worker for each CPU that the process may use, or fewer if its container's
// CPU quota pays for fewer (package numa finds out). A Plan may ask for any other number, so that
// a measurement "on 8 CPUs" is one, and may name the CPUs, in the order of numa.Machine.Places. Pinned
// to a core, worker i stays on one of them; pinned to a node, on those of the node; unpinned but with
// CPUs named, all workers roam over the set, which is how a container behaves. A Plan's Start is
// where a worker allocates its scratch: it is called on the worker's own thread, already in place, and
// memory lies on the NUMA node of the CPU that first writes to it.
//
// # The account
//
// The question behind this package is why 72 cores are not 72 times faster than one. Each worker's
// time between the call of Run and its return is divided into
//
//	StartWait   until the worker's thread is started and in its place
//	FirstTouch  in Plan.Start: scratch
//	Dispatch    between calls
//	Steal       taking chunks from other workers' queues, or finding none there
//	Compute     in the chunk function
//	TailWait    after the worker's last chunk, until the last worker is done
//
// The parts of a worker add up to the wall time, exactly. This is not checked but built in: a worker
// is always in one part, and it goes over to the next with a single clock reading, which ends the one
// and begins the other. There are two readings a call. Nothing can fall between the parts; what is
// not Compute is overhead, and has a name. Compute itself may grow with the number of workers
// (Account.Inflation). Beside the times stand the counts that explain them: chunks and how long they
// took, those stolen, bytes on the worker's own node and on others, migrations to other CPUs, context
// switches, and the processor's own counters where the system gives them.
//
// # When things go wrong
//
// A chunk that returns an error or panics fails alone: a [ChunkError] names the worker and the
// voxels, with the stack of a panic, and the other chunks are run (where one call had joined several,
// each is run again alone). A worker that cannot start (a CPU that does not exist, no memory) ends the run with a [StartError], because a run on fewer workers
// would be another measurement. A context that ends stops the run before the next call. In each of
// these cases the account is there, and Account.Completed lists the voxels whose results stand.
package sched
