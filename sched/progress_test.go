package sched_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/voxfit/voxfit/sched"
)

func TestProgressIsReportedDuringTheRunAndAtItsEnd(t *testing.T) {
	// The last chunk waits until Progress has reported the others, so the run ends only if it does.
	heard := make(chan struct{})
	var once sync.Once
	var calls []int
	var running atomic.Bool
	p := sched.Plan{Voxels: 50, VoxelsPerChunk: 5, Workers: 2, Progress: func(done, voxels int) {
		if !running.CompareAndSwap(false, true) {
			t.Error("two calls at a time")
		}
		if voxels != 50 {
			t.Errorf("told of %d voxels, want 50", voxels)
		}
		if done == 45 {
			once.Do(func() { close(heard) })
		}
		calls = append(calls, done)
		running.Store(false)
	}}
	mustRun(t, p, func(_ int, r sched.Range) error {
		if r.Begin == 45 {
			<-heard
		}
		return nil
	})
	if len(calls) < 2 || calls[len(calls)-1] != 50 {
		t.Errorf("progress %v, want 45 on the way and 50 at last", calls)
	}
	for i := 1; i < len(calls); i++ {
		if calls[i] < calls[i-1] {
			t.Errorf("progress fell: %v", calls)
		}
	}
}
