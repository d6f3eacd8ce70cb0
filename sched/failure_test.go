package sched_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/sched"
)

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one that says %q", err, part)
		}
	}
}

func aFaultyFit(values []int, i int) int { return values[i] }

func TestPanicNamesItsChunkAndTheOthersAreRun(t *testing.T) {
	a, err := sched.Run(context.Background(), sched.Plan{Voxels: 100, VoxelsPerChunk: 10, Workers: 2}, func(_ int, r sched.Range) error {
		if r.Begin == 30 {
			aFaultyFit(nil, r.Begin)
		}
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "voxels 30-39", "panic: runtime error: index out of range [30]")
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error is more than a line: %q", err)
	}
	var failed *sched.ChunkError
	if !errors.As(err, &failed) {
		t.Fatalf("error is %T, want a *ChunkError in it", err)
	}
	if failed.Range != (sched.Range{Begin: 30, End: 40}) || failed.Worker < 0 || failed.Worker > 1 {
		t.Errorf("error names worker %d and %v", failed.Worker, failed.Range)
	}
	if !strings.Contains(string(failed.Stack), "aFaultyFit") {
		t.Errorf("stack does not show where the panic was:\n%s", failed.Stack)
	}
	var fault runtime.Error
	if !errors.As(err, &fault) {
		t.Error("the runtime's error cannot be found in the error")
	}
	if want := []sched.Range{{Begin: 0, End: 30}, {Begin: 40, End: 100}}; !slices.Equal(a.Completed, want) || a.DoneChunks != 9 {
		t.Errorf("completed %v (%d chunks), want %v (9 chunks)", a.Completed, a.DoneChunks, want)
	}
	if a.Sum().Chunks != 10 {
		t.Errorf("%d chunks were run, want 10", a.Sum().Chunks)
	}
}

func TestErrorsAreJoinedInTheOrderOfTheirChunks(t *testing.T) {
	a, err := sched.Run(context.Background(), sched.Plan{Voxels: 8, VoxelsPerChunk: 1, Workers: 3}, func(_ int, r sched.Range) error {
		switch r.Begin {
		case 0, 7:
			return fmt.Errorf("reading %d: %w", r.Begin, io.ErrUnexpectedEOF)
		case 3:
			panic("three")
		}
		return nil
	})
	checkAccount(t, a)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error of the chunk cannot be found in %v", err)
	}
	lines := strings.Split(fmt.Sprint(err), "\n")
	for i, part := range []string{"reading 0", "panic: three", "reading 7"} {
		if len(lines) != 3 || !strings.Contains(lines[i], part) {
			t.Fatalf("errors %q, want three lines and %q in line %d", lines, part, i)
		}
	}
	if want := []sched.Range{{Begin: 1, End: 3}, {Begin: 4, End: 7}}; !slices.Equal(a.Completed, want) {
		t.Errorf("completed %v, want %v", a.Completed, want)
	}
}

func TestThousandsOfFailuresAreCountedAndSixteenShown(t *testing.T) {
	peer.Slow(t)
	a, err := sched.Run(context.Background(), sched.Plan{Voxels: 5000, VoxelsPerChunk: 1, Workers: 1}, func(int, sched.Range) error {
		panic("every time")
	})
	checkAccount(t, a)
	wantError(t, err, "voxel 15 ", "4984 more chunks failed")
	if n := strings.Count(err.Error(), "\n"); n != 16 {
		t.Errorf("%d lines of error, want 17", n+1)
	}
	if a.Done != 0 || a.Completed != nil || a.Sum().Chunks != 5000 {
		t.Errorf("done %d, completed %v, ran %d chunks; want nothing, nothing, 5000", a.Done, a.Completed, a.Sum().Chunks)
	}
}

func TestCancellationAndFailureAreBothReported(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, err := sched.Run(ctx, sched.Plan{Voxels: 9, VoxelsPerChunk: 1, Workers: 1}, func(_ int, r sched.Range) error {
		if r.Begin == 2 {
			cancel()
			return io.ErrClosedPipe
		}
		return nil
	})
	checkAccount(t, a)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want both", err)
	}
	if want := []sched.Range{{Begin: 0, End: 2}}; !slices.Equal(a.Completed, want) {
		t.Errorf("completed %v, want %v", a.Completed, want)
	}
}

func TestChunkThatEndsItsGoroutineLosesOnlyItsWorker(t *testing.T) {
	p := sched.Plan{Voxels: 6, VoxelsPerChunk: 1, Workers: 2}
	var inside time.Duration
	a, err := sched.Run(context.Background(), p, func(_ int, r sched.Range) error {
		if r.Begin == 1 {
			begin := time.Now()
			time.Sleep(time.Millisecond)
			inside = time.Since(begin)
			runtime.Goexit()
		}
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "voxel 1 ", "runtime.Goexit")
	if compute := a.Sum().Compute; compute < inside {
		t.Errorf("compute %v, less than the %v in the chunk that did not return", compute, inside)
	}
	if a.Done != 5 {
		t.Errorf("%d voxels done, want the 5 others", a.Done)
	}
	p.Workers = 1
	a, err = sched.Run(context.Background(), p, func(int, sched.Range) error {
		runtime.Goexit()
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "voxel 0 ", "runtime.Goexit")
	if a.Done != 0 || a.Sum().Chunks != 1 {
		t.Errorf("done %d voxels in %d chunks after the only worker was gone", a.Done, a.Sum().Chunks)
	}
}

func TestWorkerThatCannotStartEndsTheRun(t *testing.T) {
	for what, fail := range map[string]func() error{
		"start of worker 1: no memory":              func() error { return errors.New("no memory") },
		"start of worker 1: panic: bad size":        func() error { panic("bad size") },
		"start of worker 1: runtime.Goexit called:": func() error { runtime.Goexit(); return nil },
	} {
		// These are more chunks than can be run in years. The run returns only because worker 1 ends it.
		p := sched.Plan{Voxels: sched.MaxChunks, VoxelsPerChunk: 1, Workers: 2, Start: func(worker int) error {
			if worker == 1 {
				return fail()
			}
			return nil
		}}
		a, err := sched.Run(context.Background(), p, func(int, sched.Range) error { time.Sleep(50 * time.Millisecond); return nil })
		checkAccount(t, a)
		wantError(t, err, what)
		var start *sched.StartError
		if !errors.As(err, &start) || start.Worker != 1 {
			t.Errorf("error %v, want a *StartError of worker 1", err)
		}
		if a.Workers[1].Chunks != 0 {
			t.Errorf("worker 1 ran %d chunks without having started", a.Workers[1].Chunks)
		}
		if a.Done != a.Workers[0].Chunks {
			t.Errorf("done %d, worker 0 ran %d chunks", a.Done, a.Workers[0].Chunks)
		}
	}
}

func TestNoWorkerStartedMeansNothingDone(t *testing.T) {
	p := sched.Plan{Voxels: 1000, Workers: 3, Start: func(worker int) error { return fmt.Errorf("refused %d", worker) }}
	a, err := sched.Run(context.Background(), p, func(_ int, r sched.Range) error {
		t.Errorf("%v was run", r)
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "refused 0", "refused 1", "refused 2")
}
