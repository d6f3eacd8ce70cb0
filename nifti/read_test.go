package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestVolumesBecomeRowsOfTheMaskedVoxels(t *testing.T) {
	for _, name := range []string{"dwi.nii", "dwi.nii.gz"} {
		data := smallFile(1)
		if name == "dwi.nii.gz" {
			data = gzipped(t, data)
		}
		m, err := openBytes(name, data)
		if err != nil {
			t.Fatal(err)
		}
		index := []int{2, 3, 4, 9, 23}
		dst := make([]float32, len(index)*5)
		var calls []int
		err = m.ReadMasked(context.Background(), dst, index, ReadOptions{Progress: func(done, total int) {
			if total != 5 {
				t.Errorf("progress counts to %d, expected 5 volumes", total)
			}
			calls = append(calls, done)
		}})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range index {
			for volume := range 5 {
				if x := dst[i*5+volume]; x != float32(volume*24+v) {
					t.Errorf("%s: voxel %d of volume %d is %g, expected %d", name, v, volume, x, volume*24+v)
				}
			}
		}
		if !slices.IsSorted(calls) || calls[len(calls)-1] != 5 {
			t.Errorf("%s: progress said %v, expected an ascending count up to 5", name, calls)
		}
	}
}

func TestHeaderSaysWhatTheFileSays(t *testing.T) {
	for _, version := range []int{1, 2} {
		m, err := openBytes("dwi.nii", smallFile(version))
		if err != nil {
			t.Fatal(err)
		}
		h := m.Header
		if h.Version != version || h.Path != "dwi.nii" || h.Description != "small" || h.SpaceUnit != "mm" {
			t.Errorf("header %+v", h)
		}
		if h.Voxels() != 24 || h.Volumes() != 5 || h.SpatialShape() != [3]int{3, 4, 2} {
			t.Errorf("%d voxels, %d volumes, %v", h.Voxels(), h.Volumes(), h.SpatialShape())
		}
		if !near(h.Zooms, []float64{2, 1.25, 2.5, 2.5}, 1e-6) {
			t.Errorf("zooms %v, expected the lengths of the affine's columns and 2.5", h.Zooms)
		}
	}
}

func TestImageWithoutFourthAxisIsOneVolume(t *testing.T) {
	h := NewHeader([]int{40}, nil, [4][4]float64{})
	path := filepath.Join(t.TempDir(), "line.nii")
	if err := WriteSignal(path, h, ramp(40), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	values, err := readAll(m)
	if err != nil || !slices.Equal(values, ramp(40)) || m.Header.Volumes() != 1 || !reflect.DeepEqual(m.Header.Shape, []int{40, 1, 1}) {
		t.Errorf("read %v, %v, shape %v", values, err, m.Header.Shape)
	}
}

func TestEmptyIndexReadsNothing(t *testing.T) {
	m, err := openBytes("dwi.nii.gz", gzipped(t, smallFile(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.ReadMasked(context.Background(), nil, nil, ReadOptions{}); err != nil {
		t.Error(err)
	}
}

func TestCancelledReadSaysSo(t *testing.T) {
	for _, name := range []string{"dwi.nii", "dwi.nii.gz"} {
		data := noise(1 << 20)
		if name == "dwi.nii.gz" {
			data = gzipped(t, data)
		}
		m, err := openBytes(name, data)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		mask := FullMask(m.Header)
		dst := make([]float32, len(mask.Index)*m.Header.Volumes())
		err = m.ReadMasked(ctx, dst, mask.Index, ReadOptions{Progress: func(done, total int) { cancel(errors.New("a signal")) }})
		wantLine(t, err, name, "stopped")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v is not context.Canceled", err)
		}
	}
}

// drawIndex draws an ascending list of voxel numbers made of runs, as masks are.
func drawIndex(t *rapid.T, voxels int) []int {
	var index []int
	for v := 0; v < voxels; {
		v += rapid.IntRange(0, 9).Draw(t, "gap")
		for range rapid.IntRange(1, 200).Draw(t, "run") {
			if v < voxels {
				index = append(index, v)
			}
			v++
		}
	}
	return index
}

func TestWrittenMapReadsBackWhateverShapeAndMask(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		shape := []int{rapid.IntRange(1, 30).Draw(t, "x"), rapid.IntRange(1, 20).Draw(t, "y"), rapid.IntRange(1, 5).Draw(t, "z")}
		components := rapid.SampledFrom([]int{1, 2, 7, 8, 45, 127, 128, 130, 144, 149}).Draw(t, "components")
		like := NewHeader(shape, nil, obliqueAffine)
		index := drawIndex(t, like.Voxels())
		values := ramp(len(index) * components)
		path := filepath.Join(dir, rapid.SampledFrom([]string{"map.nii", "map.nii.gz"}).Draw(t, "name"))
		if err := WriteMap(path, like, index, components, values, WriteOptions{Fill: -3}); err != nil {
			t.Fatal(err)
		}
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		all := make([]float32, like.Voxels()*components)
		if err := m.ReadMasked(context.Background(), all, FullMask(like).Index, ReadOptions{Workers: 3}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(all, fullRows(index, components, like.Voxels(), values, -3)) {
			t.Fatal("all voxels: what was read is not what was written")
		}
		masked := make([]float32, len(values))
		if err := m.ReadMasked(context.Background(), masked, index, ReadOptions{Workers: 2}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(masked, values) {
			t.Fatal("masked voxels: what was read is not what was written")
		}
	})
}

// The volumes are larger than one chunk. Runs cross the chunks' borders, and some gaps are larger than a chunk.
func TestBordersOfChunksDoNotAffectTheResult(t *testing.T) {
	h := NewHeader([]int{300, 200, 9, 3}, nil, [4][4]float64{})
	h.Datatype, h.ByteOrder = Uint16, binary.BigEndian
	data := h.bytes()
	for i := range h.Voxels() * 3 {
		data = binary.BigEndian.AppendUint16(data, uint16(i*7))
	}
	var index []int
	for v := range h.Voxels() {
		if v < 140000 && v%1000 != 0 || v > 500000 && v%3 == 0 {
			index = append(index, v)
		}
	}
	for name, bytes := range map[string][]byte{"a.nii": data, "a.nii.gz": gzipped(t, data)} {
		m, err := openBytes(name, bytes)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, 3*len(index))
		if err := m.ReadMasked(context.Background(), dst, index, ReadOptions{Workers: 2}); err != nil {
			t.Fatal(err)
		}
		for i, v := range index {
			for volume := range 3 {
				if x := dst[3*i+volume]; x != float32(uint16((volume*h.Voxels()+v)*7)) {
					t.Fatalf("%s: voxel %d of volume %d is %g", name, v, volume, x)
				}
			}
		}
	}
}

func TestResultDoesNotDependOnWorkers(t *testing.T) {
	m, err := openBytes("a.nii", bigFile())
	if err != nil {
		t.Fatal(err)
	}
	mask := FullMask(m.Header)
	var first []float32
	for _, workers := range []int{1, 2, 5, 64} {
		dst := make([]float32, len(mask.Index)*m.Header.Volumes())
		if err := m.ReadMasked(context.Background(), dst, mask.Index, ReadOptions{Workers: workers}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = dst
		}
		if !slices.Equal(first, dst) {
			t.Errorf("%d workers give other values than one", workers)
		}
	}
}

// bigFile returns a file with full groups of sixteen volumes, a last group that is not full, and enough voxels for
// several tasks.
func bigFile() []byte {
	h := NewHeader([]int{50, 40, 10, 135}, nil, [4][4]float64{})
	h.Datatype = Uint8
	var b bytes.Buffer
	b.Write(h.bytes())
	for i := range h.Voxels() * 135 {
		b.WriteByte(byte(i*i>>3 ^ i))
	}
	return b.Bytes()
}

func TestEveryTypeAndOrderIsScaledInDoublePrecision(t *testing.T) {
	// float32 cannot represent 16777217 = 2^24 + 1: arithmetic in float32 would be off by 0.5.
	const slope, inter = 0.5, -8388608
	for _, d := range []Datatype{Int32, Uint32, Int64, Uint64, Float64} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			h := NewHeader([]int{1, 1, 1}, nil, [4][4]float64{})
			h.Datatype, h.ByteOrder, h.Slope, h.Inter = d, order, slope, inter
			var b bytes.Buffer
			b.Write(h.bytes())
			var value any
			switch d {
			case Int32:
				value = int32(16777217)
			case Uint32:
				value = uint32(16777217)
			case Int64:
				value = int64(16777217)
			case Uint64:
				value = uint64(16777217)
			default:
				value = float64(16777217)
			}
			if err := binary.Write(&b, order, value); err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprint(d, order), func(t *testing.T) {
				m, err := openBytes("a.nii", b.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				values, err := readAll(m)
				if err != nil || values[0] != 0.5 {
					t.Errorf("read %v, %v, expected 0.5", values, err)
				}
			})
		}
	}
}
