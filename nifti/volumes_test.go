package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
}

// bigEndian returns an image of int16 noise in big-endian order.
func bigEndian(shape []int) []byte {
	h := NewHeader(shape, nil, [4][4]float64{})
	h.Datatype, h.ByteOrder = Int16, binary.BigEndian
	data := h.bytes()
	state := uint32(1)
	for range h.Voxels() * h.Volumes() {
		state = state*1664525 + 1013904223
		data = binary.BigEndian.AppendUint16(data, uint16(state>>16))
	}
	return data
}

// Rows are read twice, because reading must not change the numbers in memory.
func TestRowsOfVolumesAreThoseOfTheWholeImage(t *testing.T) {
	for name, data := range map[string][]byte{
		"int16":      imageOf([]int{61, 53, 7, 19}, Int16),
		"big-endian": bigEndian([]int{37, 41, 5, 33}),
		"float32":    imageOf([]int{31, 31, 31, 1}, Float32),
		"float64":    imageOf([]int{64, 64, 2, 16}, Float64),
	} {
		for _, path := range []string{"a.nii", "a.nii.gz"} {
			stored := data
			if path == "a.nii.gz" {
				stored = gzipped(t, data)
			}
			m, err := openBytes(path, stored)
			if err != nil {
				t.Fatal(err)
			}
			for mask, index := range masksOf(m.Header.Voxels()) {
				n := m.Header.Volumes()
				want := make([]float32, len(index)*n)
				if err := m.ReadMasked(t.Context(), want, index, ReadOptions{Workers: 1}); err != nil {
					t.Fatal(err)
				}
				v, err := m.Volumes(t.Context(), index, make([]byte, len(index)*m.VolumesBytes()), ReadOptions{Workers: 3})
				if err != nil {
					t.Fatal(err)
				}
				for _, block := range []int{len(index), 1 + len(index)/3} {
					for begin := 0; begin < len(index); begin += block {
						end := min(begin+block, len(index))
						got := make([]float32, (end-begin)*n)
						if err := v.Rows(t.Context(), got, index[begin:end]); err != nil {
							t.Fatal(err)
						}
						if !equalBits(got, want[begin*n:end*n]) {
							t.Errorf("%s in %s, voxels %d to %d of %s: other values", name, path, begin, end, mask)
						}
					}
				}
				if err := v.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestRowsOfVoxelsThatAreNotInMemoryAreRefused(t *testing.T) {
	m, err := openBytes("a.nii.gz", gzipped(t, imageOf([]int{10, 10, 1, 2}, Int16)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Volumes(t.Context(), []int{3, 4, 5, 8}, make([]byte, 4*m.VolumesBytes()), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range [][]int{{2}, {5, 6}, {8, 9}, {99}, {100}} {
		if err := v.Rows(t.Context(), make([]float32, 2*len(index)), index); err == nil {
			t.Errorf("rows of %v were made of voxels 3, 4, 5 and 8", index)
		}
	}
	wantLine(t, v.Rows(t.Context(), make([]float32, 3), []int{3}), "a.nii.gz", "3 values")
	_, err = m.Volumes(t.Context(), []int{3, 4}, make([]byte, 1), ReadOptions{})
	wantLine(t, err, "a.nii.gz", "1 byte ", "expected 8")
}

func TestVolumesOfAChangedFileAreRefused(t *testing.T) {
	data := imageOf([]int{64, 64, 16, 8}, Int16)
	other := bytes.Clone(data)
	other[len(other)-2] ^= 1
	m, err := openBytes("a.nii", data)
	if err != nil {
		t.Fatal(err)
	}
	index := FullMask(m.Header).Index
	dst := make([]float32, len(index)*8)
	if err := m.ReadMasked(t.Context(), dst, index, ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	m.open = func() (storage, error) { return memory{bytes.NewReader(other)}, nil }
	v, err := m.Volumes(t.Context(), index, nil, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Rows(t.Context(), dst, index); !errors.Is(err, ErrChanged) {
		t.Errorf("rows of another file: %v", err)
	}
}

func TestStoppedVolumesSaySo(t *testing.T) {
	m, err := openBytes("a.nii.gz", gzipped(t, imageOf([]int{64, 64, 16, 8}, Int16)))
	if err != nil {
		t.Fatal(err)
	}
	index := FullMask(m.Header).Index
	ctx, cancel := context.WithCancel(t.Context())
	_, err = m.Volumes(ctx, index, make([]byte, len(index)*m.VolumesBytes()), ReadOptions{Progress: func(done, total int) { cancel() }})
	wantLine(t, err, "a.nii.gz", "stopped")
}
