package fit_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	if err := c.Save(first, block(5, 1), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(second, block(4, 7), nil); err != nil {
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
	if err := c.Save(second, block(4, 7), nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c = open(t, path, "csdm on a.nii"); c.Blocks() != 2 {
		t.Errorf("after the torn block was saved again the file has %d blocks, want 2", c.Blocks())
	}
}

// Zeros take a bit each. Minus zero is stored, so that it comes back with its sign.
func TestParametersThatAreZeroTakeNoRoomInACheckpointAndComeBackBitForBit(t *testing.T) {
	const voxels, parameters = 1000, 181
	dense, sparse := fit.Result{Parameters: make([]float64, voxels*parameters), Status: make([]kernel.Status, voxels)}, fit.Result{}
	for i := range dense.Parameters {
		dense.Parameters[i] = float64(i + 1)
	}
	sparse.Parameters, sparse.Status = make([]float64, voxels*parameters), dense.Status
	special := []float64{math.Copysign(0, -1), math.NaN(), math.Inf(1), 5e-324, -1}
	for i, x := range special {
		sparse.Parameters[7*parameters+37*i] = x
	}
	sparse.Parameters[len(sparse.Parameters)-1] = 3
	sizes := map[string]int{}
	for name, want := range map[string]fit.Result{"dense": dense, "sparse": sparse} {
		path := filepath.Join(t.TempDir(), "partial")
		part := sched.Range{Begin: 5, End: 5 + voxels}
		var c *fit.Checkpoint
		reopen := func() {
			var err error
			if c, err = fit.OpenCheckpoint(path, "key", parameters); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
		reopen()
		if err := c.Save(part, want, nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
		sizes[name] = size(t, path)
		reopen()
		got := fit.Result{Parameters: slices.Repeat([]float64{9}, voxels*parameters), Status: make([]kernel.Status, voxels)}
		if found, err := c.Load(part, got); !found || err != nil {
			t.Fatalf("%s: the block was not found: %v", name, err)
		}
		for i, x := range want.Parameters {
			if math.Float64bits(got.Parameters[i]) != math.Float64bits(x) {
				t.Fatalf("%s: parameter %d came back as %g, saved as %g", name, i, got.Parameters[i], x)
			}
		}
	}
	if least := 8 * voxels * parameters; sizes["dense"] < least || sizes["sparse"] > least/40 {
		t.Errorf("%d bytes of numbers take %v", least, sizes)
	}
}

func TestACheckpointOfAnotherFitIsNotUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partial")
	c := open(t, path, "lmax 8")
	part := sched.Range{Begin: 0, End: 3}
	if err := c.Save(part, block(3, 1), nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c = open(t, path, "lmax 6"); c.Blocks() != 0 {
		t.Error("blocks of a fit with other options were taken over")
	}
	if !strings.Contains(c.Anew(), "other inputs, options or version") {
		t.Errorf("it does not say why the file was started anew: %q", c.Anew())
	}
}

// Before there was a lock, two fits could write into one file and leave blocks of both in it.
func TestABlockOfAnotherFitIsNeverTakenOver(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	first, second := sched.Range{Begin: 0, End: 3}, sched.Range{Begin: 3, End: 6}
	save := func(path, key string, part sched.Range) {
		c := open(t, path, key)
		if err := c.Save(part, block(3, 1), nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	save(ours, "subject 1", first)
	end := size(t, ours)
	save(ours, "subject 1", second)
	save(theirs, "subject 2", first)
	save(theirs, "subject 2", second)
	mixed := append(content(t, ours)[:end:end], content(t, theirs)[end:]...)
	if err := os.WriteFile(ours, mixed, 0o644); err != nil {
		t.Fatal(err)
	}
	c := open(t, ours, "subject 1")
	if ok, err := c.Load(first, block(3, 0)); !ok || err != nil {
		t.Errorf("the fit's own block was not found: %v", err)
	}
	if ok, _ := c.Load(second, block(3, 0)); ok {
		t.Error("the other subject's block was taken over")
	}
}

func size(t *testing.T, path string) int { return len(content(t, path)) }

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestACheckpointOfAnOlderVersionIsStartedAnewAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "partial"), filepath.Join(dir, "other name of it")
	old := append([]byte("voxfit checkpoint 2\n"), make([]byte, 200)...)
	if err := os.WriteFile(path, old, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, other); err != nil {
		t.Skipf("skipped: no second names here: %v", err)
	}
	c := open(t, path, "key")
	if c.Blocks() != 0 || !strings.Contains(c.Anew(), "another version") {
		t.Errorf("%d blocks, %q", c.Blocks(), c.Anew())
	}
	if !bytes.Equal(content(t, other), old) {
		t.Error("the file was emptied under its other name")
	}
}

func TestALinkOrAFolderIsRefusedAsACheckpoint(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "precious"), filepath.Join(dir, "partial")
	if err := os.WriteFile(target, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	if _, err := fit.OpenCheckpoint(link, "key", 2); err == nil || !strings.Contains(err.Error(), link) {
		t.Errorf("a link was followed: %v", err)
	}
	if text := content(t, target); string(text) != "kept" {
		t.Errorf("the link's target holds %q", text)
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
