package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/voxfit/voxfit/lock"
)

// A contextAsked is a context that calls a function when it is asked for the n-th time whether it has ended.
type contextAsked struct {
	context.Context
	left *atomic.Int32
	do   func()
}

func (c contextAsked) Err() error {
	if c.left.Add(-1) == 0 {
		c.do()
	}
	return c.Context.Err()
}

func TestAShardThatIsReplacedWhileItIsJoinedIsNoticed(t *testing.T) {
	first := small(t, 300)
	fit := func(image string) []string {
		return shards(t, 2, "fit", "dti", image, "--mask", near(first, "mask.nii.gz"), "--maps", "fa,md,rd,status")
	}
	second := near(first, "other.nii.gz")
	content := unzip(t, read(t, first))
	for at := 352; at+4 < len(content); at += 4 * 97 {
		content[at+2] ^= 0x40
	}
	write(t, second, gzipped(t, content))
	theirs := shards(t, 2, append(append([]string{"fit", "dti"}, tables(first, second)...), "--mask", near(first, "mask.nii.gz"), "--maps", "fa,md,rd,status")...)
	ours, swapped, noticed := fit(first), true, 0
	for n := int32(1); swapped; n++ {
		swapped = false
		left := &atomic.Int32{}
		left.Store(n)
		swap := func() {
			swapped = true
			for _, m := range []struct{ from, to string }{{ours[1], ours[1] + ".away"}, {theirs[1], ours[1]}} {
				if err := os.Rename(m.from, m.to); err != nil {
					t.Error(err)
				}
			}
		}
		out := filepath.Join(t.TempDir(), "maps")
		var stderr bytes.Buffer
		code := run(contextAsked{t.Context(), left, swap}, []string{"merge", ours[0], ours[1], "-o", out}, &bytes.Buffer{}, &stderr)
		if !swapped {
			break
		}
		if code == 0 {
			t.Errorf("swapped at question %d: the merge succeeds", n)
		} else if strings.Contains(stderr.String(), ours[1]) {
			noticed++
			nothingIn(t, out)
		}
		for _, m := range []struct{ from, to string }{{ours[1], theirs[1]}, {ours[1] + ".away", ours[1]}} {
			if err := os.Rename(m.from, m.to); err != nil {
				t.Fatal(err)
			}
		}
	}
	if noticed < 3 {
		t.Errorf("a swap was noticed at %d moments, want several", noticed)
	}
	t.Logf("noticed at %d moments", noticed)
}

func TestMergeWaitsForNoOtherProcessAndReadsNoShardThatIsWritten(t *testing.T) {
	image, out := small(t, 27), filepath.Join(t.TempDir(), "maps")
	parts := shards(t, 2, "fit", "dti", image)
	held, err := lock.Take(filepath.Join(parts[1], ".kbench-model-tensor_desc-shard2of2.lock"), lock.Holder("kbench fit dti theirs.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, append([]string{"merge", "-o", out}, parts...), parts[1], "another process", "theirs.nii.gz")
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(parts[0], ".kbench-model-tensor_desc-shard1of2")
	if err := os.Mkdir(hidden, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(hidden, journalName), []byte("{}"))
	refuse(t, append([]string{"merge", "-o", out}, parts...), parts[0], "stopped")
	nothingIn(t, out)
}
