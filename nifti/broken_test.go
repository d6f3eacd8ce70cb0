package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// put overwrites bytes of a file.
func put(at int, value any) func([]byte) []byte {
	return func(data []byte) []byte {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.LittleEndian, value); err != nil {
			panic(err)
		}
		copy(data[at:], b.Bytes())
		return data
	}
}

func both(edits ...func([]byte) []byte) func([]byte) []byte {
	return func(data []byte) []byte {
		for _, edit := range edits {
			data = edit(data)
		}
		return data
	}
}

func cut(n int) func([]byte) []byte { return func(data []byte) []byte { return data[:n] } }

func TestOpenRefusesBrokenHeadersInOneClearLine(t *testing.T) {
	nan32 := float32(math.NaN())
	for _, c := range []struct {
		name    string
		version int
		edit    func([]byte) []byte
		words   []string
	}{
		{"empty", 1, cut(0), []string{"0 bytes", "348 or 540"}},
		{"cut in the header", 1, cut(200), []string{"truncated: 200 bytes", "348"}},
		{"cut in the NIfTI-2 header", 2, cut(400), []string{"truncated: 400 bytes", "540"}},
		{"cut in the voxels", 1, cut(352 + 239), []string{"truncated: 591 bytes", "expected 592", "[3 4 2 5]", "int16"}},
		{"text", 1, func([]byte) []byte { return []byte("0 0 0 1000 1000\n") }, []string{"not a NIfTI file", "348 or 540"}},
		{"gzip under a plain name", 1, func([]byte) []byte { return []byte{0x1f, 0x8b, 8, 0} }, []string{"gzip", "rename", ".nii.gz"}},
		{"pair", 1, put(344, [4]byte{'n', 'i', '1', 0}), []string{".hdr/.img pair", "n+1"}},
		{"pair of NIfTI-2", 2, put(4, [4]byte{'n', 'i', '2', 0}), []string{".hdr/.img pair", "n+2"}},
		{"ANALYZE", 1, put(344, [4]byte{}), []string{"magic", "ANALYZE"}},
		{"no axes", 1, put(40, int16(0)), []string{"dim[0] is 0", "1 to 7"}},
		{"eight axes", 1, put(40, int16(8)), []string{"dim[0] is 8", "1 to 7"}},
		{"zero voxels", 1, put(44, int16(0)), []string{"dim[2] is 0", "at least 1"}},
		{"negative dim", 1, put(44, int16(-4)), []string{"dim[2] is -4"}},
		{"negative dim of NIfTI-2", 2, put(24, int64(-4)), []string{"dim[1] is -4"}},
		{"10^12 voxels", 1, put(42, [3]int16{10000, 10000, 10000}), []string{"truncated: 592 bytes", "expected 10000000000352"}},
		{"10^12 voxels of NIfTI-2", 2, put(24, int64(1e12)), []string{"truncated: 784 bytes", "expected 80000000000544"}},
		{"dims that overflow", 2, put(24, [3]int64{1 << 32, 1 << 32, 1 << 32}), []string{"more voxels than can be counted"}},
		{"dims that overflow to a small number", 2, put(24, [3]int64{1 << 62, 8, 1}), []string{"more voxels than can be counted"}},
		{"largest dim", 2, put(24, int64(math.MaxInt64)), []string{"more voxels than can be counted"}},
		{"complex", 1, put(70, [2]int16{32, 64}), []string{"complex64", "32", "expected an integer type"}},
		{"complex128", 1, put(70, [2]int16{1792, 128}), []string{"complex128"}},
		{"RGB", 1, put(70, [2]int16{128, 24}), []string{"RGB"}},
		{"RGBA", 1, put(70, [2]int16{2304, 32}), []string{"RGBA"}},
		{"float128", 1, put(70, [2]int16{1536, 128}), []string{"float128"}},
		{"binary", 1, put(70, [2]int16{1, 1}), []string{"binary"}},
		{"unknown datatype", 1, put(70, [2]int16{77, 16}), []string{"datatype 77"}},
		{"bitpix mismatch", 1, put(72, int16(32)), []string{"bitpix is 32", "expected 16 for int16"}},
		{"vox_offset zero", 1, put(108, float32(0)), []string{"vox_offset is 0", "352"}},
		{"vox_offset in the header", 1, put(108, float32(348)), []string{"vox_offset is 348", "352"}},
		{"vox_offset negative", 1, put(108, float32(-400)), []string{"vox_offset is -400"}},
		{"vox_offset fraction", 1, put(108, float32(352.5)), []string{"vox_offset is 352.5", "whole number"}},
		{"vox_offset NaN", 1, put(108, nan32), []string{"vox_offset is NaN"}},
		{"vox_offset infinite", 1, put(108, float32(math.Inf(1))), []string{"vox_offset is +Inf"}},
		{"vox_offset behind the end", 1, put(108, float32(1e6)), []string{"truncated: 592 bytes", "expected 1000240"}},
		{"vox_offset of NIfTI-2 in the header", 2, put(168, int64(540)), []string{"vox_offset is 540", "544"}},
		{"vox_offset of NIfTI-2 that overflows", 2, put(168, int64(math.MaxInt64)), []string{"vox_offset is 9223372036854775807"}},
		{"scl_inter NaN with a slope", 1, put(112, [2]float32{2, nan32}), []string{"scl_inter is NaN", "scl_slope 2"}},
		{"sform NaN", 1, put(280, nan32), []string{"affine (from the sform)", "NaN"}},
		{"zoom NaN", 1, both(put(252, [2]int16{1, 0}), put(80, nan32)), []string{"affine (from the qform)", "NaN"}},
		{"quaternion infinite", 1, both(put(252, [2]int16{1, 0}), put(256, float32(math.Inf(1)))), []string{"affine (from the qform)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openBytes("sub-01_dwi.nii", c.edit(smallFile(c.version)))
			wantLine(t, err, append(c.words, "sub-01_dwi.nii")...)
		})
	}
}

func TestOpenRefusesOtherFormatsByName(t *testing.T) {
	for _, name := range []string{"a.hdr", "a.img", "a.HDR", "a.img.gz", "a.hdr.gz"} {
		_, err := openBytes(name, smallFile(1))
		wantLine(t, err, name, ".hdr/.img pair")
	}
	for _, name := range []string{"a.mif", "nii", "a.nii.bz2", ""} {
		_, err := openBytes(name, smallFile(1))
		wantLine(t, err, name, "does not end in .nii or .nii.gz")
	}
	if _, err := openBytes("A.NII", smallFile(1)); err != nil {
		t.Errorf("upper-case names are read by nibabel and should be here: %v", err)
	}
}

func TestMissingFileAndFolderAreNamed(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "no.nii")
	_, err := Open(missing)
	wantLine(t, err, missing)
	folder := filepath.Join(dir, "folder.nii")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err = Open(folder)
	wantLine(t, err, folder)
}

func TestOpenRefusesImpossibleGzip(t *testing.T) {
	whole := gzipped(t, smallFile(1))
	for _, c := range []struct {
		name  string
		data  []byte
		words []string
	}{
		{"not gzip", smallFile(1), []string{"not gzip data", "5c 01 00 00", "1f 8b"}},
		{"empty", nil, []string{"empty", "expected gzip"}},
		{"cut in the gzip header", whole[:5], []string{"gzip header", "cut off"}},
		{"cut in the NIfTI header", whole[:20], []string{"bytes, expected"}},
		{"corrupt", append(bytes.Clone(whole[:10]), bytes.Repeat([]byte{0xff}, 100)...), []string{"corrupt gzip data in the header"}},
		{"10^12 voxels", gzipped(t, put(42, [3]int16{10000, 10000, 10000})(smallFile(1))), []string{"bytes of gzip data", "cannot hold the 10000000000352 bytes"}},
		{"10^12 voxels of NIfTI-2", gzipped(t, put(24, int64(1e12))(smallFile(2))), []string{"cannot hold the 80000000000544 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openBytes("dwi.nii.gz", c.data)
			wantLine(t, err, append(c.words, "dwi.nii.gz")...)
		})
	}
}

func readAll(m *Image) ([]float32, error) {
	mask := FullMask(m.Header)
	dst := make([]float32, len(mask.Index)*m.Header.Volumes())
	return dst, m.ReadMasked(context.Background(), dst, mask.Index, ReadOptions{Workers: 2})
}

func TestTruncatedGzipNamesBytesFoundAndExpected(t *testing.T) {
	// A stream that ends properly but too early...
	m, err := openBytes("dwi.nii.gz", gzipped(t, smallFile(1)[:500]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(m)
	wantLine(t, err, "dwi.nii.gz", "truncated: 500 bytes after decompression", "expected 592")
	// ... and one that was cut off, at any place behind the NIfTI header.
	whole := gzipped(t, noise(1<<20))
	for _, n := range []int{1 << 19, len(whole) / 3, len(whole) - 2000} {
		m, err := openBytes("dwi.nii.gz", whole[:n])
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(m)
		wantLine(t, err, "dwi.nii.gz", "truncated:", "bytes after decompression", "expected 1048928")
	}
	// The last eight bytes hold the checksum and the length.
	m, err = openBytes("dwi.nii.gz", whole[:len(whole)-4])
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(m)
	wantLine(t, err, "dwi.nii.gz", "no proper end")
}

// noise returns a correct file whose n bytes of voxels do not compress.
func noise(n int) []byte {
	h := NewHeader([]int{n / 1024, 16, 8, 8}, nil, [4][4]float64{})
	h.Datatype = Uint8
	out := h.bytes()
	state := uint32(7)
	for range n {
		state = state*1664525 + 1013904223
		out = append(out, byte(state>>24))
	}
	return out
}

func TestTruncatedGzipIsFoundBehindTheLastMaskedVoxel(t *testing.T) {
	m, err := openBytes("dwi.nii.gz", gzipped(t, smallFile(1)[:591]))
	if err != nil {
		t.Fatal(err)
	}
	err = m.ReadMasked(context.Background(), make([]float32, 5), []int{0}, ReadOptions{})
	wantLine(t, err, "truncated: 591 bytes", "expected 592")
}

func TestDamagedGzipIsFound(t *testing.T) {
	whole := gzipped(t, noise(1<<20))
	checksum := bytes.Clone(whole)
	checksum[len(checksum)-8] ^= 1
	m, err := openBytes("dwi.nii.gz", checksum)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(m)
	wantLine(t, err, "dwi.nii.gz", "checksum")
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0x10
	m, err = openBytes("dwi.nii.gz", flipped)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(m)
	wantLine(t, err, "dwi.nii.gz")
}

func TestDataBehindTheVoxelsIsAllowed(t *testing.T) {
	longer := append(smallFile(1), make([]byte, 1000)...)
	for name, data := range map[string][]byte{
		"longer.nii":     longer,
		"longer.nii.gz":  gzipped(t, longer),
		"padding.nii.gz": append(gzipped(t, smallFile(1)), make([]byte, 512)...),
		"newline.nii.gz": append(gzipped(t, smallFile(1)), '\n'), // garbage that is shorter than a gzip header
		"members.nii.gz": append(gzipped(t, smallFile(1)[:400]), gzipped(t, smallFile(1)[400:])...),
	} {
		m, err := openBytes(name, data)
		if err != nil {
			t.Fatal(err)
		}
		values, err := readAll(m)
		if err != nil {
			t.Error(err)
		}
		if values[5] != 1 || values[1] != 24 {
			t.Errorf("%s: read %v", name, values[:10])
		}
	}
}

// The file ends within the bytes that are read as a header.
func TestGarbageBehindTheSmallestImageIsAllowed(t *testing.T) {
	h := NewHeader([]int{2, 1, 1}, []float64{0, 0, 0}, obliqueAffine)
	h.Version, h.Datatype = 1, Uint8
	data := append(gzipped(t, append(h.bytes(), 7, 9)), "and something else"...)
	m, err := openBytes("dwi.nii.gz", data)
	if err != nil {
		t.Fatal(err)
	}
	if values, err := readAll(m); err != nil || values[0] != 7 || values[1] != 9 {
		t.Errorf("read %v, error %v", values, err)
	}
}

func TestFileThatChangesAfterOpenIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dwi.nii")
	write := func(data []byte) {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(smallFile(1))
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	write(smallFile(2))
	_, err = readAll(m)
	wantLine(t, err, path, "changed")
	write(smallFile(1)[:500])
	_, err = readAll(m)
	wantLine(t, err, path, "changed")
}

func TestWrongIndexAndBlockAreRefused(t *testing.T) {
	m, err := openBytes("dwi.nii", smallFile(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		index []int
		room  int
		words []string
	}{
		{[]int{0, 24}, 10, []string{"voxel number 24", "expected 0 to 23"}},
		{[]int{-1}, 5, []string{"voxel number -1"}},
		{[]int{3, 2}, 10, []string{"2 follows 3", "ascending"}},
		{[]int{3, 3}, 10, []string{"3 follows 3", "ascending"}},
		{[]int{1, 2}, 9, []string{"room for 9 values", "2 voxels x 5 volumes"}},
		{[]int{1, 2}, 15, []string{"room for 15 values", "2 voxels x 5 volumes"}},
	} {
		err := m.ReadMasked(context.Background(), make([]float32, c.room), c.index, ReadOptions{})
		wantLine(t, err, append(c.words, "dwi.nii")...)
	}
}
