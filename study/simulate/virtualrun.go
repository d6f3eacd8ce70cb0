package simulate

import (
	"container/heap"
	"time"

	"github.com/voxfit/voxfit/sched"
)

// A virtualRun is one run of the scheduler in virtual time. It uses the queues of real workers; events stand for the
// workers.
type virtualRun struct {
	machine Machine
	costs   costs
	policy  sched.Policy
	elastic bool
	seats   []sched.Seat

	division sched.Division
	rate     []float64 // seconds a voxel of each chunk, on a core that nothing slows down
	scale    func(voxels int) float64
	bytes    float64 // of a voxel

	queues *sched.Queues
	home   []int // of each chunk: the node that holds its pages
	clock  float64
	drawn  []int   // of each node: how many calls read its memory now
	word   float64 // when the atomic word of a shared queue is free
	spent  virtualAccount
}

// costs are what the scheduler's steps take, in seconds.
type costs struct {
	dispatch float64 // taking chunks from the worker's own queue, measured
	start    float64 // until a single worker is ready, measured
	spawn    float64 // how long each further worker waits for the one before it
	scan     float64 // looking at another worker's queue
	line     float64 // fetching a cache line from another core, for a queue that all share
}

// assumedCosts are costs that a machine of one or two cores cannot measure. A cache line that another core has written
// arrives in 50 to 100 ns within a socket of today's servers.
var assumedCosts = costs{scan: 60e-9, line: 80e-9}

// A virtualAccount is what the workers spent, in core-seconds.
type virtualAccount struct {
	wall                                      float64
	compute, dispatch, steal, start, tailWait float64
	waitMemory                                float64 // part of compute: for bandwidth, and for far memory
}

// An event is a worker that asks for work at some time.
type event struct {
	at     float64
	worker int
	reads  int // node whose memory its last call read; -1: none
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].worker < e[j].worker
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// seatsOf spreads so many cores evenly over so many nodes.
func seatsOf(m Machine, cores, nodes int) []sched.Seat {
	seats := make([]sched.Seat, cores)
	within := make([]int, nodes)
	for i := range seats {
		node := i * nodes / cores
		core := node*m.CoresPerNode + within[node]
		seats[i] = sched.Seat{Core: core, Complex: node*m.CoresPerNode + within[node]/m.ComplexCores, Node: node}
		within[node]++
	}
	return seats
}

// run processes all events and returns what was spent.
func (v *virtualRun) run() virtualAccount {
	workers := len(v.seats)
	v.queues = sched.NewQueues(v.division.Count(), v.policy, v.seats, v.machine.distance)
	v.settle()
	v.drawn = make([]int, v.machine.Nodes)
	busy := float64(workers-1) / float64(max(1, v.machine.cores()-1))
	v.clock = 1 - (1-v.machine.AllCoreClock)*min(1, busy)
	v.spent, v.word = virtualAccount{}, 0

	paces := make([]sched.Pace, workers)
	ready := make(events, workers)
	for i := range ready {
		paces[i] = sched.NewPace(v.division.Voxels / workers)
		ready[i] = event{at: v.costs.start + v.costs.spawn*float64(i), worker: i, reads: -1}
		v.spent.start += ready[i].at
	}
	heap.Init(&ready)
	ended := make([]float64, 0, workers)
	for len(ready) > 0 {
		e := ready[0]
		if e.reads >= 0 {
			v.drawn[e.reads]--
		}
		first, count, at := v.ask(e, &paces[e.worker])
		if count == 0 {
			heap.Pop(&ready)
			ended = append(ended, at)
			continue
		}
		took, reads := v.work(e.worker, first, count, &paces[e.worker])
		v.spent.compute += took
		v.drawn[reads]++
		ready[0] = event{at: at + took, worker: e.worker, reads: reads}
		heap.Fix(&ready, 0)
	}
	for _, at := range ended {
		v.spent.wall = max(v.spent.wall, at)
	}
	for _, at := range ended {
		v.spent.tailWait += v.spent.wall - at
	}
	return v.spent
}

// settle sets the node of each chunk: that of the worker to which it was dealt. With one queue for all workers, the
// pages are spread over the nodes in order.
func (v *virtualRun) settle() {
	v.home = make([]int, v.division.Count())
	if v.policy == sched.Dynamic {
		nodes := v.seats[len(v.seats)-1].Node + 1
		for i := range v.home {
			v.home[i] = i * nodes / len(v.home)
		}
		return
	}
	for w, seat := range v.seats {
		first, end := v.queues.Dealt(w)
		for i := first; i < end; i++ {
			v.home[i] = seat.Node
		}
	}
}

// ask serves a worker that asks for work: from its own queue, then from others. It returns the chunks and the time at
// which the worker has them; no chunks when there are none left.
func (v *virtualRun) ask(e event, pace *sched.Pace) (first, count int, at float64) {
	least, most := 1, 1
	if v.elastic {
		least, most = pace.Next()
		least, most = max(1, least/v.division.PerChunk), max(1, most/v.division.PerChunk)
	}
	at = e.at
	if v.policy == sched.Dynamic && len(v.seats) > 1 {
		at = max(at, v.word) + v.costs.line // one worker at a time has the shared word
		v.word = at
	}
	at += v.costs.dispatch
	v.spent.dispatch += at - e.at
	if first, count = v.queues.Take(e.worker, least, most); count > 0 {
		return first, count, at
	}
	for {
		loot, outcome := v.queues.Steal(e.worker, least, most)
		if v.policy == sched.NUMA {
			look := v.costs.scan * float64(len(v.seats)-1)
			at += look
			v.spent.steal += look
		}
		switch outcome {
		case sched.Nothing:
			return 0, 0, at
		case sched.Stolen:
			return loot.First, loot.Count, at
		}
	}
}

// work returns the time that chunks take, and the node from which they are read. An elastic run cuts a long chunk into
// several calls, as sched does.
func (v *virtualRun) work(worker, first, count int, pace *sched.Pace) (took float64, reads int) {
	voxels, seconds := 0, 0.0
	for i := first; i < first+count; i++ {
		n := v.division.At(i).Len()
		voxels += n
		seconds += v.rate[i] * float64(n)
	}
	reads = v.home[first]
	rate := seconds / float64(voxels) / v.clock
	if !v.elastic {
		return v.call(worker, voxels, rate, reads), reads
	}
	for left := voxels; left > 0; {
		part := left
		if _, most := pace.Next(); count == 1 {
			part = min(left, most)
		}
		long := v.call(worker, part, rate, reads)
		pace.Saw(part, time.Duration(long*1e9))
		took += long
		left -= part
	}
	return took, reads
}

// call returns the time of one call. Where the calls that read a node's memory want more than it can deliver, they take
// longer. How many they are is counted when the call begins.
func (v *virtualRun) call(worker, voxels int, rate float64, reads int) float64 {
	ideal := rate * v.scale(voxels) * float64(voxels)
	bytes := v.bytes * float64(voxels)
	demand := bytes / ideal * float64(v.drawn[reads]+1)
	took := ideal * max(1, demand/(v.machine.NodeGBs*1e9))
	if d := v.machine.distance(v.seats[worker].Node, reads); d > 10 {
		took += bytes / (v.machine.CoreGBs * 1e9) * float64(d-10) / 10
	}
	v.spent.waitMemory += took - ideal
	return took
}
