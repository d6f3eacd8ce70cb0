package nifti

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// openBytes opens an image in memory. Its name decides whether it is gzip data.
func openBytes(name string, data []byte) (*Image, error) {
	return open(name, func() (storage, error) { return memory{bytes.NewReader(data)}, nil })
}

// smallFile returns a correct little-endian NIfTI file of the given version: 3 x 4 x 2 voxels, 5 volumes, int16. Voxel
// i of the file, counted over all volumes, has the value i.
func smallFile(version int) []byte {
	h := smallHeader(version)
	out := h.bytes()
	for i := range h.Voxels() * h.Volumes() {
		out = binary.LittleEndian.AppendUint16(out, uint16(i))
	}
	return out
}

func smallHeader(version int) *Header {
	h := NewHeader([]int{3, 4, 2, 5}, []float64{0, 0, 0, 2.5}, obliqueAffine)
	h.Version, h.Datatype, h.Description = version, Int16, "small"
	return h
}

// obliqueAffine has unequal zooms (2, 1.25, 2.5), a rotation about two axes and a negative
// determinant: the columns are orthogonal, the third one against the cross product of the others.
var obliqueAffine = oblique()

func oblique() [4][4]float64 {
	sin, cos := math.Sincos(0.3)
	s2, c2 := math.Sincos(-0.2)
	return [4][4]float64{
		{2 * cos, -1.25 * sin * c2, -2.5 * sin * s2, 90},
		{2 * sin, 1.25 * cos * c2, 2.5 * cos * s2, -126.5},
		{0, 1.25 * s2, -2.5 * c2, -72.25},
		{0, 0, 0, 1},
	}
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantLine asserts that err is one line that holds each of the words.
func wantLine(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one with %q", words)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %q", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error is %q, expected it to say %q", err, w)
		}
	}
}

// wantFiles asserts that a folder has exactly these files, so that nothing was left behind.
func wantFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %q, expected %q", found, names)
	}
}
