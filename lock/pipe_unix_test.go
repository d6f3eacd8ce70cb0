//go:build unix

package lock_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/voxfit/voxfit/lock"
)

func TestANamedPipeIsRefusedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("skipped: no named pipes here: %v", err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := lock.Open(path)
		answer <- err
	}()
	select {
	case err := <-answer:
		if err == nil || !strings.Contains(err.Error(), "named pipe") {
			t.Errorf("found %v, want a refusal that says what it is", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("opening a named pipe waits for its other end")
	}
}
