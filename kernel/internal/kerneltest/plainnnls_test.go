package kerneltest_test

import (
	"math"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// plainNNLS is the steps of nnls for vectors of any number of lanes.
func plainNNLS(lanes int) *ops.NNLS {
	s := &ops.NNLS{Lanes: lanes, Singles: 2 * lanes, Tile: 4, BlockUnknowns: 2, BlockVoxels: 3}
	s.Price = func(w, b, gram, x *float64, offsets *int, count, tiles int) int {
		return plainPrice(w, b, gram, x, offsets, count, 0, tiles*s.Tile*s.Lanes)
	}
	s.PriceSingle = func(w *float32, above *byte, b, gram, x *float32, offsets *int, count int, shift, threshold float32, tiles int) int {
		n := tiles * s.Tile * s.Singles
		place, marks := plainPrice(w, b, gram, x, offsets, count, shift, n), unsafe.Slice(above, n/8)
		clear(marks)
		for j, v := range unsafe.Slice(w, n) {
			if v > threshold {
				marks[j/8] |= 1 << (j % 8)
			}
		}
		return place
	}
	s.Project = func(dst, matrix, rows *float64, measurements, stride, width, tiles int) {
		plainProject(s, s.Lanes, dst, matrix, rows, measurements, stride, width, tiles)
	}
	s.ProjectSingle = func(dst, matrix, rows *float32, measurements, stride, width, tiles int) {
		plainProject(s, s.Singles, dst, matrix, rows, measurements, stride, width, tiles)
	}
	s.SurveyFloat32 = func(sums, wide *float64, single, row *float32, weighted, weak *float64, n int) {
		plainSurvey(lanes, sums, wide, single, row, weighted, weak, n)
	}
	s.SurveyFloat64 = func(sums, wide *float64, single *float32, row, weighted, weak *float64, n int) {
		plainSurvey(lanes, sums, wide, single, row, weighted, weak, n)
	}
	s.Dot = func(a, b *float64, n int) (sum float64) {
		for i, v := range unsafe.Slice(a, n) {
			sum += v * unsafe.Slice(b, n)[i]
		}
		return sum
	}
	return s
}

func plainPrice[T number](w, b, gram, x *T, offsets *int, count int, shift T, n int) int {
	prices := unsafe.Slice(w, n)
	for j := range prices {
		prices[j] = unsafe.Slice(b, n)[j] - shift
	}
	for i := range count {
		for j, g := range at(gram, unsafe.Slice(offsets, count)[i], n) {
			prices[j] -= unsafe.Slice(x, count)[i] * g
		}
	}
	return largestOf(prices)
}

func plainProject[T number](s *ops.NNLS, lanes int, dst, matrix, rows *T, measurements, stride, width, tiles int) {
	block := s.BlockUnknowns * lanes
	for voxel := range s.BlockVoxels {
		signal := at(rows, voxel*stride*sizeOf[T](), measurements)
		to := at(dst, voxel*width*sizeOf[T](), tiles*block)
		for j := range to {
			to[j] = 0
			for i, v := range signal {
				to[j] += v * unsafe.Slice(matrix, tiles*block*measurements)[(j/block*measurements+i)*block+j%block]
			}
		}
	}
}

func plainSurvey[T number](lanes int, sums, wide *float64, single *float32, row *T, weighted, weak *float64, n int) {
	to := unsafe.Slice(sums, 7*lanes)
	clear(to)
	for i, value := range unsafe.Slice(row, n) {
		v, at := float64(value), to[i%lanes:]
		unsafe.Slice(wide, n)[i], unsafe.Slice(single, n)[i] = v, float32(value)
		at[0] += v * 0
		at[lanes], at[2*lanes] = math.Min(at[lanes], v), math.Max(at[2*lanes], v)
		at[3*lanes] += unsafe.Slice(weak, n)[i] * v
		w := unsafe.Slice(weighted, n)[i] * v
		at[4*lanes] += w
		at[5*lanes] += math.Max(w, 0)
		at[6*lanes] += w * w
	}
}
