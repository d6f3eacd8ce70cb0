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

// T has the methods of *testing.T and *rapid.T that are needed here.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func nothing(int, sched.Range) error { return nil }

var policies = []sched.Policy{sched.NUMA, sched.Dynamic, sched.Static}

// pinnings has the pinnings that this system supports. pinned is the strictest of them.
var pinnings = func() []sched.Pinning {
	if !numa.CanPin {
		return []sched.Pinning{sched.PinNone}
	}
	return []sched.Pinning{sched.PinNone, sched.PinNode, sched.PinCore}
}()
var pinned = pinnings[len(pinnings)-1]

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

// checkAccount checks what must hold for every run, however it ended: no part of a worker's time is lost or counted
// twice, and Completed is consistent.
func checkAccount(t T, a sched.Account) {
	t.Helper()
	for i, w := range a.Workers {
		if w.Total() != a.Wall {
			t.Errorf("worker %d: parts add up to %v, wall time is %v", i, w.Total(), a.Wall)
		}
		if min(w.StartWait, w.FirstTouch, w.Dispatch, w.Steal, w.Compute, w.TailWait) < 0 {
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
			Pin:     rapid.SampledFrom(pinnings).Draw(t, "pin"),
			Policy:  rapid.SampledFrom(policies).Draw(t, "policy"),
			Elastic: rapid.Bool().Draw(t, "elastic"),
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

// (With stealing, only what a worker takes from its own queue and from one theft ascends: see
// TestOwnChunksAscendAndStolenOnesAscendWithinATheft.)
func TestWorkerSeesItsChunksInAscendingOrderAndNeverTwoAtATime(t *testing.T) {
	const workers = 3
	for _, policy := range policies {
		for _, elastic := range []bool{false, true} {
			last := [workers]int{-1, -1, -1}
			var busy [workers]atomic.Bool
			p := sched.Plan{Voxels: 20000, VoxelsPerChunk: 3, Workers: workers, Policy: policy, Elastic: elastic}
			mustRun(t, p, func(worker int, r sched.Range) error {
				if !busy[worker].CompareAndSwap(false, true) {
					t.Errorf("worker %d was given a second chunk meanwhile", worker)
				}
				if policy != sched.NUMA && r.Begin <= last[worker] {
					t.Errorf("%v: worker %d: chunk at %d after chunk at %d", policy, worker, r.Begin, last[worker])
				}
				last[worker] = r.Begin
				busy[worker].Store(false)
				return nil
			})
		}
	}
}

// toy is a function of the voxel's number alone. Its rounding would show any change of the order of operations.
func toy(voxel int) float64 {
	sum := 0.0
	for k := range 20 {
		sum += math.Sin(float64(voxel)*0.37 + float64(k))
	}
	return sum
}

func TestResultsAreTheSameForAnyNumberOfWorkersAndChunks(t *testing.T) {
	const voxels = 40000
	fit := func(workers, chunks int, elastic bool) []float64 {
		result := make([]float64, voxels)
		mustRun(t, sched.Plan{Voxels: voxels, Chunks: chunks, Workers: workers, Pin: pinned, Elastic: elastic}, func(_ int, r sched.Range) error {
			for v := r.Begin; v < r.End; v++ {
				result[v] = toy(v)
			}
			return nil
		})
		return result
	}
	want := fit(1, 1, false)
	for _, workers := range []int{1, 2} {
		for _, chunks := range []int{1, 7, 1000, 1 << 15} {
			for _, elastic := range []bool{false, true} {
				if !slices.Equal(fit(workers, chunks, elastic), want) {
					t.Errorf("%d workers, %d chunks, elastic %v: another result than 1 worker, 1 chunk", workers, chunks, elastic)
				}
			}
		}
	}
}

// This is a soak of ten million chunks, or of a million with -short.
func TestTenMillionEmptyChunksNeitherLoseTimeNorAllocate(t *testing.T) {
	chunks := 10_000_000
	if testing.Short() {
		chunks /= 10
	}
	for _, p := range []sched.Plan{{Workers: 1}, {Workers: 2}, {Workers: 2, Elastic: true}, {Workers: 2, Policy: sched.Dynamic}} {
		p.Voxels, p.VoxelsPerChunk = chunks, 1
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := mustRun(t, p, nothing)
		runtime.ReadMemStats(&after)
		sum := a.Sum()
		if sum.Chunks != chunks || a.DoneChunks != chunks || sum.ChunkTimes.Total() != chunks {
			t.Errorf("%+v: ran %d chunks, completed %d, timed %d; want %d", p, sum.Chunks, a.DoneChunks, sum.ChunkTimes.Total(), chunks)
		}
		// A run allocates for its workers (some hundred objects with their threads), not for its chunks.
		if n := after.Mallocs - before.Mallocs; n > uint64(chunks/100) {
			t.Errorf("%+v: %d allocations for %d chunks", p, n, chunks)
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
	// The time that is measured inside a call cannot exceed the account's time of the call.
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
		if w.FirstTouch < inStart[i] || w.Compute < inChunks[i] {
			t.Errorf("worker %d was %v in Start and %v in chunks; the account says %v and %v", i, inStart[i], inChunks[i], w.FirstTouch, w.Compute)
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

func TestImpossiblePlansAreRefused(t *testing.T) {
	for what, p := range map[string]sched.Plan{
		"found Voxels -1":                        {Voxels: -1},
		"found Chunks -2":                        {Chunks: -2},
		"found VoxelsPerChunk -3":                {VoxelsPerChunk: -3},
		"found Workers -4":                       {Workers: -4},
		"found Workers 1000000":                  {Workers: 1000000},
		"found Policy 3":                         {Policy: 3},
		"found Policy 0 and Pin -1":              {Pin: -1},
		"chunks, expected at most 4294967295":    {Voxels: math.MaxInt, VoxelsPerChunk: 1, Workers: 1},
		"found both Chunks 2 and VoxelsPerChunk": {Voxels: 9, Chunks: 2, VoxelsPerChunk: 3},
	} {
		_, err := sched.Run(context.Background(), p, nothing)
		wantError(t, err, what)
	}
}
