package sched_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/sched"
)

func contains(r sched.Range, voxel int) bool { return r.Begin <= voxel && voxel < r.End }

func TestShortChunksAreJoinedAndLongOnesCut(t *testing.T) {
	for _, test := range []struct{ perChunk, least, most int }{{1, 0, 2000}, {13, 0, 3000}, {100_000, 20, 100_000}} {
		p := sched.Plan{Voxels: 100_000, VoxelsPerChunk: test.perChunk, Workers: 1, Elastic: true}
		next := 0
		a := mustRun(t, p, func(_ int, r sched.Range) error {
			if r.Begin != next || r.Len() > 4096 {
				t.Errorf("call for %v after voxel %d: want the next voxels, at most 4096", r, next)
			}
			next = r.End
			return nil
		})
		w := a.Workers[0]
		if w.Chunks != a.Division.Count() || w.Calls < test.least || w.Calls > test.most || w.ChunkTimes.Total() != w.Chunks {
			t.Errorf("chunks of %d: %d calls for %d chunks, %d timed; want %d to %d calls", test.perChunk, w.Calls, w.Chunks, w.ChunkTimes.Total(), test.least, test.most)
		}
	}
}

func TestFailureInAJoinedCallIsThatOfItsChunkAlone(t *testing.T) {
	a, err := sched.Run(context.Background(), sched.Plan{Voxels: 10_000, VoxelsPerChunk: 10, Workers: 2, Elastic: true}, func(_ int, r sched.Range) error {
		for _, voxel := range []int{30, 4998, 9999} {
			if contains(r, voxel) {
				panic("at " + fmt.Sprint(voxel))
			}
		}
		if contains(r, 4004) {
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "voxels 30-39 ", "panic: at 30", "voxels 4000-4009 ", "voxels 4990-4999 ", "voxels 9990-9999 ")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error of the chunk cannot be found in %v", err)
	}
	want := []sched.Range{{Begin: 0, End: 30}, {Begin: 40, End: 4000}, {Begin: 4010, End: 4990}, {Begin: 5000, End: 9990}}
	if !slices.Equal(a.Completed, want) || a.DoneChunks != 996 || a.Sum().Chunks != 1000 {
		t.Errorf("completed %v (%d chunks of %d), want %v", a.Completed, a.DoneChunks, a.Sum().Chunks, want)
	}
}

func TestFailureInACutChunkIsThatOfItsPart(t *testing.T) {
	a, err := sched.Run(context.Background(), sched.Plan{Voxels: 50_000, Chunks: 1, Workers: 1, Elastic: true}, func(_ int, r sched.Range) error {
		if contains(r, 25_000) {
			panic("here")
		}
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "panic: here")
	if lost := 50_000 - a.Done; lost < 1 || lost > 4096 || len(a.Completed) != 2 || a.DoneChunks != 0 {
		t.Errorf("completed %v and %d chunks, want all but one part of the only chunk", a.Completed, a.DoneChunks)
	}
}

func TestGoexitInAJoinedCallLosesWhatItsWorkerHadTaken(t *testing.T) {
	for _, policy := range policies {
		ran := make([]atomic.Bool, 5000)
		a, err := sched.Run(context.Background(), sched.Plan{Voxels: len(ran), VoxelsPerChunk: 2, Workers: 2, Elastic: true, Policy: policy}, func(_ int, r sched.Range) error {
			if contains(r, 1000) {
				runtime.Goexit()
			}
			for v := r.Begin; v < r.End; v++ {
				ran[v].Store(true)
			}
			return nil
		})
		checkAccount(t, a)
		wantError(t, err, "runtime.Goexit")
		for v := range ran {
			completed := slices.ContainsFunc(a.Completed, func(r sched.Range) bool { return contains(r, v) })
			if completed != ran[v].Load() {
				t.Fatalf("%v: voxel %d: ran %v, completed %v", policy, v, ran[v].Load(), completed)
			}
		}
	}
}

func TestCancellationStopsWithinAChunk(t *testing.T) {
	for _, perChunk := range []int{7, 100_000} {
		for _, workers := range []int{1, 3} {
			ctx, cancel := context.WithCancel(context.Background())
			ran := make([]atomic.Bool, 100_000)
			var calls atomic.Int32
			cancelled := make(chan struct{})
			p := sched.Plan{Voxels: len(ran), VoxelsPerChunk: perChunk, Workers: workers, Elastic: true, Pin: pinned}
			a, err := sched.Run(ctx, p, func(_ int, r sched.Range) error {
				switch n := calls.Add(1); {
				case n == 10:
					cancel()
					close(cancelled)
				case n > 10: // the system may run the others before the tenth call reports
					<-cancelled
				}
				for v := r.Begin; v < r.End; v++ {
					ran[v].Store(true)
				}
				return nil
			})
			checkAccount(t, a)
			if err != context.Canceled || a.Done == len(ran) || int(calls.Load()) >= 10+workers {
				t.Errorf("%d voxels a chunk, %d workers: error %v, %d voxels done in %d calls; want a cancellation after the tenth",
					perChunk, workers, err, a.Done, calls.Load())
			}
			for v := range ran {
				completed := slices.ContainsFunc(a.Completed, func(r sched.Range) bool { return contains(r, v) })
				if completed != ran[v].Load() {
					t.Fatalf("voxel %d: ran %v, completed %v", v, ran[v].Load(), completed)
				}
			}
			cancel()
		}
	}
}

// However long a voxel takes, calls settle at 10 ms, so a cancellation waits no longer than about that. Sleeping takes
// at least as long as asked for, so the calls can only be shorter.
func TestCallsOfSlowVoxelsAreShort(t *testing.T) {
	const price = 100 * time.Microsecond
	longest := 0
	mustRun(t, sched.Plan{Voxels: 5000, Chunks: 1, Workers: 1, Elastic: true}, func(_ int, r sched.Range) error {
		longest = max(longest, r.Len())
		time.Sleep(time.Duration(r.Len()) * price)
		return nil
	})
	if longest > 100 { // its share alone would allow 156
		t.Errorf("a call of %d voxels of 0.1 ms, want at most 10 ms", longest)
	}
}

func TestWorkersStealWhenOneIsHeldUp(t *testing.T) {
	for _, elastic := range []bool{false, true} {
		p := sched.Plan{Voxels: 2000, VoxelsPerChunk: 1, Workers: 2, Elastic: elastic}
		// Worker 0 is held up in its first call until all chunks except those of that call are done.
		begun, others := make(chan struct{}), make(chan struct{})
		held, done := 0, 0
		a := mustRun(t, p, func(worker int, r sched.Range) error {
			if worker == 0 && held == 0 {
				held = r.Len()
				close(begun)
				<-others
				return nil
			}
			<-begun
			if worker == 1 {
				if done += r.Len(); done == 2000-held {
					close(others)
				}
			}
			return nil
		})
		if a.Workers[1].Stolen < 900 || a.Workers[1].Steal == 0 {
			t.Errorf("elastic %v: worker 1 stole %d chunks in %v, want nearly all 1000 of worker 0", elastic, a.Workers[1].Stolen, a.Workers[1].Steal)
		}
	}
}
