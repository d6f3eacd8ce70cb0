package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// shards fits all n parts, each into a folder of its own.
func shards(t *testing.T, n int, args ...string) []string {
	t.Helper()
	var folders []string
	for part := 1; part <= n; part++ {
		out := t.TempDir()
		succeed(t, append(slices.Clone(args), "-o", out, "--shard", fmt.Sprintf("%d/%d", part, n))...)
		folders = append(folders, out)
	}
	return folders
}

// withoutCommand returns a folder's files, with sidecars without the command.
func withoutCommand(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := folder(t, dir)
	for name, text := range files {
		if filepath.Ext(name) != ".json" {
			continue
		}
		var lines []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, `"Command"`) && !strings.Contains(line, `"MergedBy"`) {
				lines = append(lines, line)
			}
		}
		files[name] = strings.Join(lines, "")
	}
	return files
}

func TestMergedShardsAreTheFilesOfOneFit(t *testing.T) {
	image := small(t, 350)
	mask := near(image, "mask.nii.gz")
	for _, model := range []string{"csdm", "dti"} {
		args := []string{"fit", model, image, "--mask", mask}
		whole, out := t.TempDir(), t.TempDir()
		succeed(t, append(args, "-o", whole)...)
		parts := shards(t, 3, args...)
		slices.Reverse(parts) // in any order
		succeed(t, append([]string{"merge", "-o", out}, parts...)...)
		want, got := withoutCommand(t, whole), withoutCommand(t, out)
		if !maps.Equal(want, got) {
			for name := range want {
				if want[name] != got[name] {
					t.Errorf("%s: %s is not that of one fit (%d bytes, want %d)", model, name, len(got[name]), len(want[name]))
				}
			}
			t.Errorf("%s: merged %d files, one fit has %d", model, len(got), len(want))
		}
		refuse(t, append([]string{"merge", "-o", out}, parts...), "exists", "--force")
		succeed(t, append([]string{"merge", "--force", "-o", out}, parts...)...)
	}
}

func TestVoxelsOfOtherShardsSaySo(t *testing.T) {
	image, out := small(t, 20), t.TempDir()
	mask := near(image, "mask.nii.gz")
	succeed(t, "fit", "dti", image, "--mask", mask, "--shard", "1/2", "-o", out)
	inside, inShard := values(t, mask), 0
	for i, code := range values(t, filepath.Join(out, "model-tensor_param-status_desc-shard1of2_dwimap.nii.gz")) {
		switch {
		case inside[i] == 0 && code != float32(kernel.OutsideMask):
			t.Errorf("voxel %d is outside the mask, its status is %g", i, code)
		case inside[i] != 0 && code != float32(kernel.NotInShard):
			if inShard++; code == float32(kernel.OutsideMask) {
				t.Errorf("voxel %d is in the mask, its status is %g", i, code)
			}
		}
	}
	if inShard != 10 {
		t.Errorf("%d voxels are in the first of two shards of 20", inShard)
	}
	var s sidecar
	if err := json.Unmarshal(read(t, filepath.Join(out, "model-tensor_param-status_desc-shard1of2_dwimap.json")), &s); err != nil {
		t.Fatal(err)
	}
	if name := s.StatusCodes[fmt.Sprint(int(kernel.NotInShard))]; name != "NotInShard" {
		t.Errorf("the sidecar calls the code %q", name)
	}
}

func TestShardsThatAreNotOfOneFitAreRefusedByWhatDiffers(t *testing.T) {
	image := small(t, 60)
	args := []string{"fit", "dti", image, "--mask", near(image, "mask.nii.gz")}
	good := shards(t, 2, args...)
	other := func(more ...string) string {
		out := t.TempDir()
		succeed(t, append(append(slices.Clone(args), "--shard", "2/2", "-o", out), more...)...)
		return out
	}
	changed := func(change func(dir string)) string {
		out := t.TempDir()
		if err := os.CopyFS(out, os.DirFS(good[1])); err != nil {
			t.Fatal(err)
		}
		change(out)
		return out
	}
	const status = "model-tensor_param-status_desc-shard2of2_dwimap"
	thirds := shards(t, 3, args...)
	for what, c := range map[string]struct {
		folders []string
		words   []string
	}{
		"one is missing":          {good[:1], []string{"2/2", "missing"}},
		"one is there twice":      {[]string{good[0], good[1], good[0]}, []string{"1/2", "once"}},
		"another division":        {[]string{good[0], thirds[1], thirds[2]}, []string{"1/2", "2/3"}},
		"another method":          {[]string{good[0], other("--method", "ols")}, []string{"Options.method", "wls", "ols"}},
		"another instruction set": {[]string{good[0], other("--isa", "generic")}, []string{"InstructionSet"}},
		"another image": {[]string{good[0], changed(func(dir string) {
			edit(t, filepath.Join(dir, status+".json"), `"SHA256": "`, `"SHA256": "00`)
		})}, []string{"SHA256"}},
		"a map is missing": {[]string{good[0], changed(func(dir string) {
			os.Remove(filepath.Join(dir, "model-tensor_param-fa_desc-shard2of2_dwimap.json"))
		})}, []string{"fa", "expected the same"}},
		"an image is missing": {[]string{good[0], changed(func(dir string) {
			os.Remove(filepath.Join(dir, "model-tensor_param-fa_desc-shard2of2_dwimap.nii.gz"))
		})}, []string{"fa_desc-shard2of2"}},
		"voxels of another part": {[]string{good[0], changed(func(dir string) {
			write(t, filepath.Join(dir, status+".nii.gz"), read(t, filepath.Join(good[0], strings.Replace(status, "shard2", "shard1", 1)+".nii.gz")))
		})}, []string{"status map", "part 2/2"}},
		"no shards": {[]string{t.TempDir()}, []string{"no maps of a shard"}},
	} {
		out := filepath.Join(t.TempDir(), "maps")
		t.Run(what, func(t *testing.T) {
			refuse(t, append([]string{"merge", "-o", out}, c.folders...), c.words...)
			nothingIn(t, out)
		})
	}
}

// edit replaces text in a file.
func edit(t *testing.T, path, old, new string) {
	t.Helper()
	text := read(t, path)
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	write(t, path, bytes.Replace(text, []byte(old), []byte(new), 1))
}
