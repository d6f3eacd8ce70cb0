package nifti

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"
)

// FuzzOpen checks that no bytes make the reader panic or take more memory than they justify, that errors are one line
// with the file's name, and that an accepted header survives writing.
func FuzzOpen(f *testing.F) {
	for _, version := range []int{1, 2} {
		whole := smallFile(version)
		f.Add(whole, false)
		f.Add(gzipped(f, whole), true)
		f.Add(gzipped(f, whole)[:100], true)
		f.Add(whole[:300], false)
	}
	f.Add(put(42, [3]int16{32767, 32767, 32767})(smallFile(1)), false)
	f.Add(put(24, [3]int64{1 << 40, 1 << 40, 1})(smallFile(2)), false)
	f.Add(put(112, [2]float32{float32(math.NaN()), 1})(smallFile(1)), false)
	f.Add(put(40, [8]int16{7, 1, 1, 1, 1, 1, 1, 1})(smallFile(1)), false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, data []byte, compressed bool) {
		name := "fuzz.nii"
		if compressed {
			name += ".gz"
		}
		m, err := openBytes(name, data)
		if err != nil {
			wantOneLine(t, name, err)
			return
		}
		wantRewritable(t, m.Header)
		size := m.Header.Voxels() * m.Header.Volumes()
		if limit := deflateLimit * len(data); size > limit {
			t.Fatalf("Open accepted %d voxels in %d bytes", size, len(data))
		}
		if size > 1<<20 {
			return
		}
		index := FullMask(m.Header).Index
		dst := make([]float32, size)
		if err := m.ReadMasked(context.Background(), dst, index, ReadOptions{Workers: 2}); err != nil {
			wantOneLine(t, name, err)
		}
		if _, err := m.Mask(); err != nil {
			wantOneLine(t, name, err)
		}
	})
}

func wantOneLine(t *testing.T, name string, err error) {
	t.Helper()
	if !strings.HasPrefix(err.Error(), name+": ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %q, expected one line that begins with %q", err, name)
	}
}

func wantRewritable(t *testing.T, h *Header) {
	t.Helper()
	again, err := parse(h.bytes())
	if err != nil {
		t.Fatalf("the header cannot be read after writing: %v", err)
	}
	if !reflect.DeepEqual(again.Shape, h.Shape) || again.Affine() != h.Affine() {
		t.Errorf("after writing, shape %v and affine %v became %v and %v", h.Shape, h.Affine(), again.Shape, again.Affine())
	}
}
