package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/nifti"
)

// swap gives a file the content of another one, either by writing the file again or by renaming another file to its
// name.
func swap(t *testing.T, path, other string, inPlace bool) {
	t.Helper()
	if inPlace {
		write(t, path, read(t, other))
		return
	}
	write(t, path+".new", read(t, other))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// whenSaved returns a context that never ends. It calls a function once the checkpoint of a fit of fwdtim has a block.
func whenSaved(t *testing.T, out string, call func()) context.Context {
	done := false
	return untilSaved{t.Context(), filepath.Join(out, checkpointOfFwdtim), 64 * (8*8 + 4), func() {
		if !done {
			done = true
			call()
		}
	}}
}

func TestAnImageThatChangesDuringAFitGivesOneLineAndNothingElse(t *testing.T) {
	shrinkBlocks(t, 64)
	onlyCountedMemory(t)
	image := small(t, 700)
	original, other := near(image, "dwi.nii"), near(image, "other.nii")
	content := unzip(t, read(t, image))
	changed := bytes.Clone(content)
	changed[len(changed)-100] ^= 1 // one bit of one voxel
	write(t, other, changed)
	for _, inPlace := range []bool{true, false} {
		write(t, original, content)
		out := filepath.Join(t.TempDir(), "maps")
		args := append([]string{"fit", "fwdtim"}, tables(image, original)...)
		args = append(args, "--mask", near(image, "mask.nii.gz"), "-o", out, "--max-memory", seventyVoxels)
		ctx := whenSaved(t, out, func() { swap(t, original, other, inPlace) })
		var stderr bytes.Buffer
		if code := run(ctx, args, &bytes.Buffer{}, &stderr); code != exitFailed {
			t.Errorf("in place %v: exit code %d, want %d: %s", inPlace, code, exitFailed, &stderr)
		}
		line := strings.TrimSuffix(stderr.String(), "\n")
		if !strings.Contains(line, "dwi.nii changed while it was being read: nothing was written") || strings.Contains(line, "\n") {
			t.Errorf("in place %v: %s", inPlace, line)
		}
		if _, err := os.Lstat(out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("in place %v: the folder is there and holds %v", inPlace, folder(t, out))
		}
	}
}

// seventyVoxels is enough memory for the maps of fwdtim of 700 voxels and the signal of 70, so that a compressed image
// takes several passes.
const seventyVoxels = "150K"

func TestAMaskThatChangesDuringAFitGivesOneLine(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 700), t.TempDir()
	mask := near(image, "mask.nii.gz")
	smaller := unzip(t, read(t, mask))
	other := near(image, "other.nii.gz")
	write(t, other, gzipped(t, append(smaller[:len(smaller)-4:len(smaller)-4], 0, 0, 0, 0)))
	args := []string{"fit", "fwdtim", image, "--mask", mask, "-o", out}
	j := startedBefore(func() { swap(t, mask, other, false) })
	var stderr bytes.Buffer
	if code := run(j, args, &bytes.Buffer{}, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "mask.nii.gz changed while it was being read: nothing was written") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	nothingIn(t, out)
}

// startedBefore is a context that calls a function once, right before the signal is read.
func startedBefore(call func()) *firstLook {
	return &firstLook{Context: context.Background(), call: call}
}

type firstLook struct {
	context.Context
	call func()
}

func (c *firstLook) Done() <-chan struct{} {
	if c.call != nil {
		c.call()
		c.call = nil
	}
	return c.Context.Done()
}

// A firstError is a context that calls a function when it is first asked whether it has ended, which is after the
// signal was read.
type firstError struct{ *firstLook }

func (c *firstError) Done() <-chan struct{} { return c.Context.Done() }

func (c *firstError) Err() error {
	c.firstLook.Done()
	return c.Context.Err()
}

func TestAResumedFitOfAnotherImageStartsAnewAndSaysSo(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 1000), t.TempDir()
	args := []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}
	if code := run(afterTwoBlocks(t, out, func() {}), args, &bytes.Buffer{}, &bytes.Buffer{}); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d", code, exitInterrupted)
	}
	changed := unzip(t, read(t, image))
	changed[len(changed)-100] ^= 1
	write(t, image, gzipped(t, changed))
	code, _, stderr := kbench(args...)
	if code != 0 || !strings.Contains(stderr, "was of a fit of other inputs") || strings.Contains(stderr, "going on after") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	whole := t.TempDir()
	succeed(t, append(args[:len(args)-1:len(args)-1], whole)...)
	sameMaps(t, whole, out)
}

func TestTheLastCheckFindsWhatWasWrittenAfterTheHash(t *testing.T) {
	image := small(t, 27)
	m, err := openImage(image)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.hash(t.Context()); err != nil {
		t.Fatal(err)
	}
	content := read(t, image)
	swap(t, image, image, false) // the same bytes in another file
	if err := m.confirm(t.Context()); err != nil {
		t.Errorf("the same bytes: %v", err)
	}
	content[len(content)/2] ^= 1
	write(t, image, content)
	if err := m.confirm(t.Context()); !errors.Is(err, nifti.ErrChanged) {
		t.Errorf("other bytes: found %v, want ErrChanged", err)
	}
}

func TestASmallFileThatChangesDuringAFitGivesOneLine(t *testing.T) {
	shrinkBlocks(t, 64)
	for _, name := range []string{"bvals", "bvecs"} {
		image, out := small(t, 700), t.TempDir()
		changed := near(image, "changed")
		write(t, changed, append(read(t, near(image, name)), ' '))
		ctx := whenSaved(t, out, func() { swap(t, near(image, name), changed, true) })
		var stderr bytes.Buffer
		code := run(ctx, []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}, &bytes.Buffer{}, &stderr)
		if code != exitFailed || !strings.Contains(stderr.String(), name+" changed while it was being read: nothing was written") {
			t.Errorf("exit code %d: %s", code, &stderr)
		}
		nothingIn(t, out)
	}
}

func TestAnImageOrItsSidecarThatChangesDuringAConversionGivesOneLineAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	fod, sidecar := filepath.Join(dir, "fod.nii"), filepath.Join(dir, "fod.json")
	h := nifti.NewHeader([]int{9, 9, 9, 45}, nil, [4][4]float64{{2}, {0, 2}, {0, 0, 2}, {0, 0, 0, 1}})
	if err := nifti.WriteSignal(fod, h, make([]float32, h.Voxels()*h.Volumes()), nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	write(t, sidecar, []byte(`{"SubjectID": "01"}`))
	for _, path := range []string{fod, sidecar} {
		content := read(t, path)
		changed := bytes.Clone(content)
		changed[len(changed)-2] ^= 1
		write(t, filepath.Join(dir, "changed"), changed)
		for _, inPlace := range []bool{true, false} {
			out := filepath.Join(dir, "maps", "out.nii.gz")
			ctx := &firstError{startedBefore(func() { swap(t, path, filepath.Join(dir, "changed"), inPlace) })}
			var stderr bytes.Buffer
			code := run(ctx, []string{"convert", fod, "--from-basis", "descoteaux07", "--from-frame", "image", "--frame", "world", "-o", out}, &bytes.Buffer{}, &stderr)
			if want := "kbench: " + path + " changed while it was being read: nothing was written\n"; code != exitFailed || stderr.String() != want {
				t.Errorf("in place %v: exit code %d, want %d: found %q, want %q", inPlace, code, exitFailed, &stderr, want)
			}
			if _, err := os.Lstat(filepath.Dir(out)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("in place %v: the folder is there and holds %v", inPlace, folder(t, filepath.Dir(out)))
			}
			write(t, path, content)
		}
	}
}
