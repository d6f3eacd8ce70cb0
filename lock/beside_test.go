//go:build !windows

package lock

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestALockFileStandsInForALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.csv")
	unlock, err := lockBeside(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockBeside(path); err == nil || !strings.Contains(err.Error(), path+".lock") {
		t.Errorf("the refusal does not name the lock file: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = lockBeside(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
