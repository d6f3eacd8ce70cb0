package native_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voxfit/voxfit/capi/native"
	"github.com/voxfit/voxfit/nifti"
)

// written writes an image of 5 x 4 x 3 voxels and 7 volumes, in which voxel v of volume t is 10 v + t.
func written(t *testing.T, name string) string {
	t.Helper()
	h := nifti.NewHeader([]int{5, 4, 3, 7}, nil, [4][4]float64{{2}, {0, 2}, {0, 0, 2}, {0, 0, 0, 1}})
	signal := make([]float32, 60*7)
	for i := range signal {
		signal[i] = float32(10*(i/7) + i%7)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := nifti.WriteSignal(path, h, signal, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t *testing.T, path string) *native.Image {
	t.Helper()
	h, err := native.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := native.FindImage(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = native.FreeImage(h) })
	return m
}

// An uncompressed file is read once, so that only the time of the last change shows that it was written to.
func TestAFileThatIsWrittenWhileItIsReadIsAnError(t *testing.T) {
	path := written(t, "a.nii")
	m := opened(t, path)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for second := int64(1); ; second++ {
			select {
			case <-stop:
				return
			default:
				_ = os.Chtimes(path, time.Time{}, time.Unix(second, 0))
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for range 1000 {
		if err := m.Read(&native.Reading{Values: make([]float32, 60*7)}); err != nil {
			if !errors.Is(err, nifti.ErrChanged) || !strings.HasPrefix(err.Error(), path) {
				t.Fatalf("error %q", err)
			}
			return
		}
	}
	t.Error("a file that is written to all the time was read 1000 times without an error")
}

func TestVoxelsOfAnImageAreReadInAnyOrder(t *testing.T) {
	for _, name := range []string{"a.nii", "a.nii.gz"} {
		m := opened(t, written(t, name))
		if !slices.Equal(m.Shape(), []int{5, 4, 3, 7}) {
			t.Errorf("shape %v", m.Shape())
		}
		shuffled := make([]int64, 60)
		for i, v := range rand.New(rand.NewPCG(1, 2)).Perm(60) {
			shuffled[i] = int64(v)
		}
		for what, index := range map[string][]int64{"all": nil, "ascending": {3, 4, 59}, "descending": {59, 30, 2}, "one": {7}, "shuffled": shuffled, "none": {}} {
			n := len(index)
			if index == nil {
				n = 60
			}
			values := make([]float32, 7*n)
			if err := m.Read(&native.Reading{Index: index, Values: values}); err != nil {
				t.Fatal(err)
			}
			for i, x := range values {
				v := int64(i / 7)
				if index != nil {
					v = index[i/7]
				}
				if x != float32(10*v+int64(i%7)) {
					t.Fatalf("%s, %s: voxel %d of volume %d is %v", name, what, v, i%7, x)
				}
			}
		}
	}
}

func TestAReadingThatCannotBeIsAnError(t *testing.T) {
	m := opened(t, written(t, "a.nii"))
	abort := int32(1)
	for says, r := range map[string]*native.Reading{
		"is outside":       {Index: []int64{60}, Values: make([]float32, 7)},
		"expected 0 to 59": {Index: []int64{-1}, Values: make([]float32, 7)},
		"twice":            {Index: []int64{3, 1, 3}, Values: make([]float32, 21)},
		"60 voxels x 7":    {Values: make([]float32, 7)},
		"aborted":          {Values: make([]float32, 420), Run: native.Run{Abort: &abort}},
	} {
		if err := m.Read(r); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, expected one that says %q", err, says)
		}
	}
	if _, err := native.Open(filepath.Join(t.TempDir(), "none.nii")); err == nil {
		t.Error("a file that is not there was opened")
	}
	if _, err := native.FindImage(0); !errors.Is(err, native.ErrImage) {
		t.Errorf("handle 0: %v", err)
	}
	var done int64
	if err := m.Read(&native.Reading{Values: make([]float32, 420), Run: native.Run{Progress: &done}}); err != nil || atomic.LoadInt64(&done) != 60 {
		t.Errorf("%v, %d of 60 voxels counted", err, done)
	}
}
