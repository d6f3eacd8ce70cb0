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

// faults returns how often each command is disturbed: $VOXFIT_CRASH times in `make crash`, a few times in `make test`.
func faults(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("VOXFIT_CRASH")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("VOXFIT_CRASH is %q, want a number of faults", text)
	}
	return n
}

// outcome returns the files of a folder that a kill must not change. Hidden files are left out, because the next start
// deals with them.
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

// A victim is a command that is killed, and the files that were in its folder before.
type victim struct {
	form string
	args func(dir string) []string
	old  func(dir string) []string // returns the command that makes the old files; nil if there are none

	whole  time.Duration     // how long the command takes without a kill
	before map[string]string // the old files
	after  map[string]string // the files of a run without a kill
}

// victimsMemory is the memory that a victim claims to hold besides what it counts. It is large enough that Go's
// collector does not run all the time when a fit may take little more.
const victimsMemory = 256 << 20

// into adds an output folder to a command.
func into(args ...string) func(dir string) []string {
	return func(dir string) []string { return append(slices.Clone(args), "-o", dir) }
}

// victims returns the commands that make a set of files, each in several forms: with different formats, passes and
// models, with and without --force.
func victims(t *testing.T, voxels int) map[string][]*victim {
	zipped := small(t, voxels)
	plain := near(zipped, "plain.nii")
	write(t, plain, unzip(t, read(t, zipped)))
	mask := near(zipped, "mask.nii.gz")
	fromPlain := append(tables(zipped, plain), "--mask", mask)
	fit := func(args ...string) func(dir string) []string { return into(append([]string{"fit"}, args...)...) }
	ols := fit("dti", zipped, "--mask", mask, "--method", "ols")
	parts := shards(t, 2, append([]string{"fit", "dti"}, fromPlain...)...)

	fitted := t.TempDir()
	succeed(t, "fit", "csdm", zipped, "--mask", mask, "--response", phantomResponse, "-o", fitted)
	fod := filepath.Join(fitted, "model-csd_param-fod_dwimap.nii.gz")
	convert := func(name string, args ...string) func(dir string) []string {
		return func(dir string) []string {
			return append([]string{"convert", fod, "-o", filepath.Join(dir, name)}, args...)
		}
	}
	// Memory for half of the volumes, the maps and a block. victimsMemory has room for one decompressing thread.
	passes := []string{"--threads", "1", "--max-memory", fmt.Sprint(victimsMemory + voxels*(288/2+32)*4 + 128*320*4)}
	return map[string][]*victim{
		"fit": {
			{form: "from gzip", args: fit("fwdtim", zipped, "--mask", mask)},
			{form: "from a plain file", args: fit(append([]string{"csdm", "--response", phantomResponse}, fromPlain...)...)},
			{form: "in several passes", args: fit(append([]string{"fwdtim", zipped, "--mask", mask}, passes...)...)},
			{form: "of a shard", args: fit("sfm", zipped, "--mask", mask, "--shard", "2/4")},
			{form: "of all tissues", args: fit(append([]string{"msmt"}, fromPlain...)...)},
			{form: "with --force", args: fit("dti", zipped, "--mask", mask, "--method", "nls", "--force"), old: ols},
			{form: "with --force, fewer maps, in several passes",
				args: fit(append([]string{"dti", zipped, "--mask", mask, "--method", "nls", "--maps", "fa,status", "--force"}, passes...)...), old: ols},
		},
		"merge": {
			{form: "of shards", args: into(append([]string{"merge"}, parts...)...)},
			{form: "with --force", args: into(append([]string{"merge", "--force"}, parts...)...), old: ols},
		},
		"convert": {
			{form: "to gzip", args: convert("fod.nii.gz", "--sh-basis", "tournier07", "--frame", "world")},
			{form: "to a plain file", args: convert("fod.nii", "--sh-basis", "tournier07")},
			{form: "with --force", args: convert("fod.nii", "--sh-basis", "tournier07", "--frame", "world", "--force"), old: convert("fod.nii", "--frame", "world")},
		},
	}
}

// A command is killed by SIGKILL at a random moment, perhaps twice, and then runs again. The files must then be those
// of a run without a kill. In between the folder must have either the old files or the new ones, complete and never
// some of both.
func TestKilledCommandsLeaveOldFilesOrNewOnesAndGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("killing commands takes half a minute; not with -short")
	}
	random := seeded(t)
	const few = 6
	for command, forms := range victims(t, 1500) {
		t.Run(command, func(t *testing.T) {
			for _, v := range forms {
				v.undisturbed(t)
			}
			var all tally
			wanted := faults(t, few)
			for n := 0; all.faults < wanted && n < 10*wanted; n++ {
				all.add(forms[n%len(forms)].trial(t, random))
			}
			all.log(t, wanted)
		})
	}
}

// seeded returns a source of random moments. The test's output has its seed.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A tally counts the outcomes of disturbed commands.
type tally struct{ faults, survived, lost, mixed int }

func (t *tally) add(more tally) {
	t.faults += more.faults
	t.survived += more.survived
	t.lost += more.lost
	t.mixed += more.mixed
}

// log prints the tally, and fails the test if there were fewer faults than wanted.
func (t *tally) log(test *testing.T, wanted int) {
	test.Logf("%d faults, %d survived, %d lost, %d mixed", t.faults, t.survived, t.lost, t.mixed)
	if t.faults < wanted || t.survived != t.faults {
		test.Errorf("want %d faults, all survived", wanted)
	}
}

// undisturbed runs the command once, to see which files it makes and how long it takes.
func (v *victim) undisturbed(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if v.old != nil {
		succeed(t, v.old(dir)...)
	}
	v.before = outcome(t, dir)
	begin := time.Now()
	if stderr, ok := runAlone(t, 0, v.args(dir)...); !ok {
		t.Fatalf("%s: %s", v.form, stderr)
	}
	v.whole = time.Since(begin)
	v.after = outcome(t, dir)
}

// trial kills the command, perhaps twice, and runs it again. A kill that came too late does not count as a fault.
func (v *victim) trial(t *testing.T, random *rand.Rand) (result tally) {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir) // removed now, because hundreds of folders would fill a disk
	for file, text := range v.before {
		write(t, filepath.Join(dir, file), []byte(text))
	}
	for range 1 + random.IntN(2) { // a second kill may find the remains of the first
		if _, ok := runAlone(t, after(random, v.whole), v.args(dir)...); !ok {
			result.faults++
		}
		if mixed := oldOrNew(outcome(t, dir), v.before, v.after); mixed != "" {
			t.Errorf("%s: after a kill %s", v.form, mixed)
			result.mixed++
		}
	}
	// The maps were complete before the kill, so the same command may refuse.
	if maps.Equal(outcome(t, dir), v.after) && v.old == nil {
		result.survived = result.faults
		return result
	}
	if stderr, ok := runAlone(t, 0, v.args(dir)...); !ok {
		t.Errorf("%s: after a kill the same command: %s", v.form, stderr)
		result.lost++
	} else if got := outcome(t, dir); !maps.Equal(got, v.after) {
		t.Errorf("%s: after a kill and the same command %s", v.form, firstOtherFile(got, v.after))
		result.lost++
	}
	for file := range folder(t, dir) {
		if strings.HasPrefix(file, ".kbench-") {
			t.Errorf("%s: %s is left after the next start", v.form, file)
		}
	}
	if result.lost+result.mixed == 0 {
		result.survived = result.faults
	}
	return result
}

// after returns a random moment of a command that takes a given time. It is at least a microsecond, since 0 means
// never.
func after(random *rand.Rand, whole time.Duration) time.Duration {
	return time.Microsecond + time.Duration(random.Int64N(int64(whole)))
}

// runAlone runs the program as a process of its own, and ends it by SIGKILL after a time, or never for 0. It returns
// what the program wrote to its standard error.
func runAlone(t *testing.T, kill time.Duration, args ...string) (stderr string, ok bool) {
	t.Helper()
	var err bytes.Buffer
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1", "VOXFIT_TEST_BLOCK=128", fmt.Sprint("VOXFIT_TEST_MEMORY=", victimsMemory))
	c.Stderr = &err
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if kill > 0 {
		timer := time.AfterFunc(kill, func() { c.Process.Kill() })
		defer timer.Stop()
	}
	ok = c.Wait() == nil
	return err.String(), ok
}

// oldOrNew returns what is wrong if a folder has files that are neither old nor new, or some of both.
func oldOrNew(got, old, fresh map[string]string) string {
	var olds, news []string
	for name, text := range got {
		switch {
		case old[name] == fresh[name] && text == old[name]: // the old file and the new one are equal
		case text == old[name]:
			olds = append(olds, name)
		case text == fresh[name]:
			news = append(news, name)
		default:
			return fmt.Sprintf("%s is neither the old file nor the new one (%d bytes)", name, len(text))
		}
	}
	if len(olds) > 0 && len(news) > 0 {
		return fmt.Sprintf("old files and new ones are beside each other: %v, %v", olds, news)
	}
	return ""
}

func firstOtherFile(got, want map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			return fmt.Sprintf("%s has %d bytes, want %d", name, len(got[name]), len(want[name]))
		}
	}
	return fmt.Sprintf("there are %d files, want %d", len(got), len(want))
}
