//go:build unix

package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how often each command is killed: a few times in `make test`, $VOXFIT_CRASH times in `make crash`.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("VOXFIT_CRASH")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("VOXFIT_CRASH is %q, want a number of kills", text)
	}
	return n
}

// outcome is what the files of a folder are, as far as a kill must not change it: hidden files are the next start's.
func outcome(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := withoutCommand(t, dir)
	for name := range files {
		if strings.HasPrefix(name, ".") {
			delete(files, name)
		}
	}
	return files
}

// One kill with SIGKILL at a random moment, then the same command: the files must be those of a run that nobody killed,
// and between the two the folder must hold the old files or the new ones, whole, never some of both.
func TestKilledCommandsLeaveOldFilesOrNewOnesAndGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("killing commands takes half a minute; not with -short")
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	zipped := small(t, 4000)
	plain := near(zipped, "plain.nii")
	write(t, plain, unzip(t, read(t, zipped)))
	mask := near(zipped, "mask.nii.gz")
	parts := shards(t, 2, append([]string{"fit", "dti"}, append(tables(zipped, plain), "--mask", mask)...)...)
	for name, args := range map[string][]string{
		"fit from gzip":         {"fit", "fwdtim", zipped, "--mask", mask},
		"fit from a plain file": append([]string{"fit", "csdm", "--response", phantomResponse, "--mask", mask}, tables(zipped, plain)...),
		"fit in several passes": append([]string{"fit", "fwdtim", "--mask", mask, "--max-memory", "2M"}, tables(zipped, plain)...),
		"fit with --force":      {"fit", "dti", zipped, "--mask", mask, "--method", "nls", "--force"},
		"merge":                 append([]string{"merge"}, parts...),
		"merge with --force":    append([]string{"merge", "--force"}, parts...),
	} {
		t.Run(name, func(t *testing.T) {
			prepare := func(dir string) {}
			if slices.Contains(args, "--force") {
				prepare = func(dir string) { succeed(t, "fit", "dti", zipped, "--mask", mask, "--method", "ols", "-o", dir) }
			}
			first := t.TempDir()
			prepare(first)
			old := outcome(t, first)
			begin := time.Now()
			runAlone(t, 0, append(slices.Clone(args), "-o", first)...)
			whole := time.Since(begin)
			want := outcome(t, first)
			survived := 0
			for trial := range kills(t) {
				dir := t.TempDir()
				for file, text := range old {
					write(t, filepath.Join(dir, file), []byte(text))
				}
				command := append(slices.Clone(args), "-o", dir)
				for range 1 + random.IntN(2) { // a second kill may meet what the first one left
					runAlone(t, time.Duration(random.Int64N(int64(whole)*5/4)), command...)
					oldOrNew(t, trial, outcome(t, dir), old, want)
				}
				if maps.Equal(outcome(t, dir), want) && !slices.Contains(args, "--force") {
					survived++ // whole before the kill; the same command would refuse
					continue
				}
				if _, stderr, ok := runAlone(t, 0, command...); !ok {
					t.Errorf("kill %d (seed %d): the same command: %s", trial, seed, stderr)
					continue
				}
				if got := outcome(t, dir); !maps.Equal(got, want) {
					t.Errorf("kill %d (seed %d): %s", trial, seed, firstOtherFile(got, want))
					continue
				}
				for file := range folder(t, dir) {
					if strings.HasPrefix(file, ".kbench-") {
						t.Errorf("kill %d: %s is left after the next start", trial, file)
					}
				}
				survived++
			}
			t.Logf("%d kills, %d survived", kills(t), survived)
		})
	}
}

// runAlone runs the program as a process of its own, which SIGKILL ends after a time; 0 lets it end.
func runAlone(t *testing.T, kill time.Duration, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	var out, err bytes.Buffer
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1", "VOXFIT_TEST_BLOCK=256")
	c.Stdout, c.Stderr = &out, &err
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if kill > 0 {
		timer := time.AfterFunc(kill, func() { c.Process.Kill() })
		defer timer.Stop()
	}
	ok = c.Wait() == nil
	return out.String(), err.String(), ok
}

// oldOrNew fails when a folder has files that are neither old nor new, or some of both.
func oldOrNew(t *testing.T, trial int, got, old, want map[string]string) {
	t.Helper()
	olds, news := 0, 0
	for name, text := range got {
		switch {
		case old[name] == want[name] && text == old[name]: // the same either way
		case text == old[name]:
			olds++
		case text == want[name]:
			news++
		default:
			t.Errorf("kill %d: %s is neither the old file nor the new one (%d bytes)", trial, name, len(text))
		}
	}
	if olds > 0 && news > 0 {
		t.Errorf("kill %d: %d old files and %d new ones are beside each other", trial, olds, news)
	}
}

func firstOtherFile(got, want map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			return fmt.Sprintf("%s has %d bytes, want %d", name, len(got[name]), len(want[name]))
		}
	}
	return fmt.Sprintf("%d files, want %d", len(got), len(want))
}
