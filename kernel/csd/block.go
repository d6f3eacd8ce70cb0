package csd

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
)

// block is a block of voxels to fit, with the arguments of Fit.
type block[T float32 | float64] struct {
	*laneWorker
	params []float64
	status []kernel.Status
	signal []T
	staged []T
	pack   func(dst *float64, rows *T, columns, stride int)
}

func fitLanes[T float32 | float64](w *laneWorker, params []float64, status []kernel.Status, signal []T, staged []T, pack func(*float64, *T, int, int)) {
	checks.Lengths("CSD", w, len(params), len(status), len(signal))
	b := block[T]{w, params, status, signal, staged, pack}
	w.first, w.ready, w.taken = 0, 0, 0
	if w.search != nil {
		b.fitMixed()
		return
	}
	live := 0
	for slot := range w.slots.voxels {
		if b.refill(slot) {
			live++
		}
	}
	for live > 0 {
		w.iterate()
		for slot := range w.slots.voxels {
			if w.slots.voxels[slot].voxel >= 0 && b.conclude(slot) && !b.refill(slot) {
				live--
			}
		}
	}
}

// refill gives a slot the next voxel that needs iterations. It returns false when there is none.
func (b *block[T]) refill(slot int) bool {
	lane, ok := b.next()
	if !ok {
		b.slots.voxels[slot].voxel = -1
		return false
	}
	w := b.laneWorker
	v := slotState{voxel: w.first + lane, settled: w.settledCode(lane)}
	w.slots.install(slot, v, w.arrived[lane:], w.kernels.Lanes, w.limits[lane], 1, w.double.set(w.firstSets, lane))
	return true
}

// next returns the lane of the next voxel that needs iterations. It finishes the voxels before it, which need none.
func (b *block[T]) next() (lane int, ok bool) {
	for {
		if b.taken == b.ready {
			if b.first+b.ready == len(b.status) {
				return 0, false
			}
			b.prepare()
		}
		lane := b.taken
		b.taken++
		switch {
		case !b.ordinary(lane):
			b.fitPortably(b.first + lane)
		case empty(b.double.set(b.firstSets, lane)) && b.free[b.double.padded()*b.kernels.Lanes+lane] != 0: // NaN
			b.fitPortably(b.first + lane)
		case empty(b.double.set(b.firstSets, lane)):
			b.write(b.first+lane, b.free, lane, kernel.Status{Code: b.settledCode(lane)})
		default:
			return lane, true
		}
	}
}

// conclude looks at a slot after an iteration. It returns true when the voxel leaves the slot. Otherwise it makes the
// slot ready for the next iteration.
func (b *block[T]) conclude(slot int) bool {
	s := &b.slots
	v := &s.voxels[slot]
	if s.judgement(slot) != 0 { // the judgement is NaN
		b.fitPortably(v.voxel)
		return true
	}
	if v.record != nil && v.record.found {
		return b.confirm(slot)
	}
	settled, again := s.advance(slot, b.maxIterations)
	if again && v.record != nil && b.search.takeBack(v, s.set(s.below, slot)) {
		return true
	}
	if again {
		s.exchange(slot)
		return false
	}
	code := v.settled
	if !settled {
		code = kernel.MaxIterations
	}
	b.write(v.voxel, s.y, slot, kernel.Status{Code: code, Iterations: uint16(v.iterations)})
	return true
}

// write writes the result of a voxel, whose coefficients are in a lane of f.
func (b *block[T]) write(voxel int, f []float64, lane int, status kernel.Status) {
	b.status[voxel] = status
	row := b.params[voxel*b.coefficients:][:b.coefficients]
	lanes, column := b.kernels.Lanes, f[lane:]
	for i := range row {
		row[i] = column[i*lanes]
	}
}

// fitPortably fits a voxel by the portable code.
func (b *block[T]) fitPortably(voxel int) {
	f := b.params[voxel*b.coefficients:][:b.coefficients]
	b.status[voxel] = fitVoxel(b.scratch, f, b.signal[voxel*b.measurements:][:b.measurements])
}
