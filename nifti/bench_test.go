package nifti

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The benchmarks use a quarter of an HCP brain: 108,000 masked voxels of 450,000, 288 volumes.
var (
	benchShape   = []int{100, 100, 45, 288}
	benchVolumes = benchShape[3]
)

func benchIndex() []int {
	var index []int
	for v := range benchShape[0] * benchShape[1] * benchShape[2] {
		if v%100 < 24 {
			index = append(index, v)
		}
	}
	return index
}

// BenchmarkToRows times the transposition alone, on one goroutine. Each byte counts once, although it is read and
// written.
func BenchmarkToRows(b *testing.B) {
	const n = 1 << 17
	dst := make([]float32, n*benchVolumes)
	planes := newPlanes(planesPerGroup, n)
	b.SetBytes(int64(4 * n * benchVolumes))
	for b.Loop() {
		for first := 0; first < benchVolumes; first += planesPerGroup {
			toRows(dst, benchVolumes, first, planes, 0, n)
		}
	}
}

// BenchmarkToPlanes times the transposition for writing.
func BenchmarkToPlanes(b *testing.B) {
	const n = 1 << 17
	rows := make([]float32, n*benchVolumes)
	planes := newPlanes(planesPerGroup, n)
	b.SetBytes(int64(4 * n * benchVolumes))
	for b.Loop() {
		for first := 0; first < benchVolumes; first += planesPerGroup {
			toPlanes(planes, rows, benchVolumes, first, 0, n)
		}
	}
}

// benchFile writes the image once. Its signal is smooth, with noise in the low bits, as in real data.
func benchFile(b *testing.B, name string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	h := NewHeader(benchShape, nil, [4][4]float64{})
	signal := make([]float32, h.Voxels()*benchVolumes)
	state := uint32(1)
	for i := range signal {
		state = state*1664525 + 1013904223
		signal[i] = 1000 + float32(state>>20)
	}
	if err := WriteSignal(path, h, signal, WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReadMasked reads whole files; GB/s are of the (decompressed) file.
func BenchmarkReadMasked(b *testing.B) {
	for _, name := range []string{"dwi.nii", "dwi.nii.gz"} {
		path := benchFile(b, name)
		image, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for _, mask := range []struct {
			name  string
			index []int
		}{{"brain", benchIndex()}, {"all", FullMask(image.Header).Index}} {
			dst := make([]float32, len(mask.index)*benchVolumes)
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/workers=%d", name, mask.name, workers), func(b *testing.B) {
					b.SetBytes(image.Header.end())
					for b.Loop() {
						if err := image.ReadMasked(context.Background(), dst, mask.index, ReadOptions{Workers: workers}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkWriteMap writes 45 coefficients per voxel; GB/s are of the (uncompressed) image.
func BenchmarkWriteMap(b *testing.B) {
	const components = 45
	h := NewHeader(benchShape, nil, [4][4]float64{})
	index := benchIndex()
	values := make([]float32, len(index)*components)
	state := uint32(1)
	for i := range values {
		state = state*1664525 + 1013904223
		values[i] = float32(state>>8) / (1 << 24)
	}
	for _, name := range []string{"fod.nii", "fod.nii.gz"} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), name)
			b.SetBytes(int64(4 * h.Voxels() * components))
			for b.Loop() {
				if err := WriteMap(path, h, index, components, values, WriteOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size()), "file-bytes")
			}
		})
	}
}
