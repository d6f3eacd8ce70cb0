package kernel

import (
	"slices"
	"unsafe"
)

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

// fitPortably leaves a voxel to the portable code.
func (b *csdBlock[T]) fitPortably(voxel int) {
	f := b.params[voxel*b.coefficients:][:b.coefficients]
	b.status[voxel] = csdVoxel(b.scratch, f, b.voxels[voxel*b.measurements:][:b.measurements])
}
