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

func TestReadingANamedPipeIsRefusedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("skipped: no named pipes here: %v", err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := lock.ReadFile(path)
		answer <- err
	}()
	select {
	case err := <-answer:
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("found %v, want a refusal that names it", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("reading a named pipe waits for its other end")
	}
}
