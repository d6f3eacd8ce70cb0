package sched_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/sched"
)

func TestCancellationStopsBeforeTheNextChunk(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, err := sched.Run(ctx, sched.Plan{Voxels: 1000, VoxelsPerChunk: 10, Workers: 1}, func(_ int, r sched.Range) error {
		if r.Begin == 50 {
			cancel()
		}
		return nil
	})
	if err != context.Canceled {
		t.Errorf("error %v, want context.Canceled itself", err)
	}
	checkAccount(t, a)
	if !slices.Equal(a.Completed, []sched.Range{{Begin: 0, End: 60}}) || a.Done != 60 || a.DoneChunks != 6 {
		t.Errorf("completed %v (%d voxels, %d chunks), want voxels 0-59 in 6 chunks", a.Completed, a.Done, a.DoneChunks)
	}
}

func TestCompletedIsWhatWasRunAlsoWithSeveralWorkers(t *testing.T) {
	for stopAt := range 40 {
		ctx, cancel := context.WithCancel(context.Background())
		ran := make([]atomic.Bool, 500)
		a, err := sched.Run(ctx, sched.Plan{Voxels: len(ran), VoxelsPerChunk: 3, Workers: 4}, func(_ int, r sched.Range) error {
			if r.Begin == 3*stopAt {
				cancel()
			}
			for v := r.Begin; v < r.End; v++ {
				ran[v].Store(true)
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) && a.Done != len(ran) {
			t.Errorf("error %v with %d voxels done, want context.Canceled", err, a.Done)
		}
		checkAccount(t, a)
		completed := make([]bool, len(ran))
		for _, r := range a.Completed {
			for v := r.Begin; v < r.End; v++ {
				completed[v] = true
			}
		}
		for v := range ran {
			if ran[v].Load() != completed[v] {
				t.Fatalf("voxel %d: ran %v, recorded as completed %v", v, ran[v].Load(), completed[v])
			}
		}
	}
}

func TestContextThatHasEndedRunsNothing(t *testing.T) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	a, err := sched.Run(ctx, sched.Plan{Voxels: 10, Workers: 2}, func(_ int, r sched.Range) error {
		t.Errorf("%v was run", r)
		return nil
	})
	if err != context.DeadlineExceeded {
		t.Errorf("error %v, want context.DeadlineExceeded", err)
	}
	checkAccount(t, a)
	if a.Done != 0 || a.Completed != nil {
		t.Errorf("completed %v", a.Completed)
	}
}

func TestCancellationThatStoppedNothingIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, err := sched.Run(ctx, sched.Plan{Voxels: 10, VoxelsPerChunk: 1, Workers: 1}, func(_ int, r sched.Range) error {
		if r.Begin == 9 {
			cancel()
		}
		return nil
	})
	if err != nil || a.Done != 10 {
		t.Errorf("error %v with %d of 10 voxels done, want none", err, a.Done)
	}
}

func TestEveryRunLeavesNoGoroutineBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, ending := range []string{"success", "cancelled", "panic", "goexit"} {
		ctx, cancel := context.WithCancel(context.Background())
		p := sched.Plan{Voxels: 300, VoxelsPerChunk: 1, Workers: 3, Pin: pinned, Progress: func(int, int) {}}
		a, err := sched.Run(ctx, p, func(_ int, r sched.Range) error {
			if r.Begin != 5 {
				return nil
			}
			switch ending {
			case "cancelled":
				cancel()
			case "panic":
				panic("on purpose")
			case "goexit":
				runtime.Goexit()
			}
			return nil
		})
		checkAccount(t, a)
		if (err == nil) != (a.Done == p.Voxels) {
			t.Errorf("%s: error %v with %d of %d voxels done", ending, err, a.Done, p.Voxels)
		}
		cancel()
	}
	// A goroutine that has ended may still be counted for a moment.
	for range 60_000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before the runs", runtime.NumGoroutine(), before)
}
