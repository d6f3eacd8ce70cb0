package csd

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
)

// prepare makes the next voxels ready for iterations: it does everything that comes before the first one.
func (b *block[T]) prepare() {
	w, m, lanes, stride := b.laneWorker, b.measurements, b.kernels.Lanes, b.stride()
	w.first += w.ready
	w.ready, w.taken = min(lanes, len(b.status)-w.first), 0
	rows := b.signal[w.first*m:]
	if w.ready < lanes || m < stride {
		for lane := range w.ready {
			copy(b.staged[lane*stride:], rows[lane*m:][:m])
		}
		rows = b.staged
	}
	b.pack(&w.packed[0], &rows[0], stride, stride)
	w.deconvolveFreely()
}

// deconvolveFreely computes the start coefficients, from a solution without constraint, and finds the directions below
// the threshold.
func (w *laneWorker) deconvolveFreely() {
	s := w.kernels
	s.Inspect(&w.seen[0], &w.packed[0], &w.volumes[0], len(w.volumes))
	if w.floor {
		w.floorSignals()
	}
	s.Multiply(&w.arrived[0], &w.transposed.Data[0], &w.packed[0], &w.volumes[0], w.transposed.Count, len(w.volumes))
	if w.filtered {
		s.Multiply(&w.unconstrained[0], &w.start.Data[0], &w.packed[0], &w.volumes[0], w.start.Count, len(w.volumes))
	} else {
		s.Multiply(&w.unconstrained[0], &w.start.Data[0], &w.arrived[0], &w.unknowns[0], w.start.Count, w.coefficients)
	}
	for lane := range w.limits {
		w.limits[lane] = w.zeroth * w.unconstrained[lane] * w.tau
	}
	w.findBelow(w.firstSets, w.unconstrained, w.limits, w.startCoefficients)
	for lane := range w.ready {
		if w.ordinary(lane) && empty(w.double.set(w.firstSets, lane)) {
			w.deconvolveWhole()
			return
		}
	}
}

// floorSignals sets negative values to zero, in the lanes that have any.
func (w *laneWorker) floorSignals() {
	lanes := w.kernels.Lanes
	for lane := range w.ready {
		if w.seen[lanes+lane] < 0 {
			for i := lane; i < w.measurements*lanes; i += lanes {
				w.packed[i] = max(w.packed[i], 0)
			}
		}
	}
}

// deconvolveWhole solves for all coefficients without constraint. If no direction was below the threshold before, the
// directions that are now become the first set.
func (w *laneWorker) deconvolveWhole() {
	clear(w.slots.c) // no direction is active, so that the normal matrix is P
	w.slots.assemble()
	w.slots.solve(w.free, w.arrived)
	w.findBelow(w.freeSets, w.free, w.limits, w.coefficients)
	for lane := range w.kernels.Lanes {
		if first := w.double.set(w.firstSets, lane); empty(first) {
			copy(first, w.double.set(w.freeSets, lane))
		}
	}
}

// ordinary says whether the signal of a voxel that is ready can be fitted in a lane.
func (w *laneWorker) ordinary(lane int) bool {
	lanes := w.kernels.Lanes
	outOfRange := w.limits[lane]*0 != 0 // some value of z, or something computed from z, is NaN or infinite
	return checks.FitForLanes(w.seen[lane], w.seen[lanes+lane], w.seen[2*lanes+lane]) && !outOfRange
}

// settledCode returns the code that a voxel which is ready gets if it settles.
func (w *laneWorker) settledCode(lane int) kernel.Code {
	if low := w.seen[w.kernels.Lanes+lane]; low < 0 {
		return kernel.NegativeSignal
	}
	return kernel.OK
}

func empty(set []uint64) bool {
	for _, word := range set {
		if word != 0 {
			return false
		}
	}
	return true
}
