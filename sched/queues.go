package sched

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// A Seat is the position of a worker in the machine. Workers with equal numbers share the core, the core complex (the
// cores around one last-level cache) or the NUMA node; the numbers mean nothing else. Core and Complex are counted over
// the whole machine, Node is numa.Node.ID.
type Seat struct{ Core, Complex, Node int }

// MaxChunks is how many chunks a run may have.
const MaxChunks = math.MaxUint32

// Queues holds the chunks that no worker has begun yet. There is one queue for each worker (Dynamic:
// one for all), and each is a single interval of chunk numbers, so that a queue is one word: the
// owner takes from its front, thieves from its back, all by compare-and-swap.
//
// Queues knows neither threads nor time. Run drives it with goroutines, a simulation with events; a
// worker asks Take until there is nothing, then Steal, and after a success Take again:
//
//	for {
//		first, count := q.Take(w, least, most)
//		if count == 0 {
//			loot, outcome := q.Steal(w, least, most)
//			if outcome == Nothing {
//				break
//			}
//			first, count = loot.First, loot.Count // none, if chunks were Moving
//		}
//		... run chunks first to first+count-1
//	}
//
// Different workers may call at the same time; one worker's calls come one after another.
type Queues struct {
	policy Policy
	seats  []Seat
	node   []int   // of each worker, as an index into far
	far    [][]int // distances between the nodes that have workers
	dealt  []interval
	queues []queue

	// A steal moves an interval from one queue to another, and for a moment it is in neither. begun
	// and ended count these moves, so that a worker that sees every queue empty can tell whether it
	// has missed one.
	begun, ended atomic.Int64
}

// A queue has its cache lines to itself: thieves that look at a neighbour's do not disturb it.
type queue struct {
	left atomic.Uint64 // an interval, packed
	_    [cacheLine - 8]byte
}

// An interval is the chunks first to end-1.
type interval struct{ first, end uint32 }

func (i interval) len() int       { return int(i.end) - int(i.first) }
func (i interval) packed() uint64 { return uint64(i.first)<<32 | uint64(i.end) }
func unpacked(word uint64) interval {
	return interval{uint32(word >> 32), uint32(word)}
}

// NewQueues deals out chunks to workers that sit where seats says. Shares are equal, consecutive, and in the order of
// nodes, complexes and cores, so that neighbours in space work on neighbouring voxels. distance tells how far the
// memory of a node is from another's CPUs, in any unit. It is called once for each pair of nodes. nil means that all
// are equally far.
func NewQueues(chunks int, policy Policy, seats []Seat, distance func(from, to int) int) *Queues {
	if chunks < 0 || chunks > MaxChunks || len(seats) == 0 {
		panic(fmt.Sprintf("sched: NewQueues(%d chunks, %d seats): expected 0 to %d chunks and a seat", chunks, len(seats), MaxChunks))
	}
	q := &Queues{policy: policy, seats: seats, dealt: make([]interval, len(seats))}
	q.measureDistances(distance)
	if policy == Dynamic {
		q.queues = make([]queue, 1)
		q.queues[0].left.Store(interval{0, uint32(chunks)}.packed())
		return q
	}
	q.queues = make([]queue, len(seats))
	for i, worker := range q.order() {
		share := interval{portion(chunks, i, len(seats)), portion(chunks, i+1, len(seats))}
		q.dealt[worker] = share
		q.queues[worker].left.Store(share.packed())
	}
	return q
}

// portion is the first i of n equal parts of the chunks, rounded down, without overflow.
func portion(chunks, i, n int) uint32 { return uint32(chunks/n*i + chunks%n*i/n) }

// order lists the workers as their shares follow one another.
func (q *Queues) order() []int {
	workers := make([]int, len(q.seats))
	for i := range workers {
		workers[i] = i
	}
	slices.SortStableFunc(workers, func(a, b int) int {
		s, t := q.seats[a], q.seats[b]
		return cmp.Or(cmp.Compare(s.Node, t.Node), cmp.Compare(s.Complex, t.Complex), cmp.Compare(s.Core, t.Core))
	})
	return workers
}

func (q *Queues) measureDistances(distance func(from, to int) int) {
	var nodes []int
	for _, s := range q.seats {
		nodes = append(nodes, s.Node)
	}
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	for _, s := range q.seats {
		index, _ := slices.BinarySearch(nodes, s.Node)
		q.node = append(q.node, index)
	}
	q.far = make([][]int, len(nodes))
	for i, from := range nodes {
		q.far[i] = make([]int, len(nodes))
		for k, to := range nodes {
			if distance != nil && i != k {
				q.far[i][k] = distance(from, to)
			}
		}
	}
}

// Dealt is the share of a worker before anything was taken: chunks first to end-1. It is empty for
// Dynamic.
func (q *Queues) Dealt(worker int) (first, end int) {
	return int(q.dealt[worker].first), int(q.dealt[worker].end)
}

// own is the queue that a worker takes from without stealing.
func (q *Queues) own(worker int) *queue {
	if q.policy == Dynamic {
		return &q.queues[0]
	}
	return &q.queues[worker]
}

// Take hands a worker the next chunks of its queue. They are consecutive, and at most most of them. Towards the end
// there are fewer, so that others find something to steal, but not fewer than least while there are as many (1 <= least
// <= most). A count of 0 means that the queue is empty. The worker that took chunks must run them.
func (q *Queues) Take(worker, least, most int) (first, count int) {
	own := q.own(worker)
	for {
		word := own.left.Load()
		left := unpacked(word)
		if left.len() <= 0 {
			return 0, 0
		}
		count = q.some(left.len(), least, most)
		rest := interval{left.first + uint32(count), left.end}
		if own.left.CompareAndSwap(word, rest.packed()) {
			return int(left.first), count
		}
	}
}

// some returns how many of the chunks in a queue a worker takes at once: a quarter, divided by the number of workers
// that take from this queue, within the bounds.
func (q *Queues) some(left, least, most int) int {
	part := 4
	if q.policy == Dynamic {
		part *= len(q.seats)
	}
	return min(left, max(least, min(most, left/part)))
}

// An Outcome is the outcome of a Steal.
type Outcome int

const (
	// Nothing is left for this worker, now or later: it is done.
	Nothing Outcome = iota
	// Stolen means that there is loot.
	Stolen
	// Moving means that the worker should ask again: chunks may be on their way from one queue to another, or another
	// worker was quicker.
	Moving
)

// Loot is the result of a theft. It runs the chunks First to First+Count-1 now. In all it took Moved chunks from First
// on, from the queue of worker From.
type Loot struct{ First, Count, From, Moved int }

// Steal takes the back half of another worker's queue. That is the fullest queue in the thief's core complex; if all
// are empty there, the fullest in its node; and then the fullest in the nearest node that has any. The first chunks of
// the loot are handed out as by Take, and the rest fills the thief's queue, which must be empty. The first chunks are
// handed out at once because thieves could otherwise take the last chunk from each other in turns, and none would run
// it.
func (q *Queues) Steal(worker, least, most int) (loot Loot, outcome Outcome) {
	if q.policy != NUMA {
		return Loot{}, Nothing
	}
	ended := q.ended.Load()
	from, word := q.richest(worker)
	if from < 0 {
		// No move overlapped the look at the queues if all that have begun by now had ended before.
		if q.begun.Load() != ended {
			return Loot{}, Moving
		}
		return Loot{}, Nothing
	}
	left := unpacked(word)
	middle := left.first + uint32(left.len()/2)
	taken := interval{middle, left.end}
	q.begun.Add(1)
	defer q.ended.Add(1)
	if !q.queues[from].left.CompareAndSwap(word, interval{left.first, middle}.packed()) {
		return Loot{}, Moving
	}
	count := q.some(taken.len(), least, most)
	q.queues[worker].left.Store(interval{taken.first + uint32(count), taken.end}.packed())
	return Loot{First: int(taken.first), Count: count, From: from, Moved: taken.len()}, Stolen
}

// richest is the worker to steal from, with the state of its queue; -1 when all queues are empty.
func (q *Queues) richest(thief int) (from int, word uint64) {
	from = -1
	nearest, most := 0, 0
	for i := 1; i < len(q.queues); i++ {
		other := (thief + i) % len(q.queues) // thieves of one complex begin at different places
		found := q.queues[other].left.Load()
		length := unpacked(found).len()
		if length <= 0 {
			continue
		}
		d := q.Distance(thief, other)
		if from < 0 || d < nearest || (d == nearest && length > most) {
			from, word, nearest, most = other, found, d, length
		}
	}
	return from, word
}

// Distance orders the workers that a worker may steal from: 0 in its core complex, 1 elsewhere in its node, and 2 or
// more in another node, by the distance between the nodes.
func (q *Queues) Distance(worker, other int) int {
	a, b := q.seats[worker], q.seats[other]
	switch {
	case a.Node != b.Node:
		return 2 + q.far[q.node[worker]][q.node[other]]
	case a.Complex != b.Complex:
		return 1
	}
	return 0
}

// left lists the intervals that nobody has taken.
func (q *Queues) left() []interval {
	var left []interval
	for i := range q.queues {
		if rest := unpacked(q.queues[i].left.Load()); rest.len() > 0 {
			left = append(left, rest)
		}
	}
	return left
}
