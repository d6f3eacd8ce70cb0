package sched

import (
	"context"
	"math"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/voxfit/voxfit/numa"
)

func TestDefaultWorkersHonourCPUsAndQuota(t *testing.T) {
	for _, test := range []struct {
		cpus  int
		limit float64
		want  int
	}{
		{72, math.Inf(1), 72}, {72, 8, 8}, {72, 8.9, 8}, {4, 2.5, 2}, {4, 0.5, 1}, {2, 64, 2}, {1, math.Inf(1), 1},
	} {
		if got := defaultWorkers(test.cpus, test.limit); got != test.want {
			t.Errorf("%d CPUs, quota %v: %d workers, want %d", test.cpus, test.limit, got, test.want)
		}
	}
}

func TestDefaultWorkersAreNoMoreThanTheChunks(t *testing.T) {
	s, err := Plan{Voxels: 10, Chunks: 1, CPUs: []int{0, 1, 2, 3}, Pin: PinCore}.resolve()
	if err != nil || s.Workers != 1 {
		t.Errorf("%d workers for one chunk (%v), want 1", s.Workers, err)
	}
	s, err = Plan{Voxels: 10, Chunks: 1, Workers: 3}.resolve()
	if err != nil || s.Workers != 3 {
		t.Errorf("%d workers (%v), want the 3 that were asked for", s.Workers, err)
	}
}

func TestWorkerCountIsWhatRunUses(t *testing.T) {
	for _, p := range []Plan{{Voxels: 1000}, {Voxels: 1}, {Voxels: 10, Workers: 3}, {}} {
		want, err := p.WorkerCount()
		if err != nil {
			t.Fatal(err)
		}
		a, err := Run(context.Background(), p, func(int, Range) error { return nil })
		if err != nil || len(a.Workers) != want {
			t.Errorf("plan %+v: %d workers (%v), WorkerCount says %d", p, len(a.Workers), err, want)
		}
	}
	if _, err := (Plan{Voxels: -1}).WorkerCount(); err == nil {
		t.Error("a plan that Run refuses has a WorkerCount")
	}
}

// twoNodes is a machine of two nodes with two cores of two threads each, CPUs 4-7 the second threads.
func twoNodes() *numa.Machine {
	m := &numa.Machine{Nodes: []numa.Node{{ID: 0, CPUs: []int{0, 1, 4, 5}}, {ID: 1, CPUs: []int{2, 3, 6, 7}}}}
	for id := range 8 {
		m.CPUs = append(m.CPUs, numa.CPU{ID: id, Core: id % 4, Node: id % 4 / 2, Complex: id % 4 / 2})
	}
	return m
}

func TestPlacesWrapRoundTheCPUs(t *testing.T) {
	for _, test := range []struct {
		pin  Pinning
		want [][]int
	}{
		{PinCore, [][]int{{4}, {2}, {4}, {2}, {4}}},
		{PinNode, [][]int{{4}, {2}, {4}, {2}, {4}}},
		{PinNone, [][]int{{4, 2}, {4, 2}, {4, 2}, {4, 2}, {4, 2}}},
	} {
		s, err := Plan{Voxels: 9, Workers: 5, CPUs: []int{4, 2}, Pin: test.pin, Machine: twoNodes()}.resolve()
		if err != nil || !reflect.DeepEqual(s.places, test.want) {
			t.Errorf("pinning %v: places %v (%v), want %v", test.pin, s.places, err, test.want)
		}
	}
}

func TestNodePinningAllowsTheNodesCPUsOfThePlan(t *testing.T) {
	s, err := Plan{Voxels: 9, Workers: 3, CPUs: []int{0, 2, 5, 7}, Pin: PinNode, Machine: twoNodes()}.resolve()
	if want := [][]int{{0, 5}, {2, 7}, {0, 5}}; err != nil || !reflect.DeepEqual(s.places, want) {
		t.Errorf("places %v (%v), want %v", s.places, err, want)
	}
}

func TestHomesArePartsForTheNodesByTheirWorkers(t *testing.T) {
	cpus := []int{0, 2, 1} // two workers on node 0, one on node 1
	for _, policy := range []Policy{NUMA, Dynamic, Static} {
		got, err := Plan{Voxels: 3000, Chunks: 30, Workers: 3, CPUs: cpus, Pin: PinCore, Policy: policy, Machine: twoNodes()}.Homes()
		want := []Home{{0, Range{0, 2000}}, {1, Range{2000, 3000}}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: homes %v (%v), want %v", policy, got, err, want)
		}
	}
	got, err := Plan{Voxels: 3000, Workers: 3}.Homes()
	if want := []Home{{anywhere, Range{0, 3000}}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("without pinning: homes %v (%v), want %v", got, err, want)
	}
}

// Two workers are on two nodes by the description. The second can do nothing until the first has taken everything that
// was left, so the second's share counts as far.
func TestBytesOfStolenChunksAreFar(t *testing.T) {
	if !numa.CanPin {
		t.Skip("needs pinning")
	}
	cpus, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	if len(cpus) < 2 {
		t.Skip("needs two CPUs, may use one")
	}
	m := &numa.Machine{
		Nodes: []numa.Node{{ID: 0, CPUs: cpus[:1]}, {ID: 1, CPUs: cpus[1:2]}},
		CPUs:  []numa.CPU{{ID: cpus[0]}, {ID: cpus[1], Core: 1, Complex: 1, Node: 1}},
	}
	p := Plan{Voxels: 100, VoxelsPerChunk: 1, Workers: 2, CPUs: cpus[:2], Pin: PinCore, Machine: m, VoxelBytes: 8, Placed: true}
	rest := make(chan struct{})
	var run atomic.Int32
	a, err := Run(context.Background(), p, func(worker int, r Range) error {
		if worker == 1 {
			<-rest
		}
		if run.Add(1) == 99 {
			close(rest)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := a.Workers[0], a.Workers[1]
	if first.LocalBytes != 400 || second.Chunks > 1 {
		t.Errorf("worker 0 has %d local bytes and worker 1 ran %d chunks, want its share of 400, and one at most", first.LocalBytes, second.Chunks)
	}
	if first.FarBytes != int64(8*first.Stolen) || first.LocalBytes+first.FarBytes != int64(8*first.Chunks) || first.Stolen < 48 {
		t.Errorf("worker 0 ran %d chunks and stole %d; %d bytes local, %d far", first.Chunks, first.Stolen, first.LocalBytes, first.FarBytes)
	}
	p.Placed = false
	if a, err = Run(context.Background(), p, func(int, Range) error { return nil }); err != nil || a.Sum().LocalBytes+a.Sum().FarBytes != 0 {
		t.Errorf("bytes of memory that lies anywhere were counted: %+v (%v)", a.Sum(), err)
	}
}
