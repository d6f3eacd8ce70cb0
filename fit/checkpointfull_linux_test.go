package fit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/voxfit/voxfit/fit"
)

func TestACheckpointOnAFullDiskIsOneErrorAndLeavesNoFile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount the small file system of this test")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("a file on the small file system is still open: %v", err)
		}
	})
	if err := os.WriteFile(filepath.Join(disk, "all"), []byte("of the room"), 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(disk, "partial")
	c, err := fit.OpenCheckpoint(path, "csdm on a.nii", 2)
	if c != nil || !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
		t.Errorf("found %v and the error %v, want ENOSPC alone, in a line", c, err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was left behind: %v", err)
	}
}
