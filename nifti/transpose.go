package nifti

import (
	"sync"

	"github.com/voxfit/voxfit/nifti/internal/transpose"
)

// planesPerGroup is how many volumes are turned into rows at a time.
const planesPerGroup = transpose.Planes

// planesFor limits a group to an eighth of the volumes, so that its buffers are small compared with the data.
func planesFor(volumes int) int { return min(planesPerGroup, max(1, volumes/8)) }

// tile is the number of voxels whose rows are filled together where a group is not full. Their cache lines must stay in
// the first-level cache until the last plane is written.
const tile = 64

// toRows writes planes (one volume each, n voxels) into the columns first, first+1, ... of rows of
// the given length: dst[v*length+first+p] = planes[p][v], for v in [begin, end).
func toRows(dst []float32, length, first int, planes [][]float32, begin, end int) {
	if len(planes) == planesPerGroup {
		fullToRows(dst, length, first, (*[planesPerGroup][]float32)(planes), begin, end)
		return
	}
	for ; begin < end; begin += tile {
		n := min(tile, end-begin)
		for p, plane := range planes {
			at := begin*length + first + p
			for _, x := range plane[begin : begin+n] {
				dst[at] = x
				at += length
			}
		}
	}
}

// fullToRows is toRows for a full group.
func fullToRows(dst []float32, length, first int, planes *[planesPerGroup][]float32, begin, end int) {
	if part := stretchOf(planes, begin, end); begin < end {
		transpose.ToRows(dst[begin*length+first:], length, &part)
	}
}

// stretchOf returns the same voxels of all planes.
func stretchOf(planes *[planesPerGroup][]float32, begin, end int) (part [planesPerGroup][]float32) {
	for p, plane := range planes {
		part[p] = plane[begin:end]
	}
	return part
}

// toPlanes is the inverse of toRows: planes[p][v] = rows[v*length+first+p], for v in [begin, end).
func toPlanes(planes [][]float32, rows []float32, length, first, begin, end int) {
	if len(planes) == planesPerGroup {
		if part := stretchOf((*[planesPerGroup][]float32)(planes), begin, end); begin < end {
			transpose.ToPlanes(&part, rows[begin*length+first:], length)
		}
		return
	}
	for ; begin < end; begin += tile {
		n := min(tile, end-begin)
		for p, plane := range planes {
			at := begin*length + first + p
			column := plane[begin : begin+n]
			for v := range column {
				column[v] = rows[at]
				at += length
			}
		}
	}
}

// newPlanes makes planes of n floats from one allocation. There are some unused cache lines between planes. Without
// them, equal places of all planes would compete for one cache set when n is a power of two.
func newPlanes(count, n int) [][]float32 {
	const line = 16
	stride := (n+line-1)/line*line + 5*line
	block := make([]float32, count*stride)
	planes := make([][]float32, count)
	for p := range planes {
		planes[p] = block[p*stride : p*stride+n : p*stride+n]
	}
	return planes
}

// voxelsPerTask is how many voxels a worker transposes at a time.
const voxelsPerTask = 8192

// inTasks divides n voxels into tasks and runs them on up to the given number of goroutines.
func inTasks(workers, n int, task func(begin, end int)) {
	tasks := (n + voxelsPerTask - 1) / voxelsPerTask
	spread(workers, tasks, func(_, i int) {
		task(i*voxelsPerTask, min(n, (i+1)*voxelsPerTask))
	})
}

// spread calls work(worker, i) for each i below n, on up to workers goroutines. The number worker is below workers, and
// two calls with the same number never overlap.
func spread(workers, n int, work func(worker, i int)) {
	workers = min(workers, n)
	if workers <= 1 {
		for i := range n {
			work(0, i)
		}
		return
	}
	items := make(chan int, n)
	for i := range n {
		items <- i
	}
	close(items)
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := range items {
				work(worker, i)
			}
		})
	}
	wg.Wait()
}
