package kerneltest_test

import (
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// plainPeaks is the steps of peaks for vectors of so many lanes in double precision, and twice as many in single.
func plainPeaks(lanes int) *ops.Peaks {
	single := plainIteration[float32, int32](2 * lanes)
	return &ops.Peaks{
		Single: ops.PeakSearch[float32]{Lanes: 2 * lanes, Maxima: plainMaxima[float32](2 * lanes)},
		Double: ops.PeakSearch[float64]{Lanes: lanes, Maxima: plainMaxima[float64](lanes)},
		Round: func(dst, squares *float32, x *float64, columns int) {
			to, sums, from := unsafe.Slice(dst, columns*2*lanes), unsafe.Slice(squares, 2*lanes), unsafe.Slice(x, columns*2*lanes)
			clear(sums)
			for i := range to {
				column, lane := i/(2*lanes), i%(2*lanes)
				to[i] = float32(from[(lane/lanes*columns+column)*lanes+lane%lanes])
				sums[lane] = fma(to[i], to[i], sums[lane])
			}
		},
		Panel: single.Panel,
		Samples: func(values, extremes, panels, x *float32, count, columns int) {
			offsets := make([]int32, columns)
			for column := range offsets {
				offsets[column] = int32(column * single.vector())
			}
			single.multiply(values, panels, x, &offsets[0], count, columns)
			low, high := unsafe.Slice(extremes, 2*lanes), at(extremes, single.vector(), 2*lanes)
			for i, v := range unsafe.Slice(values, count*single.Panel*2*lanes) {
				if lane := i % (2 * lanes); i < 2*lanes {
					low[lane], high[lane] = v, v
				} else {
					low[lane], high[lane] = min(low[lane], v), max(high[lane], v)
				}
			}
		},
		Spread: func(sums, values *float64, n int) {
			to := unsafe.Slice(sums, 2*lanes)
			for lane := range lanes {
				to[lane], to[lanes+lane] = spreadOf(unsafe.Slice(values, n*lanes), lanes, lane, n)
			}
		},
		Jets: func(jets, weights, points, _ *float64, degree int) { plainJets(lanes, jets, weights, points, degree) },
		Tile: 3,
		Combine: func(dst, rows, weights *float64, offsets *int, count, tiles int) {
			to := unsafe.Slice(dst, tiles*3*lanes)
			clear(to)
			for i := range count {
				for j, v := range at(rows, unsafe.Slice(offsets, count)[i], len(to)) {
					to[j] += float64(unsafe.Slice(weights, count)[i] * v)
				}
			}
		},
	}
}

func plainMaxima[T number](lanes int) func(found *ops.Found, values, limits *T, neighbours *int32, n, eights int) int {
	return func(found *ops.Found, values, limits *T, neighbours *int32, n, eights int) int {
		count := 0
		for _, f := range maximaOf(unsafe.Slice(values, n*lanes), unsafe.Slice(limits, 3*lanes), unsafe.Slice(neighbours, 8*eights*n), lanes, n, eights) {
			if f[ops.FoundMaximum]|f[ops.FoundLowest] != 0 {
				unsafe.Slice(found, n)[count] = f
				count++
			}
		}
		return count
	}
}

func plainJets(lanes int, jets, weights, points *float64, degree int) {
	p := ref.NewPolynomial(degree)
	point, to := unsafe.Slice(points, 3*lanes), unsafe.Slice(jets, 10*lanes)
	for lane := range lanes {
		for m := range p.Weights() {
			p.Weights()[m], p.Scale()[m] = unsafe.Slice(weights, len(p.Weights())*lanes)[m*lanes+lane], 1
		}
		j := p.At([3]float64{point[lane], point[lanes+lane], point[2*lanes+lane]})
		for k, v := range append(append([]float64{j.Value}, j.Gradient[:]...), j.Hessian[:]...) {
			to[k*lanes+lane] = v
		}
	}
}
