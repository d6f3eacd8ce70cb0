package main

import (
	"path/filepath"
	"testing"
)

// mapsIn counts the images of a folder.
func mapsIn(t *testing.T, dir string) int {
	t.Helper()
	maps, err := filepath.Glob(filepath.Join(dir, "*.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return len(maps)
}

func TestMapsOfAnotherFitAreRefusedBesideNewOnes(t *testing.T) {
	first, second, out := small(t, 27), small(t, 30), t.TempDir()
	succeed(t, "fit", "dti", first, "-o", out, "--maps", "fa", "--method", "ols")
	refuse(t, []string{"fit", "dti", second, "-o", out, "--maps", "md", "--method", "ols"}, "param-fa", first, "another fit", "--force")
	refuse(t, []string{"fit", "dti", first, "-o", out, "--maps", "md", "--method", "nls"}, "param-fa", "Options.method", "ols", "nls")
	parts := shards(t, 2, "fit", "dti", second, "--maps", "md,status", "--method", "ols")
	refuse(t, append([]string{"merge", "-o", out}, parts...), "param-fa", first, "another fit", "--force")
	if n := mapsIn(t, out); n != 1 {
		t.Errorf("%d maps after what was refused, want 1", n)
	}
	succeed(t, "fit", "dti", first, "-o", out, "--maps", "md", "--method", "ols") // more maps of the same fit
	if n := mapsIn(t, out); n != 2 {
		t.Errorf("%d maps of one fit in two parts, want 2", n)
	}
}

func TestMergeWithForceLeavesNoMapOfAnotherFit(t *testing.T) {
	first, second, out := small(t, 27), small(t, 30), t.TempDir()
	succeed(t, "fit", "dti", first, "-o", out)
	parts := shards(t, 2, "fit", "dti", second, "--maps", "fa,status")
	succeed(t, append([]string{"merge", "--force", "-o", out}, parts...)...)
	if n := mapsIn(t, out); n != 2 {
		t.Errorf("%d maps after the merge of two, want 2", n)
	}
}
