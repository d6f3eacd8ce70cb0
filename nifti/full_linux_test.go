package nifti

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDiskIsReportedAndLeavesNothing writes maps onto a file system of 256 KiB.
func TestFullDiskIsReportedAndLeavesNothing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount the small file system of this test")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("a file on the small file system is still open: %v", err)
		}
	})
	h := NewHeader([]int{64, 64, 20}, nil, [4][4]float64{})
	index := FullMask(h).Index
	for _, name := range []string{"fod.nii", "fod.nii.gz"} {
		values := make([]float32, 20*len(index))
		state := uint32(1)
		for i := range values {
			state = state*1664525 + 1013904223
			values[i] = float32(state)
		}
		path := filepath.Join(disk, name)
		err := WriteMap(path, h, index, 20, values, WriteOptions{})
		wantLine(t, err, path, "not written", "no space left on device")
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v is not ENOSPC", err)
		}
		wantFiles(t, disk)
	}
	if err := WriteMap(filepath.Join(disk, "small.nii.gz"), h, index[:9], 1, ramp(9), WriteOptions{}); err != nil {
		t.Errorf("after that, a map that fits should be written: %v", err)
	}
}
