package nifti

import "sync"

// planesPerGroup is how many volumes are turned into rows at a time: 16 float32 are one cache
// line, so that each line of the block is written once and whole.
const planesPerGroup = 16

// planesFor bounds a group by an eighth of the data, so that buffers stay small beside it.
func planesFor(volumes int) int { return min(planesPerGroup, max(1, volumes/8)) }

// tile is the number of voxels whose rows are filled together where a group is not full: their
// lines must stay in the first-level cache until the last plane has been written.
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
	var part [planesPerGroup][]float32
	for p, plane := range planes {
		part[p] = plane[begin:end]
	}
	if begin < end {
		numbersToRows(dst[begin*length+first:], length, &part)
	}
}

// numbersToRows writes sixteen planes into the first columns of rows of the given length. Each row's part is written at
// once, so that its line goes from cache to memory whole; the planes are read as streams. Of eight variants (tiles of
// 16 to 64, through a local block, 32 and more planes) this was the fastest on Zen 4.
func numbersToRows[T int8 | uint8 | int16 | uint16 | float32](dst []float32, length int, planes *[planesPerGroup][]T) {
	n := len(planes[0])
	// One slice for each plane, all cut to the same length: the compiler then drops the bounds
	// checks in the loop.
	p0, p1, p2, p3 := planes[0][:n], planes[1][:n], planes[2][:n], planes[3][:n]
	p4, p5, p6, p7 := planes[4][:n], planes[5][:n], planes[6][:n], planes[7][:n]
	p8, p9, p10, p11 := planes[8][:n], planes[9][:n], planes[10][:n], planes[11][:n]
	p12, p13, p14, p15 := planes[12][:n], planes[13][:n], planes[14][:n], planes[15][:n]
	for v, at := 0, 0; v < n; v, at = v+1, at+length {
		row := (*[planesPerGroup]float32)(dst[at:])
		row[0], row[1], row[2], row[3] = float32(p0[v]), float32(p1[v]), float32(p2[v]), float32(p3[v])
		row[4], row[5], row[6], row[7] = float32(p4[v]), float32(p5[v]), float32(p6[v]), float32(p7[v])
		row[8], row[9], row[10], row[11] = float32(p8[v]), float32(p9[v]), float32(p10[v]), float32(p11[v])
		row[12], row[13], row[14], row[15] = float32(p12[v]), float32(p13[v]), float32(p14[v]), float32(p15[v])
	}
}

// toPlanes is the inverse of toRows: planes[p][v] = rows[v*length+first+p], for v in [begin, end).
func toPlanes(planes [][]float32, rows []float32, length, first, begin, end int) {
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

// newPlanes cuts one allocation into planes of n floats. Some lines lie between the planes, so
// that equal places of all planes do not compete for one cache set when n is a power of two.
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

// voxelsPerTask is the share of a transposition that a worker takes at a time.
const voxelsPerTask = 8192

// inTasks divides n voxels into tasks and runs them on up to the given number of goroutines.
func inTasks(workers, n int, task func(begin, end int)) {
	tasks := (n + voxelsPerTask - 1) / voxelsPerTask
	spread(workers, tasks, func(_, i int) {
		task(i*voxelsPerTask, min(n, (i+1)*voxelsPerTask))
	})
}

// spread calls work(worker, i) for each i below n, on up to the given number of goroutines. The
// worker number is below that too: no two calls with the same one overlap.
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
