package kernel

import "math"

// qpVoxel is a voxel on its way through the stages.
type qpVoxel struct {
	number     int // in the block; -1 for none
	iterations int
	code       Code    // its code if all goes well
	scale      float64 // what z, x and the constraints were divided by
}

// qpArrivals are the next voxels, made ready together: their solutions without constraints.
//
// What later stages need of a voxel is its row: z, x, A x of that solution and |s|^2, divided by the
// largest |A x|, or its square.
type qpArrivals struct {
	*qpLanes
	first int // the voxel in lane 0
	ready int // how many there are
	taken int // how many have gone on

	signal []float64
	seen   []float64
	state  []float64 // z, x, A x in lanes, and to whole panels
	spans  []float64 // the smallest and the largest of A x, as Inspect writes them
	row    []float64

	energies []float64 // |s|^2
}

func newQPArrivals(l *qpLanes) qpArrivals {
	lanes := l.csd.Lanes
	return qpArrivals{
		qpLanes: l, signal: aligned[float64](l.stride() * lanes), seen: aligned[float64](3 * lanes),
		state: aligned[float64]((l.rowLength() + l.csd.Panel) * lanes), spans: aligned[float64](3 * lanes),
		row: make([]float64, l.rowLength()), energies: make([]float64, lanes),
	}
}

// rowLength is the length of a voxel's row.
func (l *qpLanes) rowLength() int { return 2*l.unknowns + l.constraints + 1 }

// energy is the sum of the squares of the listed values.
func energy[T float32 | float64](signal []T, places []int) float64 {
	var even, odd float64
	for len(places) >= 2 {
		a, b := float64(signal[places[0]]), float64(signal[places[1]])
		even += float64(a * a)
		odd += float64(b * b)
		places = places[2:]
	}
	for _, p := range places {
		even += float64(float64(signal[p]) * float64(signal[p]))
	}
	return even + odd
}

// solveFreely finds z = H^T s, x = M^-1 z and A x of the packed signals.
func (a *qpArrivals) solveFreely() {
	s, lanes, n := a.csd, a.csd.Lanes, a.unknowns
	s.Inspect(&a.seen[0], &a.signal[0], &a.volumes[0], len(a.volumes))
	z, x, c := a.state, a.state[n*lanes:], a.state[2*n*lanes:]
	s.Multiply(&z[0], &a.transposed.data[0], &a.signal[0], &a.volumes[0], a.transposed.count, len(a.volumes))
	s.Multiply(&x[0], &a.inverse.data[0], &z[0], &a.consecutive[0], a.inverse.count, n)
	a.spread(c, x)
	s.Inspect(&a.spans[0], &c[0], &a.consecutive[0], a.constraints)
}

// spread writes A x to dst.
func (l *qpLanes) spread(dst, x []float64) {
	lanes := l.csd.Lanes
	for i := range l.blocks {
		b := &l.blocks[i]
		l.csd.Multiply(&dst[b.row*lanes], &b.amplitudes.data[0], &x[b.first*lanes], &l.consecutive[0], b.amplitudes.count, b.columns)
	}
}

func (a *qpArrivals) voxel(lane int) qpVoxel {
	lanes := a.csd.Lanes
	v := qpVoxel{number: a.first + lane, scale: max(-a.spans[lanes+lane], a.spans[2*lanes+lane])}
	if a.seen[lanes+lane] < 0 {
		v.code = NegativeSignal
	}
	return v
}

// ordinary says whether a voxel that is ready has a signal that can be fitted in a lane.
func (a *qpArrivals) ordinary(lane int) bool {
	lanes := a.csd.Lanes
	scale := a.voxel(lane).scale
	// The scale is divided by, and the parameters multiplied: neither may leave the range of numbers.
	return fitForLanes(a.seen[lane], a.seen[lanes+lane], a.seen[2*lanes+lane]) &&
		a.spans[lane] == 0 && scale > 1e-150 && scale < 1e150 && !math.IsNaN(scale)
}

// free says whether the solution without constraints satisfies them.
func (a *qpArrivals) free(lane int) bool { return a.spans[a.csd.Lanes+lane] >= 0 }

// load writes the row of a voxel.
func (a *qpArrivals) load(row []float64, lane int) {
	lanes, factor := a.csd.Lanes, 1/a.voxel(lane).scale
	last := len(row) - 1
	for i := range row[:last] {
		row[i] = a.state[i*lanes+lane] * factor
	}
	row[last] = a.energies[lane] * factor * factor
}
