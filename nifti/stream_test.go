package nifti

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

func TestVolumesAreReadAsTheyWereWritten(t *testing.T) {
	h := NewHeader([]int{5, 4, 3, 6}, []float64{2, 2, 2, 1}, [4][4]float64{{-2, 0, 0, 1}, {0, 2, 0, 2}, {0, 0, 2, 3}, {0, 0, 0, 1}})
	value := func(voxel, volume int) float32 { return float32(100*volume+voxel) + 0.25 }
	for _, as := range []Datatype{Float32, Int16, Uint16} {
		path := filepath.Join(t.TempDir(), "a.nii.gz")
		err := WriteVolumes(path, h, as, func(dst []float32, volume int) error {
			for i := range dst {
				dst[i] = value(i, volume)
			}
			return nil
		}, WriteOptions{Description: "streamed"})
		if err != nil {
			t.Fatal(err)
		}
		image, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if image.Header.Datatype != as || image.Header.Description != "streamed" || image.Header.Affine() != h.Affine() || !slices.Equal(image.Header.Shape, h.Shape) {
			t.Errorf("%v: the header is %+v", as, image.Header)
		}
		got := make([]float32, 60*6)
		if err := image.ReadMasked(context.Background(), got, FullMask(image.Header).Index, ReadOptions{}); err != nil {
			t.Fatal(err)
		}
		for i, x := range got {
			want := value(i/6, i%6)
			if as != Float32 {
				want -= 0.25
			}
			if x != want {
				t.Fatalf("%v: voxel %d of volume %d is %v, want %v", as, i/6, i%6, x, want)
			}
		}
	}
}

func TestVolumesThatCannotBeStoredLeaveNothing(t *testing.T) {
	h := NewHeader([]int{2, 2, 2, 2}, nil, [4][4]float64{})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.nii")
	for as, bad := range map[Datatype][]float32{Int16: {32768, -32769, float32(math.NaN())}, Uint16: {-1, 65536}} {
		for _, x := range bad {
			err := WriteVolumes(path, h, as, func(dst []float32, volume int) error {
				dst[7] = 1
				if volume == 1 {
					dst[7] = x
				}
				return nil
			}, WriteOptions{})
			wantLine(t, err, path, "volume 1", "voxel 7", "expected")
			wantFiles(t, dir)
		}
	}
	wantLine(t, WriteVolumes(path, h, Float64, nil, WriteOptions{}), path, "float64", "int16")
	failed := errors.New("no such volume")
	if err := WriteVolumes(path, h, Float32, func([]float32, int) error { return failed }, WriteOptions{}); !errors.Is(err, failed) {
		t.Errorf("%v does not say %v", err, failed)
	}
	wantFiles(t, dir)
}
