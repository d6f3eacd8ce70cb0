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
	for name, c := range map[string]struct {
		open func() error
		says string
	}{
		"opening": {func() error { _, err := lock.Open(path); return err }, "named pipe"},
		"reading": {func() error { _, err := lock.ReadFile(path); return err }, path},
	} {
		answer := make(chan error, 1)
		go func() { answer <- c.open() }()
		select {
		case err := <-answer:
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: found %v, want a refusal that says %q", name, err, c.says)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s a named pipe waits for its other end", name)
		}
	}
}
