package kernel

import (
	"math/bits"
	"slices"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

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

// csdBlock is a block of voxels to fit: the arguments of Fit.
type csdBlock[T float32 | float64] struct {
	*csdLaneWorker
	params []float64
	status []Status
	voxels []T // the signals
	staged []T
	pack   func(dst *float64, rows *T, columns, stride int)
}

func fitLanes[T float32 | float64](w *csdLaneWorker, params []float64, status []Status, signal []T, staged []T, pack func(*float64, *T, int, int)) {
	w.checkLengths(len(params), len(status), len(signal))
	b := csdBlock[T]{w, params, status, signal, staged, pack}
	w.first, w.ready, w.taken = 0, 0, 0
	live := 0
	for slot := range w.slots {
		if b.refill(slot) {
			live++
		}
	}
	for live > 0 {
		w.iterate()
		for slot := range w.slots {
			if w.slots[slot].voxel >= 0 && b.conclude(slot) && !b.refill(slot) {
				live--
			}
		}
	}
}

// refill gives a slot the next voxel that needs iterations. It returns false when there is none left.
func (b *csdBlock[T]) refill(slot int) bool {
	for {
		if b.taken == b.ready {
			if b.first+b.ready == len(b.status) {
				b.slots[slot].voxel = -1
				return false
			}
			b.prepare()
		}
		lane := b.taken
		b.taken++
		switch {
		case !b.ordinary(lane):
			b.fitPortably(b.first + lane)
		case empty(b.set(b.firstSets, lane)):
			b.write(b.first+lane, b.free, lane, Status{Code: b.settledCode(lane)})
		default:
			b.install(slot, lane)
			return true
		}
	}
}

// prepare makes the next voxels ready: everything before the first iteration.
func (b *csdBlock[T]) prepare() {
	w, m, lanes, stride := b.csdLaneWorker, b.measurements, b.steps.Lanes, b.stride()
	w.first += w.ready
	w.ready, w.taken = min(lanes, len(b.status)-w.first), 0
	rows := b.voxels[w.first*m:]
	if w.ready < lanes || m < stride {
		for lane := range w.ready {
			copy(b.staged[lane*stride:], rows[lane*m:][:m])
		}
		rows = b.staged
	}
	b.pack(&w.signal[0], &rows[0], stride, stride)
	w.deconvolveFreely()
}

// deconvolveFreely solves for the start coefficients without constraint and finds the directions
// below the threshold.
func (w *csdLaneWorker) deconvolveFreely() {
	s := w.steps
	s.Inspect(&w.seen[0], &w.signal[0], &w.volumes[0], len(w.volumes))
	s.Multiply(&w.arrived[0], &w.transposed.data[0], &w.signal[0], &w.volumes[0], w.transposed.count, len(w.volumes))
	s.Multiply(&w.smooth[0], &w.start.data[0], &w.arrived[0], &w.unknowns[0], w.start.count, w.coefficients)
	for lane := range w.limits {
		w.limits[lane] = w.zeroth * w.smooth[lane] * w.tau
	}
	w.findBelow(w.firstSets, w.smooth, w.limits, w.startCoefficients)
	for lane := range w.ready {
		if w.ordinary(lane) && empty(w.set(w.firstSets, lane)) {
			w.deconvolveWhole()
			return
		}
	}
}

// deconvolveWhole solves for all coefficients without constraint. Where no direction was below the
// threshold, those that are now become the first set.
func (w *csdLaneWorker) deconvolveWhole() {
	clear(w.c) // no active direction: the normal matrix is P
	w.assemble()
	w.solve(w.free, w.arrived)
	w.findBelow(w.freeSets, w.free, w.limits, w.coefficients)
	for lane := range w.steps.Lanes {
		if first := w.set(w.firstSets, lane); empty(first) {
			copy(first, w.set(w.freeSets, lane))
		}
	}
}

// findBelow finds the directions whose amplitude from the first n coefficients is below the threshold,
// in all lanes.
func (w *csdLaneWorker) findBelow(sets []uint64, f, thresholds []float64, n int) {
	a := &w.amplitudes
	skip := (a.columns - n) * w.steps.Panel * 8
	w.steps.Below(&sets[0], &w.rowBits[0], &a.data[0], &f[0], &thresholds[0], a.count, n, skip, w.words)
	if tail := w.directions % 64; tail != 0 {
		for lane := range w.steps.Lanes {
			sets[(lane+1)*w.words-1] &= 1<<tail - 1
		}
	}
}

// ordinary says whether a voxel that is ready has a signal that can be fitted in a lane.
func (w *csdLaneWorker) ordinary(lane int) bool {
	lanes := w.steps.Lanes
	poison, low, high := w.seen[lane], w.seen[lanes+lane], w.seen[2*lanes+lane]
	allZero := low == 0 && high == 0
	outOfRange := w.limits[lane]*0 != 0 // some of z is NaN or infinite, or what follows from z
	return poison == 0 && !allZero && !outOfRange
}

// settledCode is the code of a voxel that is ready, if it settles.
func (w *csdLaneWorker) settledCode(lane int) Code {
	if low := w.seen[w.steps.Lanes+lane]; low < 0 {
		return NegativeSignal
	}
	return OK
}

func empty(set []uint64) bool {
	for _, word := range set {
		if word != 0 {
			return false
		}
	}
	return true
}

// set is the set of directions of one lane.
func (l *csdLanes) set(sets []uint64, lane int) []uint64 {
	return sets[lane*l.words:][:l.words]
}

// install moves a voxel that is ready into a slot.
func (w *csdLaneWorker) install(slot, lane int) {
	lanes := w.steps.Lanes
	w.slots[slot] = csdSlot{voxel: w.first + lane, settled: w.settledCode(lane)}
	for i := range w.coefficients {
		w.z[i*lanes+slot] = w.arrived[i*lanes+lane]
	}
	w.thresholds[slot] = w.limits[lane]
	active := w.set(w.active, slot)
	copy(active, w.set(w.firstSets, lane))
	w.sumMoments(slot, active)
}

// sumMoments makes the moments of a set, from nothing or by taking the other directions off the
// complete sum, whichever touches fewer groups.
func (w *csdLaneWorker) sumMoments(slot int, active []uint64) {
	w.list = w.list[:0]
	touched, untouched := 0, 0
	for i, word := range active {
		touched += bits.OnesCount64(occupied(word))
		untouched += bits.OnesCount64(occupied(w.others(word, i)))
	}
	sums := w.slotSums(slot)
	if touched <= untouched {
		for i, word := range active {
			w.list = appendGroupRows(w.list, word, i, w.moments*8)
		}
		clear(sums)
		w.accumulate(sums, sums, touched, 0)
		return
	}
	for i, word := range active {
		w.list = appendGroupRows(w.list, w.others(word, i), i, w.moments*8)
	}
	w.accumulate(sums, w.complete, 0, untouched)
}

// others are the directions that are not in a set's word of the given index.
func (l *csdLanes) others(word uint64, index int) uint64 {
	word = ^word
	if left := l.directions - 64*index; left < 64 {
		word &= 1<<left - 1
	}
	return word
}

func (w *csdLaneWorker) slotSums(slot int) []float64 { return w.sums[slot*w.moments:][:w.moments] }

// accumulate writes from with the first rows in the list added and the others removed.
func (w *csdLaneWorker) accumulate(sums, from []float64, added, removed int) {
	w.steps.Accumulate(&sums[0], &from[0], &w.table[0], unsafe.SliceData(w.list), added, removed, w.moments/w.steps.Stripe)
}

// iterate solves for the coefficients in all slots and finds the directions that are now below the
// thresholds.
func (w *csdLaneWorker) iterate() {
	w.steps.Transpose(&w.c[0], &w.sums[0], max(w.harmonics, w.steps.Lanes), w.moments)
	w.assemble()
	w.solve(w.y, w.z)
	w.findBelow(w.below, w.y, w.thresholds, w.coefficients)
}

// assemble makes the normal matrix of the moments.
func (w *csdLaneWorker) assemble() {
	w.steps.Assemble(&w.q[0], &w.c[0], &w.weights[0],
		unsafe.SliceData(w.twins), len(w.twins)/twinFields, unsafe.SliceData(w.pairs), len(w.pairs)/pairFields)
}

// solve finds the coefficients f for the right-hand side z.
func (w *csdLaneWorker) solve(f, z []float64) {
	w.steps.Factorise(&w.q[0], &w.inverse[0], &f[0], &z[0], w.tiles)
	w.steps.BackSolve(&f[0], &w.q[0], &w.inverse[0], w.tiles)
}

// conclude looks at a slot after an iteration and returns true when its voxel is done. Otherwise the
// slot is made ready for the next iteration.
func (b *csdBlock[T]) conclude(slot int) bool {
	w, s := b.csdLaneWorker, &b.slots[slot]
	s.iterations++
	unsolved := w.y[w.tiles*w.steps.Tile*w.steps.Lanes+slot]
	if unsolved != 0 { // NaN, that is
		b.fitPortably(s.voxel)
		return true
	}
	active, below := w.set(w.active, slot), w.set(w.below, slot)
	settled := slices.Equal(active, below)
	if !settled && s.iterations < w.maxIterations {
		w.exchange(slot, active, below)
		return false
	}
	code := s.settled
	if !settled {
		code = MaxIterations
	}
	b.write(s.voxel, w.y, slot, Status{Code: code, Iterations: uint16(s.iterations)})
	return true
}

// write is the result of a voxel: the coefficients in a lane of f.
func (b *csdBlock[T]) write(voxel int, f []float64, lane int, status Status) {
	b.status[voxel] = status
	row := b.params[voxel*b.coefficients:][:b.coefficients]
	for i := range row {
		row[i] = f[i*b.steps.Lanes+lane]
	}
}

// exchange makes a new set the active one of a slot and updates the moments by what changed.
func (w *csdLaneWorker) exchange(slot int, active, below []uint64) {
	w.list = w.list[:0]
	for i, word := range below {
		w.list = appendGroupRows(w.list, word&^active[i], i, w.moments*8)
	}
	added := len(w.list)
	for i, word := range active {
		w.list = appendGroupRows(w.list, word&^below[i], i, w.moments*8)
	}
	sums := w.slotSums(slot)
	w.accumulate(sums, sums, added, len(w.list)-added)
	copy(active, below)
}

// fitPortably leaves a voxel to the portable code.
func (b *csdBlock[T]) fitPortably(voxel int) {
	f := b.params[voxel*b.coefficients:][:b.coefficients]
	b.status[voxel] = csdVoxel(b.scratch, f, b.voxels[voxel*b.measurements:][:b.measurements])
}
