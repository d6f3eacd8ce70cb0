//go:build unix

package lock_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/otheruser"
	"github.com/voxfit/voxfit/lock"
)

// TestMain lets the test binary try to take a lock as another user, and print the error.
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
	folder := otheruser.New(t)
	path := filepath.Join(folder.Path, ".lock")
	take := func() string {
		out, err := folder.Command([]string{"VOXFIT_TEST_TAKE=" + path}).Output()
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
