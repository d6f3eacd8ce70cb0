package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/soak"
)

// The memory and the descriptors of the process must not grow while many goroutines run kbench's commands: fits in
// blocks that are kept, merges of shards, conversions, verifications, and mistakes. In `make soak` there are 64
// goroutines for ten minutes.
func TestSoakOfKbench(t *testing.T) {
	if testing.Short() {
		t.Skip("a soak takes seconds; not with -short")
	}
	shrinkBlocks(t, 32)
	image := small(t, 64)
	d, goroutines := soak.Time(t)
	soakRound(t, image, t.TempDir())
	beginning := liveHeap()
	soakHalf(t, d/2, goroutines, image)
	before := idle(t)
	soakHalf(t, d/2, goroutines, image)
	after := idle(t)
	if d >= time.Minute {
		soak.Same(t, before, after)
	}
	end := liveHeap()
	t.Logf("%d bytes live in the heap after one round, %d after all", beginning, end)
	if end > beginning+1<<20 {
		t.Errorf("what lives in the heap grows from %d to %d bytes", beginning, end)
	}
}

// soakHalf runs rounds for a while, in as many goroutines.
func soakHalf(t *testing.T, d time.Duration, goroutines int, image string) {
	t.Helper()
	var rounds atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for range goroutines {
		dir := t.TempDir()
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				soakRound(t, image, dir)
				rounds.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("%d rounds of eight commands by %d goroutines", rounds.Load(), goroutines)
}

// idle returns what the process holds while it does nothing, after its garbage is collected and its memory is returned.
// While 64 commands run, memory and descriptors of one minute may be a tenth above those of the minute before, although
// nothing grows.
func idle(t *testing.T) soak.Sample {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory() // collects once more, for what finalizers released
	s := soak.Process(t, os.Getpid())
	s.Goroutines = runtime.NumGoroutine()
	return s
}

// liveHeap returns the size of the live heap after garbage collection, while nothing runs.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // for what finalizers released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// soakRound runs each command once, in a folder that is empty again at the end.
func soakRound(t *testing.T, image, dir string) {
	whole, first, second, merged := filepath.Join(dir, "whole"), filepath.Join(dir, "1"), filepath.Join(dir, "2"), filepath.Join(dir, "merged")
	fit := []string{"fit", "csdm", image, "--response", phantomResponse, "--threads", "2", "--pin", "none"}
	for _, args := range [][]string{
		append(fit[:len(fit):len(fit)], "-o", whole),
		append(fit[:len(fit):len(fit)], "-o", first, "--shard", "1/2"),
		append(fit[:len(fit):len(fit)], "-o", second, "--shard", "2/2"),
		{"merge", first, second, "-o", merged},
		{"verify", merged, "--share", "0.1"},
		{"convert", filepath.Join(whole, "model-csd_param-fod_dwimap.nii.gz"), "--sh-basis", "tournier07", "-o", filepath.Join(dir, "fod.nii.gz")},
	} {
		if code, _, stderr := kbench(args...); code != 0 {
			t.Errorf("kbench %v: exit code %d: %s", args, code, stderr)
		}
	}
	for _, args := range [][]string{
		append(fit[:len(fit):len(fit)], "-o", whole),                                 // the maps exist already
		{"fit", "dti", near(image, "none.nii.gz"), "-o", filepath.Join(dir, "none")}, // there is no such image
	} {
		if code, _, _ := kbench(args...); code == 0 {
			t.Errorf("kbench %v succeeded", args)
		}
	}
	for _, name := range []string{whole, first, second, merged, filepath.Join(dir, "fod.nii.gz"), filepath.Join(dir, "fod.json")} {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
	}
}
