package lock_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/lock"
)

func TestTheErrorNamesTheHolderOfTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".maps.lock")
	first, err := lock.Take(path, lock.Holder("kbench fit csdm a.nii"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = lock.Take(path, lock.Holder("kbench fit csdm b.nii"))
	var held *lock.HeldError
	if !errors.As(err, &held) || !errors.Is(err, lock.ErrHeld) {
		t.Fatalf("the second got %v, want a HeldError", err)
	}
	for _, word := range []string{"kbench fit csdm a.nii", "process ", " since ", path} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the refusal does not say %q: %v", word, err)
		}
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the lock file is still there")
	}
	second, err := lock.Take(path, "b")
	if err != nil {
		t.Fatalf("after the first's end: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestALockFileThatVanishedIsNoticed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "maps")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l, err := lock.Take(filepath.Join(dir, ".lock"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "maps") {
		t.Errorf("after the folder was removed: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// Goroutines take and release a lock of one name, so that they race between opening, locking and removing the file.
func TestNoTwoGoroutinesHoldTheSameLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	var holders, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
				l, err := lock.Take(path, "x")
				if errors.Is(err, lock.ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if holders.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				taken.Add(1)
				holders.Add(-1)
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("nobody ever had the lock")
	}
}

func TestALockEndsWithItsProcess(t *testing.T) {
	if os.Getenv("VOXFIT_TEST_HOLD") != "" { // the child process is killed, and would leave a folder of its own
		l, err := lock.Take(os.Getenv("VOXFIT_TEST_HOLD"), "child")
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		time.Sleep(time.Hour) // until it is killed
		runtime.KeepAlive(l)  // otherwise the file would be closed, and the lock released
	}
	path := filepath.Join(t.TempDir(), ".lock")
	child := exec.Command(os.Args[0], "-test.run=^TestALockEndsWithItsProcess$")
	child.Env = append(os.Environ(), "VOXFIT_TEST_HOLD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Take(path, "parent"); !errors.Is(err, lock.ErrHeld) || !strings.Contains(err.Error(), "child") {
		t.Errorf("while the other process lives: %v", err)
	}
	child.Process.Kill()
	child.Wait()
	l, err := lock.Take(path, "parent")
	if err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	l.Release()
}

func TestWhatIsNotARegularFileIsNeitherFollowedNorWaitedFor(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "precious"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	if _, err := lock.Take(link, "x"); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("a link: %v", err)
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "kept" {
		t.Errorf("the link's target holds %q, %v", text, err)
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Take(folder, "x"); err == nil {
		t.Error("a folder was taken for a lock file")
	}
}
