package nifti

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

// maskFile is a 3 x 4 x 2 mask of float32 values.
func maskFile(values ...float32) []byte {
	h := NewHeader([]int{3, 4, 2}, nil, obliqueAffine)
	out := h.bytes()
	for i := range 24 {
		var x float32
		if i < len(values) {
			x = values[i]
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func readMask(name string, data []byte) (*Mask, error) {
	m, err := openBytes(name, data)
	if err != nil {
		return nil, err
	}
	return m.Mask()
}

func TestMaskIsWhereTheValueIsNeitherZeroNorNaN(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	data := maskFile(0, 1, 0.25, nan, -1, inf, 0)
	for name, data := range map[string][]byte{"mask.nii": data, "mask.nii.gz": gzipped(t, data)} {
		mask, err := readMask(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(mask.Index, []int{1, 2, 4, 5}) || mask.Path != name || mask.Header.Voxels() != 24 {
			t.Errorf("%s: mask %+v", name, mask)
		}
	}
}

func TestMaskLargerThanAChunk(t *testing.T) {
	h := NewHeader([]int{701, 701, 2}, nil, [4][4]float64{})
	h.Datatype = Uint8
	data := append(h.bytes(), make([]byte, h.Voxels())...)
	expected := []int{3, chunkBytes - 1, chunkBytes, 3*chunkBytes + 5, h.Voxels() - 1}
	for _, v := range expected {
		data[352+v] = 1
	}
	mask, err := readMask("mask.nii.gz", gzipped(t, data))
	if err != nil || !slices.Equal(mask.Index, expected) {
		t.Errorf("mask %v, %v, expected %v", mask, err, expected)
	}
}

func TestMaskErrorsNameTheFile(t *testing.T) {
	_, err := readMask("mask.nii", maskFile())
	wantLine(t, err, "mask.nii", "empty", "24 voxels")
	_, err = readMask("dwi.nii", smallFile(1))
	wantLine(t, err, "dwi.nii", "5 volumes", "expected 1")
	_, err = readMask("mask.nii.gz", gzipped(t, maskFile(1)[:400]))
	wantLine(t, err, "mask.nii.gz", "truncated: 400 bytes", "expected 448")
	_, err = ReadMask(filepath.Join(t.TempDir(), "none.nii"))
	wantLine(t, err, "none.nii")
}

func TestFullMaskHoldsEveryVoxel(t *testing.T) {
	h := smallHeader(1)
	mask := FullMask(h)
	if len(mask.Index) != 24 || mask.Index[0] != 0 || mask.Index[23] != 23 {
		t.Errorf("index %v", mask.Index)
	}
	if err := mask.CheckAgainst(h); err != nil {
		t.Error(err)
	}
}

func TestMaskOnAnotherGridIsRefusedWithBothNames(t *testing.T) {
	dwi, err := openBytes("dwi.nii", smallFile(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		edit  func(h *Header)
		words []string // empty if the mask is accepted
	}{
		{"same", func(*Header) {}, nil},
		{"the qform in place of the sform", func(h *Header) { h.SFormCode = 0 }, nil},
		{"moved by 0.1 mm", func(h *Header) { h.SRows[2][3] += 0.1 }, nil},
		{"moved by half a voxel", func(h *Header) { h.SRows[2][3] += 0.625 }, []string{"up to 0.625 mm", "at most 0.125 mm"}},
		{"flipped", func(h *Header) {
			for i := range 3 {
				h.SRows[i][3] += 2 * h.SRows[i][0]
				h.SRows[i][0] *= -1
			}
		}, []string{"up to 4 mm", "at most 0.125 mm"}},
		{"without a place", func(h *Header) { h.SFormCode, h.QFormCode = 0, 0 }, []string{"at most 0.125 mm"}},
		{"of another shape", func(h *Header) { h.Shape = []int{3, 4, 3} }, []string{"shape [3 4 3]", "expected [3 4 2]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewHeader([]int{3, 4, 2}, nil, obliqueAffine)
			h.Path = "mask.nii"
			c.edit(h)
			err := FullMask(h).CheckAgainst(dwi.Header)
			if c.words == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantLine(t, err, append(c.words, "mask.nii", "dwi.nii")...)
		})
	}
}

func TestMaskOfOneVolumeWithFourAxesIsRead(t *testing.T) {
	data := bytes.Clone(maskFile(0, 1))
	put(40, [5]int16{4, 3, 4, 2, 1})(data)
	if _, err := readMask("mask.nii", data); err != nil {
		t.Error(err)
	}
}
