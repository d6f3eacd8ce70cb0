// Package sched hands chunks of voxels to workers, and keeps account of where every core-second went.
//
// # The work
//
// Fitting a model to a brain is the same small computation for some hundred thousand voxels, and no voxel needs the
// result of another. So the voxels are numbered, cut into chunks (a [Range] each, see [Divide]), and a few workers, one
// for each CPU, run the chunks:
//
//	account, err := sched.Run(ctx, sched.Plan{Voxels: n, Chunks: 1024, Pin: sched.PinCore},
//		func(worker int, r sched.Range) error {
//			fit(scratch[worker], params[r.Begin:r.End], signal[r.Begin:r.End])
//			return nil
//		})
//
// A worker is a goroutine that has an operating-system thread to itself, on the CPU or CPUs that the [Plan] gives it.
//
// # How chunks find workers
//
// Before the run the chunks are dealt out ([Queues]): to each worker an equal share of neighbours, in the order of
// nodes, core complexes and cores. So each NUMA node has one part of the voxels (Plan.Homes), and the caller can see to
// it that the node's memory holds that part: fit.Room does. A share is an interval of chunk numbers in one word of
// memory. Its worker takes chunks from the front by compare-and-swap. There is no list, no lock and no message, and
// other workers write to the word only when they steal.
//
// A worker whose share is used up steals: the back half of the fullest queue in its own core complex, or, where all are
// empty there, in its node; then in the nearest node that has any. What was stolen becomes the queue of the worker that
// stole it, and others may steal from it in turn. Shares that take longer than others are thus evened out in a few
// steps, by workers nearby first. The chunks at the front of a share, whose pages are local, stay with their worker
// longest.
//
// This is the [Policy] NUMA. The policies Dynamic (one queue for all) and Static (no stealing) are there for
// comparison. Queues itself knows nothing of threads and time, so that a simulation can use the same code.
//
// Besides its work, a chunk costs about a tenth of a microsecond, two clock readings included (BenchmarkEmptyChunk).
// Short chunks would cost more than that, because a kernel needs many voxels at once to fill its vector lanes. Where
// the plan is Elastic, as those of package fit are, a worker therefore joins several of its own consecutive chunks into
// one call, and cuts a long chunk into several calls. The time that a voxel takes sets the length of a call ([Pace]).
// Results cannot change, since a voxel's do not depend on its neighbours. Chunks remain what is dealt out, stolen,
// counted and timed.
//
// Each worker takes the chunks of its own share in ascending order, and after them what it steals, or steals back. So
// what is left of a share says at any time what was done. [Account] uses this to say which voxels were completed when a
// run is stopped half-way.
//
// # How many workers, and where
//
// By default there is one worker for each CPU that the process may use, or fewer if its container's CPU quota pays for
// fewer (package numa finds out). A Plan may ask for any other number, so that a measurement "on 8 CPUs" really uses 8.
// It may name the CPUs, in the order of numa.Machine.Places. A worker that is pinned to a core stays on one of these
// CPUs. A worker that is pinned to a node stays on the CPUs of that node. Without pinning, all workers may move among
// the named CPUs, as in a container. A worker allocates its scratch in the Plan's function Start. Start is called on
// the worker's own thread when that thread is in its place, because memory lies on the NUMA node of the CPU that first
// writes to it.
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
// The parts of a worker add up to the wall time, exactly. This holds by construction. A worker is always in one part,
// and a single clock reading ends that part and begins the next. There are two readings in each call. No time can be
// lost between the parts. All that is not Compute is overhead, and each kind of overhead has a name. Compute itself may
// grow with the number of workers. Besides the times, the account has counts that explain them:
// chunks and how long they took, chunks that were stolen, bytes on the worker's own node and on others, migrations to
// other CPUs, context switches, and the processor's own counters where the system gives them.
//
// # When things go wrong
//
// A chunk that returns an error or panics fails alone: a [ChunkError] names the worker and the voxels, with the stack
// of a panic, and the other chunks are run (where one call had joined several, each is run again alone). A worker that
// cannot start (a CPU that does not exist, no memory) ends the run with a [StartError], because a run on fewer workers
// would be another measurement. A context that ends stops the run before the next call. In each of these cases the
// account is returned, and Account.Completed lists the voxels whose results are valid.
package sched
