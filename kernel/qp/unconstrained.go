package qp

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
)

// voxel is a voxel on its way through the stages.
type voxel struct {
	number     int // its place in the block; -1 for none
	iterations int
	code       kernel.Code // its code if nothing goes wrong
	scale      float64     // the largest |A x| without constraints; z, x and A x are divided by it
}

// unconstrained solves for the next voxels, as many as there are lanes, without constraints.
//
// Later stages need the row of a voxel: z, x and A x of this solution, divided by the largest |A x|, and |s|^2, divided
// by its square.
type unconstrained struct {
	*laneFitter
	first int // the voxel in lane 0
	ready int // how many there are
	taken int // how many have gone on

	signal []float64
	seen   []float64
	state  []float64 // z, x, A x in lanes, padded to whole panels
	spans  []float64 // the smallest and the largest of A x, as Inspect writes them
	row    []float64

	energies []float64 // |s|^2
}

func newUnconstrained(l *laneFitter) unconstrained {
	width := l.csd.Lanes
	return unconstrained{
		laneFitter: l, signal: lanes.Aligned[float64](l.stride() * width), seen: lanes.Aligned[float64](3 * width),
		state: lanes.Aligned[float64]((l.rowLength() + l.csd.Panel) * width), spans: lanes.Aligned[float64](3 * width),
		row: make([]float64, l.rowLength()), energies: make([]float64, width),
	}
}

// rowLength returns the length of a voxel's row.
func (l *laneFitter) rowLength() int { return 2*l.unknowns + l.constraints + 1 }

// energy returns the sum of the squares of the values at the given places.
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

// solveFreely finds z = H^T s, x = M^-1 z and A x for the signals that were packed.
func (a *unconstrained) solveFreely() {
	s, lanes, n := a.csd, a.csd.Lanes, a.unknowns
	s.Inspect(&a.seen[0], &a.signal[0], &a.volumes[0], len(a.volumes))
	z, x, c := a.state, a.state[n*lanes:], a.state[2*n*lanes:]
	s.Multiply(&z[0], &a.transposed.Data[0], &a.signal[0], &a.volumes[0], a.transposed.Count, len(a.volumes))
	s.Multiply(&x[0], &a.inverse.Data[0], &z[0], &a.consecutive[0], a.inverse.Count, n)
	a.spread(c, x)
	s.Inspect(&a.spans[0], &c[0], &a.consecutive[0], a.constraints)
}

// spread writes A x to dst.
func (l *laneFitter) spread(dst, x []float64) {
	lanes := l.csd.Lanes
	for i := range l.blocks {
		b := &l.blocks[i]
		l.csd.Multiply(&dst[b.row*lanes], &b.amplitudes.Data[0], &x[b.first*lanes], &l.consecutive[0], b.amplitudes.Count, b.columns)
	}
}

// voxelIn is the voxel in a lane.
func (a *unconstrained) voxelIn(lane int) voxel {
	lanes := a.csd.Lanes
	v := voxel{number: a.first + lane, scale: max(-a.spans[lanes+lane], a.spans[2*lanes+lane])}
	if a.seen[lanes+lane] < 0 {
		v.code = kernel.NegativeSignal
	}
	return v
}

// ordinary says whether the signal of a voxel that is ready can be fitted in a lane.
func (a *unconstrained) ordinary(lane int) bool {
	lanes := a.csd.Lanes
	scale := a.voxelIn(lane).scale
	// Numbers are divided by the scale, and parameters multiplied by it. Both must stay within the range of numbers.
	return checks.FitForLanes(a.seen[lane], a.seen[lanes+lane], a.seen[2*lanes+lane]) &&
		a.spans[lane] == 0 && scale > 1e-150 && scale < 1e150 && !math.IsNaN(scale)
}

// free says whether the solution without constraints satisfies them.
func (a *unconstrained) free(lane int) bool { return a.spans[a.csd.Lanes+lane] >= 0 }

// load writes the row of a voxel.
func (a *unconstrained) load(row []float64, lane int) {
	lanes, factor := a.csd.Lanes, 1/a.voxelIn(lane).scale
	last := len(row) - 1
	for i := range row[:last] {
		row[i] = a.state[i*lanes+lane] * factor
	}
	row[last] = a.energies[lane] * factor * factor
}
