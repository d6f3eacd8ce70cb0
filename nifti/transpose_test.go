package nifti

import (
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func TestToRowsAndToPlanesAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		voxels := rapid.IntRange(0, 300).Draw(t, "voxels")
		count := rapid.OneOf(rapid.Just(planesPerGroup), rapid.IntRange(1, planesPerGroup)).Draw(t, "planes")
		first := rapid.IntRange(0, 5).Draw(t, "first")
		length := first + count + rapid.IntRange(0, 5).Draw(t, "behind")
		begin := rapid.IntRange(0, voxels).Draw(t, "begin")
		end := rapid.IntRange(begin, voxels).Draw(t, "end")
		planes, back := newPlanes(count, voxels), newPlanes(count, voxels)
		for p, plane := range planes {
			for v := range plane {
				plane[v] = float32(1 + p*voxels + v)
			}
		}
		rows := make([]float32, voxels*length)
		toRows(rows, length, first, planes, begin, end)
		for i, x := range rows {
			v, p := i/length, i%length-first
			var expected float32 // 0: nothing outside the given voxels and columns may be written
			if v >= begin && v < end && p >= 0 && p < count {
				expected = planes[p][v]
			}
			if x != expected {
				t.Fatalf("voxel %d, column %d: %g, expected %g", v, p, x, expected)
			}
		}
		toPlanes(back, rows, length, first, begin, end)
		for p := range planes {
			if !slices.Equal(back[p][begin:end], planes[p][begin:end]) {
				t.Fatalf("plane %d came back as %v", p, back[p])
			}
		}
	})
}

func TestPlanesDoNotOverlap(t *testing.T) {
	planes := newPlanes(3, 5)
	for p := range planes {
		if len(planes[p]) != 5 || cap(planes[p]) != 5 {
			t.Errorf("plane %d has length %d and capacity %d, expected 5", p, len(planes[p]), cap(planes[p]))
		}
	}
}

func TestTasksCoverEveryVoxelOnce(t *testing.T) {
	for _, n := range []int{0, 1, voxelsPerTask, 3*voxelsPerTask + 17} {
		for _, workers := range []int{1, 2, 7} {
			seen := make([]atomic.Int32, n)
			inTasks(workers, n, func(begin, end int) {
				for v := begin; v < end; v++ {
					seen[v].Add(1)
				}
			})
			for v := range seen {
				if seen[v].Load() != 1 {
					t.Fatalf("%d workers: voxel %d of %d was visited %d times", workers, v, n, seen[v].Load())
				}
			}
		}
	}
}

// ReadMasked and WriteMap promise that their buffers are small.
func TestBuffersStaySmallBesideTheData(t *testing.T) {
	for volumes := 1; volumes < 2000; volumes++ {
		planes := planesFor(volumes)
		if planes < 1 || planes > planesPerGroup || planes > 1 && planes*8 > volumes {
			t.Errorf("%d volumes are taken in groups of %d", volumes, planes)
		}
	}
}
