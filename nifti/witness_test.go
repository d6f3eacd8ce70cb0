package nifti

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// large returns an image of several pieces: 64 x 64 x 20 voxels, 8 volumes, int16.
func large() []byte {
	h := NewHeader([]int{64, 64, 20, 8}, []float64{0, 0, 0, 2.5}, obliqueAffine)
	h.Version, h.Datatype = 1, Int16
	out := h.bytes()
	for i := range h.Voxels() * h.Volumes() {
		out = append(out, byte(i), byte(i>>11))
	}
	return out
}

func TestEveryReadingSeesTheBytesOfTheFirst(t *testing.T) {
	data := large()
	if len(data) < 4*pieceBytes {
		t.Fatalf("%d bytes are too few for several pieces", len(data))
	}
	for _, name := range []string{"dwi.nii", "dwi.nii.gz"} {
		path := filepath.Join(t.TempDir(), name)
		stored := func(data []byte) []byte {
			if name == "dwi.nii" {
				return data
			}
			return gzipped(t, data)
		}
		other := bytes.Clone(data)
		other[len(other)-pieceBytes] ^= 1 // one bit of one value
		for what, change := range map[string]func() error{
			"overwritten": func() error {
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
				if err != nil {
					return err
				}
				_, err = f.Write(stored(other))
				return errors.Join(err, f.Close())
			},
			"replaced": func() error {
				return errors.Join(os.WriteFile(path+".new", stored(other), 0o666), os.Rename(path+".new", path))
			},
		} {
			if err := os.WriteFile(path, stored(data), 0o666); err != nil {
				t.Fatal(err)
			}
			readings := map[string]func(m *Image) error{
				"voxels": func(m *Image) error { _, err := readAll(m); return err },
				"hash":   func(m *Image) error { _, _, err := m.SHA256(t.Context()); return err },
			}
			for first, before := range readings {
				for second, after := range readings {
					if err := os.WriteFile(path, stored(data), 0o666); err != nil {
						t.Fatal(err)
					}
					m, err := Open(path)
					if err != nil {
						t.Fatal(err)
					}
					if err := errors.Join(before(m), before(m), after(m)); err != nil {
						t.Fatalf("%s: unchanged: %v", name, err)
					}
					if err := change(); err != nil {
						t.Fatal(err)
					}
					err = after(m)
					if !errors.Is(err, ErrChanged) {
						t.Errorf("%s: %s, %s after the %s was read: found %v, want ErrChanged", name, what, second, first, err)
					}
				}
			}
		}
	}
}

func TestAnImagesHashIsThatOfItsFile(t *testing.T) {
	for name, data := range map[string][]byte{"dwi.nii": large(), "dwi.nii.gz": gzipped(t, large())} {
		m, err := openBytes(name, data)
		if err != nil {
			t.Fatal(err)
		}
		sum, size, err := m.SHA256(t.Context())
		if err != nil || sum != sha256.Sum256(data) || size != int64(len(data)) {
			t.Errorf("%s: %x of %d bytes, %v", name, sum, size, err)
		}
	}
}

// Bytes between the voxels of a mask are read and compared if they share a piece with these. The hash compares the
// rest.
func TestAPassOverAFewVoxelsIsComparedWithTheWholeFile(t *testing.T) {
	data := large()
	m, err := openBytes("dwi.nii", data)
	if err != nil {
		t.Fatal(err)
	}
	index := []int{7, 40000}
	if err := m.ReadMasked(t.Context(), make([]float32, 2*8), index, ReadOptions{Workers: 3}); err != nil {
		t.Fatal(err)
	}
	at := m.Header.offset + 2*40000
	data[at] ^= 1 // the file is in memory, so that readers see the change at once
	if _, _, err := m.SHA256(t.Context()); !errors.Is(err, ErrChanged) {
		t.Errorf("found %v, want ErrChanged", err)
	}
}
