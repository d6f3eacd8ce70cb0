package sched

import (
	"context"
	"math"
	"testing"
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
	s, err := Plan{Voxels: 10, Chunks: 1, CPUs: []int{0, 1, 2, 3}, Pin: true}.resolve()
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

func TestPlacesWrapRoundTheCPUs(t *testing.T) {
	s := schedule{Plan: Plan{CPUs: []int{4, 6}, Pin: true}}
	for worker, want := range []int{4, 6, 4, 6, 4} {
		if got := s.place(worker); len(got) != 1 || got[0] != want {
			t.Errorf("worker %d is placed on %v, want %d", worker, got, want)
		}
	}
	s.Pin = false
	if got := s.place(1); len(got) != 2 {
		t.Errorf("unpinned worker is placed on %v, want all of the set", got)
	}
}
