package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// folder returns the contents of all files in a folder by name, with hidden files.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if !e.IsDir() {
			files[e.Name()] = string(read(t, filepath.Join(dir, e.Name())))
		} else {
			files[e.Name()] = "(folder)"
		}
	}
	return files
}

func stage(t *testing.T, dir string, force bool, names ...string) *staging {
	t.Helper()
	s, err := newStaging(dir, "set", "kbench test")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.claim(names, force); err != nil {
		t.Fatal(err)
	}
	if err := s.begin(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := s.write(name, []byte("new "+name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestASecondFitOfTheSameMapsIsToldWhoIsWritingThem(t *testing.T) {
	image, out := small(t, 27), t.TempDir()
	held, err := newStaging(out, "model-tensor", "kbench fit dti theirs.nii.gz -o maps")
	if err != nil {
		t.Fatal(err)
	}
	before := folder(t, out)
	args := []string{"fit", "dti", image, "-o", out}
	refuse(t, args, "another process is writing the same files", "kbench fit dti theirs.nii.gz -o maps", "process ")
	refuse(t, append(args, "--force"), "theirs.nii.gz")
	// The lock is taken first, so that these inputs are not even opened.
	refuse(t, []string{"fit", "dti", "no such image.nii.gz", "-o", out}, "theirs.nii.gz")
	if after := folder(t, out); len(after) != len(before) {
		t.Errorf("the refused fits left %v", after)
	}
	succeed(t, "fit", "fwdtim", image, "-o", out)                // maps of another model
	succeed(t, "fit", "dti", image, "-o", out, "--shard", "1/2") // maps of another part
	held.remove()
	succeed(t, args...)
}

func TestOfManyFitsAtOnceOneWritesTheMaps(t *testing.T) {
	first, second := small(t, 27), small(t, 27)
	out := filepath.Join(t.TempDir(), "made", "by", "whoever is first")
	codes := make([]int, 8)
	var wg sync.WaitGroup
	for i := range codes {
		image := []string{first, second}[i%2]
		wg.Go(func() {
			codes[i], _, _ = kbench("fit", "dti", image, "-o", out)
		})
	}
	wg.Wait()
	won := 0
	for _, code := range codes {
		if code == 0 {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d fits of 8 say that they wrote the maps, want 1", won)
	}
	for name := range folder(t, out) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestTheLoserOfALockLeavesTheWinnersFolderAlone(t *testing.T) {
	out := filepath.Join(t.TempDir(), "maps")
	winner := stage(t, out, false, "a", "b")
	defer winner.remove()
	if _, err := newStaging(out, "set", "kbench test"); err == nil {
		t.Fatal("two have the lock")
	}
	if err := winner.commit(); err != nil {
		t.Errorf("after another one was refused: %v", err)
	}
}

// died does what kill -9 does: the kernel releases the lock, and nothing else is cleaned up.
func (s *staging) died() {
	copy := *s
	copy.folder, copy.made = filepath.Join(s.target, "no such folder"), nil
	copy.remove()
}

// After a kill at any step of the move there is another start. Old and new files must never be beside each other, and
// the next start must restore the folder.
func TestAKillWhileFilesAreMovedChangesNothing(t *testing.T) {
	for _, before := range []map[string]string{
		{"mine": "kept"},
		{"mine": "kept", "a": "old a", "c": "old c"},
	} {
		for step := range 3 + len(before) {
			dir := t.TempDir()
			for name, text := range before {
				write(t, filepath.Join(dir, name), []byte(text))
			}
			s := stage(t, dir, true, "a", "b", "c")
			j, err := s.writeJournal()
			if err != nil {
				t.Fatal(err)
			}
			old, fresh := s.moves(j)
			for _, m := range append(old, fresh...)[:step] {
				if err := os.Rename(m.from, m.to); err != nil {
					t.Fatal(err)
				}
				notMixed(t, dir, step)
			}
			s.died()
			next, err := newStaging(dir, "set", "kbench test")
			if err != nil {
				t.Fatalf("step %d: the next start: %v", step, err)
			}
			if !strings.Contains(next.note, "taken back") {
				t.Errorf("the next start does not say what it did: %q", next.note)
			}
			next.remove()
			if after := folder(t, dir); !maps.Equal(after, before) {
				t.Errorf("step %d: before %v, after %v", step, before, after)
			}
		}
	}
}

func TestAKillAfterTheJournalIsGoneLeavesTheNewFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), []byte("old a"))
	s := stage(t, dir, true, "a", "b")
	j, err := s.writeJournal()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.move(j), s.endJournal()); err != nil {
		t.Fatal(err)
	}
	s.died()
	next, err := newStaging(dir, "set", "kbench test")
	if err != nil {
		t.Fatal(err)
	}
	next.remove()
	if after := folder(t, dir); !maps.Equal(after, map[string]string{"a": "new a", "b": "new b"}) {
		t.Errorf("the folder holds %v", after)
	}
}

// After a kill between the moment from which the maps count and the end of the command, the checkpoint is still there.
func TestTheSameCommandFinishesWhatWasStoppedAfterTheMove(t *testing.T) {
	image, out := small(t, 27), t.TempDir()
	const checkpoint = ".model-tensor_param-checkpoint.partial"
	args := []string{"fit", "dti", image, "-o", out}
	stopped := func() {
		t.Helper()
		other := t.TempDir()
		succeed(t, append(args[:len(args)-1:len(args)-1], other)...)
		s, err := newStaging(out, "model-tensor", "kbench test")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		for name, text := range folder(t, other) {
			s.names = append(s.names, name)
			if err := s.write(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		s.shared, s.spent = []string{descriptionFile}, []string{checkpoint}
		if err := s.write(descriptionFile, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(out, checkpoint), []byte("blocks"))
		j, err := s.writeJournal()
		if err == nil {
			err = errors.Join(s.move(j), s.endJournal())
		}
		if err != nil {
			t.Fatal(err)
		}
		s.died()
	}
	stopped()
	// This start is killed after it has repaired the folder.
	again, err := newStaging(out, "model-tensor", "kbench test")
	if err != nil {
		t.Fatal(err)
	}
	again.died()
	if text := succeed(t, args...); !strings.Contains(text, "maps are whole") {
		t.Errorf("the next start says %q", text)
	}
	for name := range folder(t, out) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s was left behind", name)
		}
	}
	if _, err := os.Lstat(filepath.Join(out, descriptionFile)); err != nil {
		t.Error(err)
	}
	refuse(t, args, "exists", "--force") // after that it behaves as always

	for _, file := range []string{"*.nii.gz", "*.json"} {
		names, _ := filepath.Glob(filepath.Join(out, file))
		for _, name := range names {
			os.Remove(name)
		}
	}
	stopped()
	if code, _, stderr := kbench(append(args, "--method", "ols")...); code == 0 || !strings.Contains(stderr, "exists") {
		t.Errorf("another fit is taken for it: exit code %d: %s", code, stderr)
	}
}

func TestMapsOfAnotherFitGoWithForceAndThoseOfTheSameStay(t *testing.T) {
	image, out := small(t, 27), t.TempDir()
	args := []string{"fit", "dti", image, "-o", out, "--force", "--method"}
	count := func() int {
		maps, err := filepath.Glob(filepath.Join(out, "*.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		return len(maps)
	}
	succeed(t, append(args, "ols")...)
	if n := count(); n != 8 {
		t.Fatalf("%d maps, want 8", n)
	}
	if last := succeed(t, append(args, "ols", "--maps", "fa,status")...); strings.Contains(last, "removed") {
		t.Errorf("the last lines speak of removed maps: %s", last)
	}
	if n := count(); n != 8 {
		t.Errorf("after the same fit of two maps: %d maps, want 8", n)
	}
	last := succeed(t, append(args, "nls", "--maps", "fa,status")...)
	if !strings.Contains(last, "removed: ") || !strings.Contains(last, "of another fit") || strings.Count(last, "param-md") != 1 || strings.Count(last, "param-fa") != 1 {
		t.Errorf("the last lines do not say which maps are removed: %s", last)
	}
	if help := succeed(t, "fit", "dti", "--help"); !strings.Contains(strings.Join(strings.Fields(help), " "), "Maps of another fit of the same model and image that this fit does not make are removed") {
		t.Error("the help of --force does not say that maps are removed")
	}
	if n := count(); n != 2 {
		t.Errorf("after another fit of two maps: %d maps, want 2", n)
	}
}

func TestAMoveThatFailsIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), []byte("old a"))
	s := stage(t, dir, true, "a", "b")
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o777); err != nil { // somebody makes it after claim
		t.Fatal(err)
	}
	if err := s.commit(); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "b")) {
		t.Errorf("found %v, want an error that names what is in the way", err)
	}
	s.remove()
	if after := folder(t, dir); !maps.Equal(after, map[string]string{"a": "old a", "b": "(folder)"}) {
		t.Errorf("the folder holds %v", after)
	}
}

func TestAFileThatSomebodyPutInAPlaceAfterAKillIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	s := stage(t, dir, false, "a", "b")
	j, err := s.writeJournal()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.move(j); err != nil {
		t.Fatal(err)
	}
	s.died()
	write(t, filepath.Join(dir, "a"), []byte("somebody's own"))
	next, err := newStaging(dir, "set", "kbench test")
	if err != nil {
		t.Fatal(err)
	}
	next.remove()
	if after := folder(t, dir); !maps.Equal(after, map[string]string{"a": "somebody's own"}) {
		t.Errorf("the folder holds %v", after)
	}
}

func TestStagingOfADeadCommandIsRemovedByTheNextStart(t *testing.T) {
	image, out := small(t, 27), t.TempDir()
	dead, err := newStaging(out, "model-tensor", "kbench fit dti dead")
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.begin(); err != nil {
		t.Fatal(err)
	}
	if err := dead.write("half a map", []byte("x")); err != nil {
		t.Fatal(err)
	}
	dead.died()
	succeed(t, "fit", "dti", image, "-o", out)
	for name := range folder(t, out) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestAStagingFolderThatIsALinkIsNotFollowed(t *testing.T) {
	dir, precious := t.TempDir(), t.TempDir()
	write(t, filepath.Join(precious, "journal.json"), []byte("{}"))
	if err := os.Symlink(precious, filepath.Join(dir, ".kbench-set")); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	s, err := newStaging(dir, "set", "kbench test")
	if err != nil {
		t.Fatal(err)
	}
	s.remove()
	if got := folder(t, precious); !maps.Equal(got, map[string]string{"journal.json": "{}"}) {
		t.Errorf("the link's target holds %v", got)
	}
}

func notMixed(t *testing.T, dir string, step int) {
	t.Helper()
	var old, fresh bool
	for name, text := range folder(t, dir) {
		old = old || strings.HasPrefix(text, "old")
		fresh = fresh || !strings.HasPrefix(name, ".") && strings.HasPrefix(text, "new")
	}
	if old && fresh {
		t.Errorf("after step %d old and new files are beside each other: %v", step, folder(t, dir))
	}
}
