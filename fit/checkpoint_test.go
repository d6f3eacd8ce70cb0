package fit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sched"
)

func block(n int, start float64) fit.Result {
	r := fit.Result{Parameters: make([]float64, 2*n), Status: make([]kernel.Status, n)}
	for i := range r.Parameters {
		r.Parameters[i] = start + float64(i)/3
	}
	for i := range r.Status {
		r.Status[i] = kernel.Status{Code: kernel.MaxIterations, Iterations: uint16(300 + i)}
	}
	return r
}

func open(t *testing.T, path, key string) *fit.Checkpoint {
	t.Helper()
	c, err := fit.OpenCheckpoint(path, key, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestFinishedBlocksComeBackBitForBitAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partial")
	first, second := sched.Range{Begin: 0, End: 5}, sched.Range{Begin: 5, End: 9}
	c := open(t, path, "csdm on a.nii")
	if err := c.Save(first, block(5, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(second, block(4, 7)); err != nil {
		t.Fatal(err)
	}
	c.Close()

	// A kill in the middle of a write leaves a block without its end.
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-3); err != nil {
		t.Fatal(err)
	}

	c = open(t, path, "csdm on a.nii")
	got := block(5, 0)
	if ok, err := c.Load(first, got); err != nil || !ok {
		t.Fatalf("the whole block was not found: %v, %v", ok, err)
	}
	want := block(5, 1)
	for i, x := range want.Parameters {
		if got.Parameters[i] != x {
			t.Fatalf("parameter %d came back as %g, saved as %g", i, got.Parameters[i], x)
		}
	}
	for i, s := range want.Status {
		if got.Status[i] != s {
			t.Fatalf("status %d came back as %v, saved as %v", i, got.Status[i], s)
		}
	}
	if ok, _ := c.Load(second, block(4, 0)); ok {
		t.Error("the torn block was taken for whole")
	}
	if err := c.Save(second, block(4, 7)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c = open(t, path, "csdm on a.nii"); c.Blocks() != 2 {
		t.Errorf("after the torn block was saved again the file has %d blocks, want 2", c.Blocks())
	}
}

func TestACheckpointOfAnotherFitIsNotUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partial")
	c := open(t, path, "lmax 8")
	part := sched.Range{Begin: 0, End: 3}
	if err := c.Save(part, block(3, 1)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c = open(t, path, "lmax 6"); c.Blocks() != 0 {
		t.Error("blocks of a fit with other options were taken over")
	}
}

func TestRemoveLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partial")
	c := open(t, path, "key")
	if err := c.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}
