package kernel

import "github.com/voxfit/voxfit/kernel/internal/ref"

// csdLaneWorker fits voxels in slots, one for each lane. Each round takes all slots through one
// iteration. A voxel that has settled is written out and its slot gets the next voxel at once, so
// that lanes do not wait for one another however different their iterations are.
//
// Nearly all voxels take that way. The few that do not (a signal of zeros or without finite products, a
// matrix that is not positive definite) are left to the portable code, from the signal on.
type csdLaneWorker struct {
	*csdLanes
	scratch *ref.CSDScratch

	// The next voxels, made ready together.
	staged32  []float32 // their signals, where they are not whole and in one piece
	staged64  []float64
	signal    []float64
	seen      []float64
	arrived   []float64 // z
	smooth    []float64 // start coefficients of the unconstrained solution
	free      []float64 // the unconstrained solution, where it was needed
	limits    []float64 // thresholds
	firstSets []uint64
	freeSets  []uint64
	first     int // the voxel in lane 0
	ready     int // how many there are
	taken     int // how many have found a slot

	// The slots.
	slots      []csdSlot
	active     []uint64  // the set of each slot
	below      []uint64  // that after the iteration
	sums       []float64 // moments, slot after slot
	c          []float64 // moments, in lanes
	q          []float64 // the normal matrix, its factor
	inverse    []float64
	z, y       []float64
	thresholds []float64
	rowBits    []byte
	list       []int
}

// csdSlot is the voxel in a lane.
type csdSlot struct {
	voxel      int // -1 for none
	iterations int
	settled    Code // its code if it settles
}

func (l *csdLanes) NewWorker() Worker {
	lanes := l.steps.Lanes
	floats := func(vectors int) []float64 { return alignedFloats(vectors * lanes) }
	padded := l.tiles * l.steps.Tile
	entries, _ := l.triangle()
	w := &csdLaneWorker{
		csdLanes: l, scratch: l.ref.NewScratch(),
		staged32: make([]float32, lanes*l.stride()), staged64: make([]float64, lanes*l.stride()),
		signal: floats(l.stride()), seen: floats(3), arrived: floats(max(l.transposed.rows, padded)),
		smooth: floats(l.start.rows), free: floats(padded + 1), limits: floats(1),
		firstSets: make([]uint64, lanes*l.words), freeSets: make([]uint64, lanes*l.words),
		slots: make([]csdSlot, lanes), active: make([]uint64, lanes*l.words), below: make([]uint64, lanes*l.words),
		sums: floats(l.moments), c: floats(l.moments), q: floats(entries), inverse: floats(padded),
		z: floats(padded), y: floats(padded + 1), thresholds: floats(1),
		rowBits: make([]byte, max(l.amplitudes.rows, 64*l.words)),
		list:    make([]int, 0, 2*l.directions),
	}
	for i := l.coefficients; i < padded; i++ {
		for lane := range lanes {
			w.q[l.place(i, i)*lanes+lane] = 1
		}
	}
	return w
}

// stride is the length of a staged signal: as long as a signal, but never shorter than a vector.
func (l *csdLanes) stride() int { return max(l.measurements, l.steps.Lanes) }

func (w *csdLaneWorker) Fit(params []float64, status []Status, signal []float32) {
	fitLanes(w, params, status, signal, w.staged32, w.steps.PackFloat32)
}

func (w *csdLaneWorker) Fit64(params []float64, status []Status, signal []float64) {
	fitLanes(w, params, status, signal, w.staged64, w.steps.PackFloat64)
}

// set is the set of directions of one lane.
func (l *csdLanes) set(sets []uint64, lane int) []uint64 {
	return sets[lane*l.words:][:l.words]
}
