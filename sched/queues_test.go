package sched

import (
	"container/heap"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// machineOf returns seats for a worker on each core of a machine of nodes x complexes x cores.
func machineOf(nodes, complexes, cores int) []Seat {
	var seats []Seat
	for node := range nodes {
		for complex := range complexes {
			for range cores {
				seats = append(seats, Seat{Core: len(seats), Complex: node*complexes + complex, Node: node})
			}
		}
	}
	return seats
}

func TestSharesAreEqualAndEachNodeHasOnePartOfTheVoxels(t *testing.T) {
	seats := machineOf(2, 2, 2)
	spread := []Seat{seats[4], seats[0], seats[6], seats[2], seats[5], seats[1], seats[7], seats[3]} // nodes in turn
	q := NewQueues(83, NUMA, spread, nil)
	ends := [2][2]int{{83, 0}, {83, 0}}
	for w, s := range spread {
		first, end := q.Dealt(w)
		if end-first < 10 || end-first > 11 {
			t.Errorf("worker %d of 8 was dealt %d of 83 chunks, want 10 or 11", w, end-first)
		}
		ends[s.Node] = [2]int{min(ends[s.Node][0], first), max(ends[s.Node][1], end)}
	}
	if want := [2][2]int{{0, 41}, {41, 83}}; ends != want {
		t.Errorf("the nodes have chunks %v, want %v", ends, want)
	}
}

func TestTakingNeverExceedsTheBoundsAndAscends(t *testing.T) {
	q := NewQueues(1000, NUMA, machineOf(1, 1, 2), nil)
	next := 0
	for {
		first, count := q.Take(0, 3, 40)
		if count == 0 {
			break
		}
		if first != next || count > 40 || (count < 3 && first+count != 500) {
			t.Fatalf("took %d chunks at %d after %d, want 3 to 40 from there", count, first, next)
		}
		next = first + count
	}
	if next != 500 {
		t.Errorf("worker 0 took its chunks to %d, want its half of 1000", next)
	}
}

func TestThievesTryTheComplexThenTheNodeThenTheNearestNode(t *testing.T) {
	seats := machineOf(4, 2, 2)
	distances := [][]int{{10, 31, 16, 21}, {31, 10, 21, 16}, {16, 21, 10, 31}, {21, 16, 31, 10}}
	q := NewQueues(16*64, NUMA, seats, func(from, to int) int { return distances[from][to] })
	var complexes []int
	for {
		for { // worker 0 uses up what it has
			if _, count := q.Take(0, 64, 64); count == 0 {
				break
			}
		}
		loot, outcome := q.Steal(0, 64, 64)
		if outcome == Nothing {
			break
		}
		if c := seats[loot.From].Complex; !slices.Contains(complexes, c) {
			complexes = append(complexes, c)
		}
	}
	// Its own complex, the other of its node, then nodes 2, 3, 1 by distance 16, 21, 31.
	want := [][]int{{0}, {1}, {4, 5}, {6, 7}, {2, 3}}
	at := 0
	for _, group := range want {
		got := slices.Sorted(slices.Values(complexes[at:min(at+len(group), len(complexes))]))
		if !slices.Equal(got, group) {
			t.Fatalf("stole from complexes %v, want in groups %v", complexes, want)
		}
		at += len(group)
	}
	if left := q.left(); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestStaticAndDynamicStealNothing(t *testing.T) {
	for _, policy := range []Policy{Static, Dynamic} {
		q := NewQueues(100, policy, machineOf(1, 1, 2), nil)
		taken := 0
		for {
			_, count := q.Take(1, 1, 1)
			if count == 0 {
				break
			}
			taken++
		}
		if _, outcome := q.Steal(1, 1, 1); outcome != Nothing {
			t.Errorf("%v: stealing ended with %v", policy, outcome)
		}
		if want := map[Policy]int{Static: 50, Dynamic: 100}[policy]; taken != want {
			t.Errorf("%v: a worker alone took %d of 100 chunks, want %d", policy, taken, want)
		}
	}
}

func TestEveryChunkIsTakenOnceByWorkersInParallel(t *testing.T) {
	for _, policy := range []Policy{NUMA, Dynamic, Static} {
		for round := range 30 {
			seats := machineOf(2, 2, 2)
			const chunks = 20000
			q := NewQueues(chunks, policy, seats, nil)
			taken := make([][]interval, len(seats))
			var running sync.WaitGroup
			for w := range seats {
				running.Go(func() {
					for {
						first, count := q.Take(w, 1, 1+round)
						if count == 0 {
							loot, outcome := q.Steal(w, 1, 1+round)
							if outcome == Nothing {
								return
							}
							first, count = loot.First, loot.Count
						}
						if count > 0 {
							taken[w] = append(taken[w], interval{uint32(first), uint32(first + count)})
						}
					}
				})
			}
			running.Wait()
			all := slices.Concat(taken...)
			slices.SortFunc(all, func(a, b interval) int { return int(a.first) - int(b.first) })
			next := uint32(0)
			for _, i := range all {
				if i.first != next {
					t.Fatalf("%v: chunks from %d on were taken after %d", policy, i.first, next)
				}
				next = i.end
			}
			if next != chunks || q.left() != nil {
				t.Fatalf("%v: taken up to %d of %d, left %v", policy, next, chunks, q.left())
			}
		}
	}
}

func TestOwnChunksAscendAndStolenOnesAscendWithinATheft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seats := machineOf(rapid.IntRange(1, 3).Draw(t, "nodes"), rapid.IntRange(1, 2).Draw(t, "complexes"), rapid.IntRange(1, 3).Draw(t, "cores"))
		q := NewQueues(rapid.IntRange(0, 500).Draw(t, "chunks"), NUMA, seats, nil)
		last := make([]int, len(seats))
		for w := range last {
			last[w] = -1
		}
		for range 2000 {
			w := rapid.IntRange(0, len(seats)-1).Draw(t, "worker")
			first, count := q.Take(w, 1, 4)
			if count == 0 {
				loot, outcome := q.Steal(w, 1, 4)
				if outcome == Nothing {
					return
				}
				first, count, last[w] = loot.First, loot.Count, -1
			}
			if first <= last[w] {
				t.Fatalf("worker %d took chunk %d after %d", w, first, last[w])
			}
			last[w] = first + count - 1
		}
	})
}

// turns is a heap of the workers by the time at which they are free.
type turns []turn
type turn struct {
	free   float64
	worker int
}

func (t turns) Len() int           { return len(t) }
func (t turns) Less(i, k int) bool { return t[i].free < t[k].free }
func (t turns) Swap(i, k int)      { t[i], t[k] = t[k], t[i] }
func (t *turns) Push(x any)        { *t = append(*t, x.(turn)) }
func (t *turns) Pop() any          { last := (*t)[len(*t)-1]; *t = (*t)[:len(*t)-1]; return last }

// tailShare runs the queues in virtual time, in which cost gives the time of a chunk. It returns the share of all
// core-time in which workers wait for the last one.
func tailShare(q *Queues, workers, perChunk, voxels int, cost func(chunk int) time.Duration) float64 {
	var free turns
	pace := make([]Pace, workers)
	for w := range workers {
		pace[w] = NewPace(voxels / workers)
		heap.Push(&free, turn{0, w})
	}
	var ends []float64
	for len(free) > 0 {
		now := heap.Pop(&free).(turn)
		least, most := pace[now.worker].Next()
		least, most = max(1, least/perChunk), max(1, most/perChunk)
		first, count := q.Take(now.worker, least, most)
		if count == 0 {
			loot, outcome := q.Steal(now.worker, least, most)
			if outcome == Nothing {
				ends = append(ends, now.free)
				continue
			}
			first, count = loot.First, loot.Count
		}
		var took time.Duration
		for chunk := first; chunk < first+count; chunk++ {
			took += cost(chunk)
		}
		pace[now.worker].Saw(count*perChunk, took)
		heap.Push(&free, turn{now.free + took.Seconds(), now.worker})
	}
	wall, wait := slices.Max(ends), 0.0
	for _, end := range ends {
		wait += wall - end
	}
	return wait / (wall * float64(workers))
}

// The study has 435,686 voxels of 9 us each. Those of the last node take ten times as long.
func TestANodeOfTenTimesSlowerChunksCostsLessThanThreePercentInTheTail(t *testing.T) {
	const voxels = 435_686
	for _, machine := range [][3]int{{2, 1, 1}, {2, 1, 18}, {2, 4, 6}, {4, 2, 8}, {8, 3, 8}} {
		for _, asked := range []int{1 << 11, 1 << 13, 1 << 15} {
			seats := machineOf(machine[0], machine[1], machine[2])
			d := Divide(voxels, asked)
			if d.Count() < 64*len(seats) {
				continue // too coarse for any schedule: one slow chunk is more than 3% of a share
			}
			dear := d.Count() / machine[0] * (machine[0] - 1)
			cost := func(chunk int) time.Duration {
				price := 9 * time.Microsecond
				if chunk >= dear {
					price *= 10
				}
				return time.Duration(d.At(chunk).Len()) * price
			}
			q := NewQueues(d.Count(), NUMA, seats, nil)
			if tail := tailShare(q, len(seats), d.PerChunk, voxels, cost); tail >= 0.03 {
				t.Errorf("%v nodes x complexes x cores, 2^%d chunks: %.2f%% of the time in the tail, want below 3%%", machine, log2(asked), 100*tail)
			}
		}
	}
}

// Without stealing workers wait most of the time, which shows that the test above can fail.
func TestStaticScheduleWaitsForTheSlowNode(t *testing.T) {
	q := NewQueues(4096, Static, machineOf(2, 1, 4), nil)
	tail := tailShare(q, 8, 13, 4096*13, func(chunk int) time.Duration {
		return time.Microsecond * time.Duration(1+9*(chunk/2048))
	})
	if tail < 0.4 {
		t.Errorf("%.2f of the time in the tail, want nearly half", tail)
	}
}

func log2(n int) int {
	k := 0
	for n > 1 {
		n, k = n/2, k+1
	}
	return k
}

func TestPaceFollowsThePriceOfAVoxel(t *testing.T) {
	for price, want := range map[time.Duration]int{
		time.Microsecond: longestCall, 100 * time.Microsecond: 100, 2 * time.Millisecond: 5, time.Second: 1,
	} {
		p := NewPace(1_000_000)
		for range 20 {
			_, most := p.Next()
			p.Saw(most, time.Duration(most)*price)
		}
		if least, most := p.Next(); most != want || least > most || least < 1 {
			t.Errorf("%v a voxel: calls of %d to %d voxels, want at most %d", price, least, most, want)
		}
	}
}

func TestPoliciesAreReadByTheirNames(t *testing.T) {
	for _, p := range []Policy{NUMA, Dynamic, Static} {
		if got, err := ParsePolicy(p.String()); got != p || err != nil {
			t.Errorf("%v reads as %v (%v)", p, got, err)
		}
	}
	if _, err := ParsePolicy("guided"); err == nil {
		t.Error("a schedule that does not exist was read")
	}
}
