//go:build unix

package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/internal/powerloss"
)

// A powerTrial is a command whose power is cut.
type powerTrial struct {
	*victim
	first *powerloss.Recorder // the recording of an undisturbed run
}

// The power fails after any operation on the disk, which then has all that was synced and some of the rest. The folder
// must have the old files or the new ones (the new ones if the command had ended), and every block that was kept. Then
// the same command runs, the power fails once more, and the command runs once again. It must give the bits of an
// undisturbed run.
func TestAfterAPowerLossFilesAreOldOrNewAndTheSameCommandGoesOn(t *testing.T) {
	shrinkBlocks(t, 64)
	countedMemory(t, victimsMemory)
	limit := debug.SetMemoryLimit(-1) // fits in several passes lower this limit
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })
	random := seeded(t)
	const few = 3
	losses := faults(t, few) // for each form
	for command, forms := range victims(t, 300) {
		t.Run(command, func(t *testing.T) {
			var all tally
			for _, v := range forms {
				p := powerTrial{victim: v}
				p.record(t)
				for trial := range losses {
					k := random.IntN(p.first.Operations() + 1)
					if trial%4 == 0 {
						k = p.first.Operations() // the command has ended
					}
					all.add(p.trial(t, k, random))
				}
			}
			all.log(t, losses*len(forms))
		})
	}
}

// record runs the command once and records its operations on the disk. The output folder does not exist before, unless
// there are old files.
func (p *powerTrial) record(t *testing.T) {
	t.Helper()
	root := t.TempDir()
	out := filepath.Join(root, "maps")
	if p.old != nil {
		succeed(t, p.old(out)...)
		p.before = outcome(t, out)
	}
	p.first = powerloss.Record(t, root)
	succeed(t, p.args(out)...)
	p.first.Stop()
	p.after = outcome(t, out)
}

// trial cuts the power after k operations of the first run, and after a random operation of the second.
func (p *powerTrial) trial(t *testing.T, k int, random *rand.Rand) (result tally) {
	t.Helper()
	state := fmt.Sprintf("%s, power lost after %d of %d operations", p.form, k, p.first.Operations())
	root := t.TempDir()
	out := filepath.Join(root, "maps")
	p.first.Disk(t, k, random, root)
	fails := p.check(t, out, k == p.first.Operations())
	kept := p.first.Count(k, disk.Synced, ".partial")
	if p.first.Count(k, disk.Renamed, doneName) > 0 {
		kept = 0 // the maps count already, and the blocks have no further use
	}
	second := powerloss.Record(t, root)
	code, _, stderr := kbench(p.args(out)...)
	second.Stop()
	fails = append(fails, p.checkKept(stderr, kept)...)
	fails = append(fails, p.checkEnd(t, out, code, stderr)...)

	again := t.TempDir()
	second.Disk(t, random.IntN(second.Operations()+1), random, again)
	out = filepath.Join(again, "maps")
	fails = append(fails, p.check(t, out, false)...)
	code, _, stderr = kbench(p.args(out)...)
	fails = append(fails, p.checkEnd(t, out, code, stderr)...)

	result = tally{faults: 2, survived: 2}
	for _, fail := range fails {
		t.Errorf("%s: %s", state, fail)
		result.survived = 0
		if strings.Contains(fail, "beside each other") || strings.Contains(fail, "neither") {
			result.mixed++
		} else {
			result.lost++
		}
	}
	return result
}

// check compares a folder after the power loss with the old files and the new ones.
func (p *powerTrial) check(t *testing.T, out string, ended bool) (fails []string) {
	t.Helper()
	var got map[string]string
	if _, err := os.Stat(out); err == nil {
		got = outcome(t, out)
	}
	if ended && !maps.Equal(got, p.after) {
		fails = append(fails, "the command had ended, and "+firstOtherFile(got, p.after))
	}
	if mixed := oldOrNew(got, p.before, p.after); mixed != "" {
		fails = append(fails, mixed)
	}
	return fails
}

// checkKept compares the number of blocks with which a fit goes on with the number that were kept before.
func (p *powerTrial) checkKept(stderr string, kept int) []string {
	found := 0
	for line := range strings.Lines(stderr) {
		if _, after, ok := strings.Cut(line, "going on after "); ok {
			fmt.Sscan(after, &found)
		}
	}
	if found < kept {
		return []string{fmt.Sprintf("%d blocks were kept, and the next start finds %d: %s", kept, found, stderr)}
	}
	return nil
}

// checkEnd compares the result of the second command with that of an undisturbed run. If the files were complete
// before, the command may refuse to make them again.
func (p *powerTrial) checkEnd(t *testing.T, out string, code int, stderr string) (fails []string) {
	t.Helper()
	got := outcome(t, out)
	switch refused := p.old == nil && strings.Contains(stderr, "exists"); {
	case code != 0 && !refused:
		fails = append(fails, "the same command: "+stderr)
	case !maps.Equal(got, p.after):
		fails = append(fails, "the same command ends, and "+firstOtherFile(got, p.after))
	}
	for name := range folder(t, out) {
		if strings.HasPrefix(name, ".kbench-") {
			fails = append(fails, name+" is left after the next start")
		}
	}
	return fails
}

// The power is cut after each operation of the moves of files alone, many times over. A set of files replaces another
// one with other names, or such a move is taken back.
func TestAPowerLossWhileFilesAreMovedLeavesOldOnesOrNewOnes(t *testing.T) {
	before := map[string]string{"a": "old a", "b": "old b"}
	after := map[string]string{"b": "new b", "c": "new c", "shared": "new shared"}
	for name, c := range map[string]struct {
		move func(*staging) error
		ends []map[string]string
		last map[string]string // the files at the end
	}{
		"moved": {(*staging).commit, []map[string]string{before, after}, after},
		"taken back": {func(s *staging) error {
			j, err := s.writeJournal()
			if err != nil {
				return err
			}
			return errors.Join(s.move(j), s.undo(j))
		}, []map[string]string{before}, before},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range before {
				write(t, filepath.Join(root, file), []byte(text))
			}
			r := powerloss.Record(t, root)
			s := stage(t, root, true, "b", "c")
			s.old, s.shared = []string{"a", "b"}, []string{"shared"}
			if err := errors.Join(s.write("shared", []byte("new shared")), c.move(s)); err != nil {
				t.Fatal(err)
			}
			r.Stop()
			s.remove()
			random := seeded(t)
			for k := range r.Operations() + 1 {
				for range 6 {
					dir := filepath.Join(t.TempDir(), "maps")
					if err := os.Mkdir(dir, 0o777); err != nil {
						t.Fatal(err)
					}
					r.Disk(t, k, random, dir)
					notMixed(t, dir, k)
					next, err := newStaging(dir, "set", "kbench test")
					if err != nil {
						t.Fatalf("power lost after %d operations: the next start: %v", k, err)
					}
					next.remove()
					got := folder(t, dir)
					if !slices.ContainsFunc(c.ends, func(end map[string]string) bool { return maps.Equal(got, end) }) || k == r.Operations() && !maps.Equal(got, c.last) {
						t.Errorf("power lost after %d of %d operations: the folder holds %v", k, r.Operations(), got)
					}
					os.RemoveAll(dir)
				}
			}
		})
	}
}

// A study whose power is cut keeps every row that was synced, and goes on.
func TestAfterAPowerLossAStudyHasItsRowsAndGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("a study is a second of work; not with -short")
	}
	random := seeded(t)
	root := t.TempDir()
	args := func(root string) []string {
		return strings.Fields("run --models dti --min-chunks 1 --max-chunks 2 --num-runs 2 --voxels 30 --resume -o " + filepath.Join(root, "made", "study"))
	}
	first := powerloss.Record(t, root)
	succeed(t, args(root)...)
	first.Stop()
	written := wholeRows(t, filepath.Join(root, "made", "study"))
	want := runsIn(t, filepath.Join(root, "made", "study"))
	const few = 4
	losses := faults(t, few)
	var all tally
	for trial := range losses {
		k := random.IntN(first.Operations() + 1)
		if trial == 0 {
			k = first.Operations()
		}
		root := t.TempDir()
		dir := filepath.Join(root, "made", "study")
		first.Disk(t, k, random, root)
		rows := wholeRows(t, dir)
		kept := min(first.Count(k, disk.Synced, "runs.csv"), strings.Count(string(written), "\n"))
		all.faults++
		lost := ""
		switch code, _, stderr := kbench(args(root)...); {
		case strings.Count(string(rows), "\n") < kept-1: // the header may be lost: its folder is synced later
			lost = fmt.Sprintf("%d lines were synced, and %d are left", kept, strings.Count(string(rows), "\n"))
		case !strings.HasPrefix(string(written), string(rows)):
			lost = "rows are others than were written"
		case code != 0:
			lost = "the same command: " + stderr
		case !strings.HasPrefix(string(wholeRows(t, dir)), string(rows)):
			lost = "a row that was there is changed by --resume"
		case !maps.Equal(runsIn(t, dir), want):
			lost = "other runs than those of a study that nobody disturbed"
		}
		if lost != "" {
			t.Errorf("power lost after %d of %d operations: %s", k, first.Operations(), lost)
			all.lost++
		} else {
			all.survived++
		}
	}
	all.log(t, losses)
}
