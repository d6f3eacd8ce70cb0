//go:build unix

package lock_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/voxfit/voxfit/lock"
)

// TestMain lets the test binary take a lock as another user: it prints the refusal.
func TestMain(m *testing.M) {
	path := os.Getenv("VOXFIT_TEST_TAKE")
	if path == "" {
		os.Exit(m.Run())
	}
	_, err := lock.Take(path, "second")
	var foreign *lock.ForeignError
	if errors.As(err, &foreign) && errors.Is(err, fs.ErrPermission) || errors.Is(err, lock.ErrHeld) {
		os.Stdout.WriteString(err.Error())
	}
}

func TestALockFileOfAnotherUserSaysWhatToDo(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can become another user")
	}
	dir, err := os.MkdirTemp("", "shared") // which others may enter, as t.TempDir's they may not
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program, path := filepath.Join(dir, "take"), filepath.Join(dir, ".lock")
	text, err := os.ReadFile(os.Args[0])
	if err := errors.Join(err, os.WriteFile(program, text, 0o755), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	take := func() string {
		c := exec.Command(program)
		c.Dir = dir
		c.Env = append(os.Environ(), "VOXFIT_TEST_TAKE="+path)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	held, err := lock.Take(path, "first")
	if err != nil {
		t.Fatal(err)
	}
	if says := take(); !strings.Contains(says, "first") {
		t.Errorf("while it is held: %q", says)
	}
	if err := errors.Join(held.Release(), os.WriteFile(path, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if says := take(); !strings.Contains(says, path) || !strings.Contains(says, "was left behind") || !strings.Contains(says, "remove it") {
		t.Errorf("when nobody holds it: %q", says)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if says := take(); !strings.Contains(says, path) || !strings.Contains(says, "cannot be read") || !strings.Contains(says, "remove it") {
		t.Errorf("when it cannot be read: %q", says)
	}
}
