package nifti

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// cancelAfter is a context that ends after a number of calls of Err. There is one call for each chunk, so that the
// context ends in the middle of the work without a clock.
type cancelAfter struct {
	context.Context
	left int
}

func (c *cancelAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestCancelledWriteLeavesTheFolderAsItWas(t *testing.T) {
	for _, name := range []string{"map.nii", "map.nii.gz"} {
		for _, chunks := range []int{0, 1, 30} {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte("the old file"), 0o666); err != nil {
				t.Fatal(err)
			}
			h := NewHeader([]int{100, 100, 10}, nil, [4][4]float64{})
			index := FullMask(h).Index
			err := WriteMap(path, h, index, 45, ramp(45*len(index)), WriteOptions{Context: &cancelAfter{context.Background(), chunks}})
			wantLine(t, err, path, "not written", "canceled")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v is not context.Canceled", err)
			}
			wantFiles(t, dir, name)
			if old, _ := os.ReadFile(path); string(old) != "the old file" {
				t.Errorf("%s: the old file has changed", name)
			}
		}
	}
}

func TestPanicInWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	defer func() {
		if recover() == nil {
			t.Error("the panic did not arrive")
		}
		wantFiles(t, dir)
	}()
	h := NewHeader([]int{2, 2, 2}, nil, [4][4]float64{})
	_ = WriteSignal(filepath.Join(dir, "a.nii.gz"), h, ramp(8), WriteOptions{Context: panicking{context.Background()}})
}

type panicking struct{ context.Context }

func (panicking) Err() error { panic("on purpose") }

func TestWriteReplacesAnOlderFileAndLeavesNoOther(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fa.nii.gz")
	h := NewHeader([]int{2, 2, 2}, nil, [4][4]float64{})
	var previous []byte
	for range 2 {
		if err := WriteMap(path, h, []int{1, 2}, 1, []float32{3, 4}, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if previous != nil && !bytes.Equal(previous, data) {
			t.Error("the same map gave other bytes the second time")
		}
		previous = data
	}
	wantFiles(t, dir, "fa.nii.gz")
}

func TestWrittenFileHasTheUsualMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no such modes")
	}
	dir := t.TempDir()
	plain, err := os.Create(filepath.Join(dir, "plain"))
	if err != nil {
		t.Fatal(err)
	}
	plain.Close()
	path := filepath.Join(dir, "a.nii")
	if err := WriteSignal(path, NewHeader([]int{1}, nil, [4][4]float64{}), []float32{1}, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	if a, b := mode(path), mode(plain.Name()); a != b {
		t.Errorf("mode %v, expected %v as any new file", a, b)
	}
}

func TestWriteRefusesWhatCannotBeAnImage(t *testing.T) {
	dir := t.TempDir()
	h := smallHeader(1)
	huge := smallHeader(2)
	huge.Shape = []int{math.MaxInt / 2, math.MaxInt / 2, 1, 1}
	write := func(name string, like *Header, index []int, components, values int) error {
		return WriteMap(filepath.Join(dir, name), like, index, components, make([]float32, values), WriteOptions{})
	}
	for _, c := range []struct {
		name  string
		err   error
		words []string
	}{
		{"too few values", write("a.nii", h, []int{1, 2}, 3, 5), []string{"5 values", "2 voxels x 3 volumes"}},
		{"rows of another length", write("a.nii", h, []int{1, 2}, 3, 9), []string{"9 values", "2 voxels x 3 volumes"}},
		{"no components", write("a.nii", h, []int{1, 2}, 0, 0), []string{"dim[4] is 0"}},
		{"negative components", write("a.nii", h, []int{1, 2}, -1, 0), []string{"dim[4] is -1"}},
		{"voxel outside", write("a.nii", h, []int{1, 24}, 1, 2), []string{"voxel number 24", "expected 0 to 23"}},
		{"descending index", write("a.nii", h, []int{2, 1}, 1, 2), []string{"1 follows 2"}},
		{"overflow", write("a.nii", huge, []int{1}, 1, 1), []string{"more voxels than can be counted"}},
		{"empty header", write("a.nii", &Header{}, nil, 1, 0), []string{"0 axes"}},
		{"other format", write("a.mif", h, []int{1}, 1, 1), []string{"a.mif", "does not end in .nii"}},
		{"half a pair", write("a.img", h, []int{1}, 1, 1), []string{"a.img", ".hdr/.img pair"}},
		{"no folder", write("none/a.nii", h, []int{1}, 1, 1), []string{"none/a.nii", "not written"}},
		{"signal too short", WriteSignal(filepath.Join(dir, "a.nii"), h, ramp(119), WriteOptions{}), []string{"119 values", "24 voxels x 5 volumes"}},
		{"empty signal header", WriteSignal(filepath.Join(dir, "a.nii"), &Header{}, nil, WriteOptions{}), []string{"0 axes"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantLine(t, c.err, c.words...) })
	}
	wantFiles(t, dir)
}

func TestWriteOntoAFolderFailsWithoutATrace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.nii")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	err := WriteSignal(path, NewHeader([]int{1}, nil, [4][4]float64{}), []float32{1}, WriteOptions{})
	wantLine(t, err, path, "not written: rename")
	wantFiles(t, dir, "a.nii")
}

func TestWriteLeavesTheCallersHeaderAlone(t *testing.T) {
	like := smallHeader(1)
	before := *like
	if err := WriteMap(filepath.Join(t.TempDir(), "a.nii"), like, nil, 7, nil, WriteOptions{Description: "new"}); err != nil {
		t.Fatal(err)
	}
	if like.Description != before.Description || len(like.Shape) != 4 || like.Shape[3] != 5 || like.Zooms[3] != 2.5 || like.Datatype != Int16 {
		t.Errorf("the header became %+v", like)
	}
}

func TestLongDescriptionIsCutBetweenCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.nii")
	h := NewHeader([]int{1}, nil, [4][4]float64{})
	if err := WriteSignal(path, h, []float32{1}, WriteOptions{Description: "x" + strings.Repeat("é", 60)}); err != nil {
		t.Fatal(err)
	}
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Header.Description; len(d) != 79 || !utf8.ValidString(d) {
		t.Errorf("description %q of %d bytes, expected 79 bytes of whole characters", d, len(d))
	}
}
