package sched_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
	"pgregory.net/rapid"
)

// T is what *testing.T and *rapid.T have in common here.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func nothing(int, sched.Range) error { return nil }

// mustRun runs a plan that should succeed.
func mustRun(t T, p sched.Plan, chunk func(int, sched.Range) error) sched.Account {
	t.Helper()
	a, err := sched.Run(context.Background(), p, chunk)
	if err != nil {
		t.Fatalf("run of %+v: %v", p, err)
	}
	checkAccount(t, a)
	return a
}

// checkAccount holds for every run, however it ended: nothing of any worker's time is lost or
// counted twice, and Completed agrees with itself.
func checkAccount(t T, a sched.Account) {
	t.Helper()
	for i, w := range a.Workers {
		if w.Total() != a.Wall {
			t.Errorf("worker %d: parts add up to %v, wall time is %v", i, w.Total(), a.Wall)
		}
		if min(w.StartWait, w.Dispatch, w.Compute, w.TailWait) < 0 {
			t.Errorf("worker %d has a negative part: %+v", i, w)
		}
	}
	if sum := a.Sum().Total().Nanoseconds(); sum != int64(len(a.Workers))*a.Wall.Nanoseconds() {
		t.Errorf("all parts: %d ns, %d workers x wall: %d ns", sum, len(a.Workers), int64(len(a.Workers))*a.Wall.Nanoseconds())
	}
	done, end := 0, -1
	for _, r := range a.Completed {
		if r.Begin <= end || r.Len() < 1 {
			t.Errorf("completed %v: want ascending ranges, joined where they touch", a.Completed)
		}
		done, end = done+r.Len(), r.End
	}
	if done != a.Done {
		t.Errorf("completed ranges hold %d voxels, Done is %d", done, a.Done)
	}
}

func TestRunCallsEveryChunkOnceWhateverThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sched.Plan{
			Voxels:  rapid.IntRange(0, 3000).Draw(t, "voxels"),
			Workers: rapid.IntRange(0, 5).Draw(t, "workers"),
			Pin:     numa.CanPin && rapid.Bool().Draw(t, "pin"),
		}
		switch rapid.IntRange(0, 2).Draw(t, "division") {
		case 1:
			p.Chunks = rapid.IntRange(1, 4000).Draw(t, "chunks")
		case 2:
			p.VoxelsPerChunk = rapid.IntRange(1, 4000).Draw(t, "voxels per chunk")
		}
		visits := make([]atomic.Int32, p.Voxels)
		a := mustRun(t, p, func(worker int, r sched.Range) error {
			for v := r.Begin; v < r.End; v++ {
				visits[v].Add(1)
			}
			return nil
		})
		for v := range visits {
			if n := visits[v].Load(); n != 1 {
				t.Fatalf("voxel %d was visited %d times", v, n)
			}
		}
		sum := a.Sum()
		if a.Done != p.Voxels || sum.Voxels != p.Voxels || sum.Chunks != a.Division.Count() || a.DoneChunks != sum.Chunks {
			t.Fatalf("account %+v for %d voxels in %d chunks", a, p.Voxels, a.Division.Count())
		}
		if p.Voxels > 0 && !slices.Equal(a.Completed, []sched.Range{{Begin: 0, End: p.Voxels}}) {
			t.Fatalf("completed %v, want one range of all", a.Completed)
		}
	})
}

func TestWorkerSeesItsOwnChunksInAscendingOrderAndNeverTwoAtATime(t *testing.T) {
	const workers = 3
	last := [workers]int{-1, -1, -1}
	var busy [workers]atomic.Bool
	mustRun(t, sched.Plan{Voxels: 20000, VoxelsPerChunk: 1, Workers: workers}, func(worker int, r sched.Range) error {
		if !busy[worker].CompareAndSwap(false, true) {
			t.Errorf("worker %d was given a second chunk meanwhile", worker)
		}
		if r.Begin <= last[worker] {
			t.Errorf("worker %d: chunk at %d after chunk at %d", worker, r.Begin, last[worker])
		}
		last[worker] = r.Begin
		busy[worker].Store(false)
		return nil
	})
}

// toy is a function of the voxel's number alone whose rounding would show any change of order.
func toy(voxel int) float64 {
	sum := 0.0
	for k := range 20 {
		sum += math.Sin(float64(voxel)*0.37 + float64(k))
	}
	return sum
}

func TestResultsAreTheSameForAnyNumberOfWorkersAndChunks(t *testing.T) {
	const voxels = 40000
	fit := func(workers, chunks int) []float64 {
		result := make([]float64, voxels)
		mustRun(t, sched.Plan{Voxels: voxels, Chunks: chunks, Workers: workers, Pin: numa.CanPin}, func(_ int, r sched.Range) error {
			for v := r.Begin; v < r.End; v++ {
				result[v] = toy(v)
			}
			return nil
		})
		return result
	}
	want := fit(1, 1)
	for _, workers := range []int{1, 2} {
		for _, chunks := range []int{1, 7, 1000, 1 << 15} {
			if !slices.Equal(fit(workers, chunks), want) {
				t.Errorf("%d workers, %d chunks: another result than 1 worker, 1 chunk", workers, chunks)
			}
		}
	}
}

func TestMillionChunksNeitherLoseTimeNorAllocate(t *testing.T) {
	const chunks = 1_000_000
	for _, workers := range []int{1, 2} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := mustRun(t, sched.Plan{Voxels: chunks, VoxelsPerChunk: 1, Workers: workers}, nothing)
		runtime.ReadMemStats(&after)
		if a.Sum().Chunks != chunks || a.DoneChunks != chunks {
			t.Errorf("%d workers ran %d chunks and completed %d, want %d", workers, a.Sum().Chunks, a.DoneChunks, chunks)
		}
		// A run allocates for its workers (some hundred objects with their threads), not for its chunks.
		if n := after.Mallocs - before.Mallocs; n > chunks/100 {
			t.Errorf("%d workers: %d allocations for %d chunks", workers, n, chunks)
		}
	}
}

func TestAccountHasAnEntryForEachWorkerEvenWithoutWork(t *testing.T) {
	a := mustRun(t, sched.Plan{Voxels: 1, Workers: 4}, nothing)
	if len(a.Workers) != 4 || a.Sum().Chunks != 1 {
		t.Errorf("%d workers and %d chunks in the account, want 4 and 1", len(a.Workers), a.Sum().Chunks)
	}
	if a := mustRun(t, sched.Plan{Workers: 2}, nothing); len(a.Workers) != 2 || a.Done != 0 || a.Completed != nil {
		t.Errorf("no voxels: account %+v, want two idle workers", a)
	}
}

func TestDefaultDivisionGivesEachWorkerItsShareOfChunks(t *testing.T) {
	a := mustRun(t, sched.Plan{Voxels: 64000, Workers: 2}, nothing)
	if a.Division.Count() != 2*sched.ChunksPerWorker {
		t.Errorf("%d chunks for 2 workers, want %d", a.Division.Count(), 2*sched.ChunksPerWorker)
	}
}

func TestTimeInStartAndInChunksIsCountedAsSuch(t *testing.T) {
	// What is measured inside a call can be no longer than what the account has for the call.
	var inStart, inChunks [2]time.Duration
	begin := time.Now()
	stay := func(sum *time.Duration) error {
		from := time.Now()
		time.Sleep(time.Millisecond)
		*sum += time.Since(from)
		return nil
	}
	a := mustRun(t, sched.Plan{Voxels: 20, VoxelsPerChunk: 1, Workers: 2, Start: func(worker int) error {
		return stay(&inStart[worker])
	}}, func(worker int, r sched.Range) error {
		return stay(&inChunks[worker])
	})
	if outside := time.Since(begin); a.Wall > outside {
		t.Errorf("wall time %v, more than the %v around the call", a.Wall, outside)
	}
	for i, w := range a.Workers {
		if w.StartWait < inStart[i] || w.Compute < inChunks[i] {
			t.Errorf("worker %d was %v in Start and %v in chunks; the account says %v and %v", i, inStart[i], inChunks[i], w.StartWait, w.Compute)
		}
		if w.Steal != 0 || w.Stolen != 0 {
			t.Errorf("worker %d stole, though there is one counter: %+v", i, w)
		}
	}
}

func TestWorkerWithoutChunksComputesNothing(t *testing.T) {
	a := mustRun(t, sched.Plan{Voxels: 1, Workers: 3}, nothing)
	for i, w := range a.Workers {
		if (w.Compute > 0) && w.Chunks == 0 {
			t.Errorf("worker %d computed for %v in no chunk", i, w.Compute)
		}
	}
}

func TestPlansThatCannotBeAreRefused(t *testing.T) {
	for what, p := range map[string]sched.Plan{
		"found Voxels -1":                        {Voxels: -1},
		"found Chunks -2":                        {Chunks: -2},
		"found VoxelsPerChunk -3":                {VoxelsPerChunk: -3},
		"found Workers -4":                       {Workers: -4},
		"found Workers 1000000":                  {Workers: 1000000},
		"found both Chunks 2 and VoxelsPerChunk": {Voxels: 9, Chunks: 2, VoxelsPerChunk: 3},
	} {
		_, err := sched.Run(context.Background(), p, nothing)
		wantError(t, err, what)
	}
}
