package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
)

// The compressed file is read as a stream, without pieces.
func TestAPlainFileGivesTheVoxelsOfTheSameFileCompressed(t *testing.T) {
	for _, c := range []struct {
		shape []int
		of    Datatype
	}{{[]int{61, 53, 7, 19}, Int16}, {[]int{64, 64, 2, 16}, Float64}, {[]int{64, 33, 16, 3}, Uint8}, {[]int{3, 2, 1, 40}, Float32}, {[]int{31, 31, 31, 1}, Float32}} {
		data := imageOf(c.shape, c.of)
		plain, err := openBytes("a.nii", data)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := openBytes("a.nii.gz", gzipped(t, data))
		if err != nil {
			t.Fatal(err)
		}
		for name, index := range masksOf(plain.Header.Voxels()) {
			want := make([]float32, len(index)*plain.Header.Volumes())
			if err := packed.ReadMasked(context.Background(), want, index, ReadOptions{Workers: 1}); err != nil {
				t.Fatal(err)
			}
			for _, workers := range []int{1, 3} {
				got := make([]float32, len(want))
				if err := plain.ReadMasked(context.Background(), got, index, ReadOptions{Workers: workers}); err != nil {
					t.Fatal(err)
				}
				if !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
					t.Errorf("%v of %v, %s, %d workers: other values", c.shape, c.of, name, workers)
				}
			}
		}
	}
}

// imageOf returns a file of noise.
func imageOf(shape []int, d Datatype) []byte {
	h := NewHeader(shape, nil, [4][4]float64{})
	h.Datatype, h.Slope, h.Inter = d, 0.25, 3
	var b bytes.Buffer
	b.Write(h.bytes())
	state := uint32(1)
	for range h.Voxels() * h.Volumes() {
		state = state*1664525 + 1013904223
		var value [8]byte
		binary.LittleEndian.PutUint64(value[:], math.Float64bits(float64(state>>8)))
		if d == Float32 {
			binary.LittleEndian.PutUint32(value[:], math.Float32bits(float32(state>>8)))
		}
		b.Write(value[:d.Size()])
	}
	return b.Bytes()
}

func masksOf(voxels int) map[string][]int {
	masks := map[string][]int{"the last voxel": {voxels - 1}}
	for v := range voxels {
		masks["all"] = append(masks["all"], v)
		if v%7 < 3 {
			masks["runs"] = append(masks["runs"], v)
		}
		if v%4999 == 1 {
			masks["a few"] = append(masks["a few"], v)
		}
	}
	return masks
}

func TestPiecesFollowVolumes(t *testing.T) {
	const head, volume = 352, 2*pieceBytes + 100
	g, size := grid{head, volume}, int64(head+3*volume+10)
	var found []string
	for at := int64(0); at < size; {
		begin, length := g.piece(at, size)
		if b, l := g.piece(at+length-1, size); begin != at || b != begin || l != length {
			t.Fatalf("byte %d is in piece %d+%d, its end in %d+%d", at, begin, length, b, l)
		}
		found = append(found, fmt.Sprint(length))
		at += length
	}
	whole := fmt.Sprint(pieceBytes)
	want := []string{"352", whole, whole, "100", whole, whole, "100", whole, whole, "100", "10"}
	if !slices.Equal(found, want) {
		t.Errorf("pieces of %v bytes, expected %v", found, want)
	}
}
