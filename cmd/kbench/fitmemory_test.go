//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// peakOf runs the program and returns its largest resident set in MiB. The resource usage of the process would not do,
// since it begins with the memory of the test.
func peakOf(t *testing.T, args ...string) (peak int64, stderr string, code int) {
	t.Helper()
	var text bytes.Buffer
	file := filepath.Join(t.TempDir(), "peak")
	c := exec.Command(os.Args[0], args...)
	c.Env, c.Stderr = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1", "VOXFIT_TEST_PEAK="+file), &text
	_ = c.Run() // the exit code shows a failure
	if _, err := fmt.Sscan(string(read(t, file)), &peak); err != nil {
		t.Fatal(err)
	}
	return peak >> 20, text.String(), c.ProcessState.ExitCode()
}

func TestMaxMemoryBoundsTheProcess(t *testing.T) {
	peer.Slow(t)
	image := small(t, 140000) // its signal takes 154 MiB
	mask := near(image, "mask.nii.gz")
	whole, bounded := t.TempDir(), t.TempDir()
	args := []string{"fit", "dti", image, "--mask", mask, "-o"}
	free, stderr, code := peakOf(t, append(args, whole)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	peak, stderr, code := peakOf(t, append(args, bounded, "--max-memory", "200M")...)
	if code != 0 || peak > 200 {
		t.Errorf("--max-memory 200M: the process took %d MiB, exit code %d: %s", peak, code, stderr)
	}
	t.Logf("peak %d MiB, with --max-memory 200M %d MiB", free, peak)
	sameMaps(t, whole, bounded)
	t.Run("a cgroup's limit holds without a flag", func(t *testing.T) {
		inGroup := t.TempDir()
		fitsInGroup(t, 160<<20, append(args, inGroup)...)
		sameMaps(t, whole, inGroup)
	})
}

func TestTooLittleMemoryIsRefusedWithTheLeastThatWouldDo(t *testing.T) {
	image, out := small(t, 2000), filepath.Join(t.TempDir(), "maps")
	args := []string{"fit", "dti", image, "--mask", near(image, "mask.nii.gz"), "-o", out}
	_, stderr, code := peakOf(t, append(args, "--max-memory", "20M")...)
	_, after, _ := strings.Cut(stderr, "at least ")
	var least int
	if n, _ := fmt.Sscanf(after, "%d MiB", &least); code != exitFailed || n != 1 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if !strings.Contains(stderr, "the program alone takes") || strings.Contains(stderr, "--shard") {
		t.Errorf("parts do not help where the program alone takes more: %s", stderr)
	}
	nothingIn(t, out)
	if _, stderr, code = peakOf(t, append(args, "--max-memory", fmt.Sprintf("%dM", least+8))...); code != 0 {
		t.Errorf("with %d MiB, where %d are said to do: exit code %d: %s", least+8, least, code, stderr)
	}
}

// Zeros compress a thousandfold, so a file of a megabyte may need gigabytes.
func TestASmallFileThatNeedsGigabytesIsRefusedWithinTheLimit(t *testing.T) {
	peer.Slow(t)
	dir := t.TempDir()
	h := nifti.NewHeader([]int{1000, 1000, 60}, nil, [4][4]float64{})
	path := filepath.Join(dir, "ones.nii.gz")
	ones := make([]byte, 4*1000*1000)
	for i := 0; i < len(ones); i += 4 {
		binary.LittleEndian.PutUint32(ones[i:], math.Float32bits(1))
	}
	small := filepath.Join(dir, "small.nii")
	if err := nifti.WriteSignal(small, nifti.NewHeader([]int{1, 1, 1}, nil, [4][4]float64{}), []float32{1}, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	header := read(t, small)[:352]
	for axis, n := range h.Shape {
		binary.LittleEndian.PutUint16(header[42+2*axis:], uint16(n))
	}
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	z.Write(header)
	for range h.Shape[2] {
		z.Write(ones)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, text.Bytes())
	write(t, filepath.Join(dir, "bvals"), []byte("0"))
	write(t, filepath.Join(dir, "bvecs"), []byte("0 0 0"))
	for _, mask := range []string{"", path} {
		args := []string{"fit", "dti", path, "-o", filepath.Join(dir, "maps"), "--max-memory", "300M"}
		if mask != "" {
			args = append(args, "--mask", mask)
		}
		peak, stderr, code := peakOf(t, args...)
		if code != exitFailed || !strings.Contains(stderr, "300 MiB") || peak > 300 {
			t.Errorf("mask %q: peak %d MiB, exit code %d: %s", mask, peak, code, stderr)
		}
	}
}

// A limit of the process below the free memory (ulimit -v) shows only when memory is reserved.
func TestMemoryThatTheSystemDoesNotGiveIsOneLineWithWhatToDo(t *testing.T) {
	_, err := newRoom(1<<45, 288, 0)
	if err == nil {
		t.Fatal("the system gave 36 PiB")
	}
	for _, word := range []string{"the system does not give", "for 35184372088832 voxels", "cannot allocate memory", "--max-memory", "--shard"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
}
