package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// noisyFile returns an image of 60 x 60 x 40 voxels, 40 volumes, int16. It is several MiB of gzip data, so that several
// workers decompress it.
func noisyFile() []byte {
	h := NewHeader([]int{60, 60, 40, 40}, nil, [4][4]float64{})
	h.Datatype = Int16
	out := h.bytes()
	r := rand.New(rand.NewPCG(1, 1))
	for range h.Voxels() * h.Volumes() {
		out = binary.LittleEndian.AppendUint16(out, uint16(200+30*r.NormFloat64()))
	}
	return out
}

func TestManyWorkersReadWhatOneReads(t *testing.T) {
	data := noisyFile()
	file := gzipped(t, data)
	if len(file) < 6<<20 {
		t.Fatalf("%d bytes are too few for several pieces", len(file))
	}
	m, err := openBytes("dwi.nii.gz", file)
	if err != nil {
		t.Fatal(err)
	}
	index := FullMask(m.Header).Index
	read := func(m *Image, o ReadOptions) ([]float32, error) {
		dst := make([]float32, len(index)*m.Header.Volumes())
		return dst, m.ReadMasked(context.Background(), dst, index, o)
	}
	one, err := read(m, ReadOptions{Workers: 4, DecompressMemory: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := one[7*40+5], float32(int16(binary.LittleEndian.Uint16(data[352+2*(5*60*60*40+7):]))); got != want {
		t.Errorf("voxel 7 of volume 5 is %v, expected %v", got, want)
	}
	for _, workers := range []int{1, 2, 5} {
		many, err := read(m, ReadOptions{Workers: workers})
		if err != nil || !slices.Equal(many, one) {
			t.Errorf("%d workers: error %v, or other values", workers, err)
		}
	}
	for name, damage := range map[string]struct {
		edit func([]byte) []byte
		says string
	}{
		"cut off":        {cut(len(file) * 3 / 4), "truncated"},
		"a wrong byte":   {func(b []byte) []byte { b[len(b)/2] ^= 16; return b }, "gzip"},
		"a wrong CRC":    {func(b []byte) []byte { b[len(b)-6] ^= 1; return b }, "the gzip checksum does not match the data"},
		"garbage behind": {func(b []byte) []byte { return append(b, "and something else"...) }, ""},
	} {
		m, err := openBytes("dwi.nii.gz", damage.edit(bytes.Clone(file)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(m, ReadOptions{Workers: 4})
		if damage.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantLine(t, err, "dwi.nii.gz", damage.says)
	}
}

func TestDecompressionStaysWithinItsMemory(t *testing.T) {
	m, err := openBytes("dwi.nii.gz", gzipped(t, noisyFile()))
	if err != nil {
		t.Fatal(err)
	}
	most := m.DecompressMemory(ReadOptions{Workers: 64})
	for _, limit := range []int64{0, 10 << 20, 60 << 20, 1 << 40} {
		took := m.DecompressMemory(ReadOptions{Workers: 64, DecompressMemory: limit})
		if limit == 0 && took != most || limit > 0 && took > limit {
			t.Errorf("with a limit of %d: %d bytes", limit, took)
		}
	}
	plain, err := openBytes("dwi.nii", smallFile(1))
	if err != nil {
		t.Fatal(err)
	}
	if took := plain.DecompressMemory(ReadOptions{}); took != 0 {
		t.Errorf("a plain file takes %d bytes to decompress", took)
	}
}
