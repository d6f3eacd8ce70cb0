package csd

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// laneWorker fits voxels in slots, one in each lane. Each round takes all slots through one iteration. When a voxel has
// settled, its result is written and the next voxel takes its slot at once. So no lane waits for another, however
// different their numbers of iterations are.
//
// Nearly all voxels are fitted in this way. The portable code fits the few others from the beginning: those with a
// signal of zeros or without finite products, or with a matrix that is not positive definite.
type laneWorker struct {
	*laneFitter
	scratch *ref.CSDScratch

	// The next voxels, which are prepared together:
	stagedFloat32 []float32 // their signals, if these are not complete or not in one piece
	stagedFloat64 []float64
	packed        []float64
	seen          []float64
	arrived       []float64 // z
	unconstrained []float64 // start coefficients of the unconstrained solution
	free          []float64 // the unconstrained solution, where it was needed
	limits        []float64 // thresholds
	firstSets     []uint64
	freeSets      []uint64
	narrow        []float32 // coefficients, rounded
	first         int       // the voxel in lane 0
	ready         int       // how many there are
	taken         int       // how many have found a slot

	slots  slots[float64, float64]
	search *search // nil unless the precision is Mixed
}

func (l *laneFitter) NewWorker() kernel.Worker {
	width, t := l.kernels.Lanes, l.double
	floats := func(vectors int) []float64 { return lanes.Aligned[float64](vectors * width) }
	w := &laneWorker{
		laneFitter: l, scratch: l.ref.NewScratch(),
		stagedFloat32: make([]float32, width*l.stride()), stagedFloat64: make([]float64, width*l.stride()),
		packed: floats(l.stride()), seen: floats(3), arrived: floats(max(l.transposed.Rows, t.padded())),
		unconstrained: floats(l.start.Rows), free: floats(t.padded() + 1), limits: floats(1),
		firstSets: make([]uint64, width*t.words), freeSets: make([]uint64, width*t.words),
		narrow: lanes.Aligned[float32](l.coefficients * 2 * width),
		slots:  newSlots(t),
	}
	if l.single != nil {
		w.search = newSearch(l)
	}
	return w
}

// stride returns the length of a staged signal: that of a signal, but at least a vector.
func (l *laneFitter) stride() int { return max(l.measurements, l.kernels.Lanes) }

func (w *laneWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitLanes(w, params, status, signal, w.stagedFloat32, w.kernels.PackFloat32)
}

func (w *laneWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitLanes(w, params, status, signal, w.stagedFloat64, w.kernels.PackFloat64)
}

// iterate solves for the coefficients in all slots and finds the directions that are now below the
// thresholds.
func (w *laneWorker) iterate() {
	w.slots.solveAll()
	w.findBelow(w.slots.below, w.slots.y, w.slots.thresholds, w.coefficients)
}

// findBelow finds the directions whose amplitude from the first n coefficients is below the threshold,
// in all lanes.
func (w *laneWorker) findBelow(sets []uint64, f, thresholds []float64, n int) {
	t := w.double
	skip := (t.amplitudes.Columns - n) * w.kernels.Panel * 8
	rows, matrix := &w.slots.rowMasks[0], &t.amplitudes.Data[0]
	if r := w.rounded; r != nil {
		w.kernels.BelowRounded(&sets[0], rows, matrix, &r.amplitudes.Data[0], &f[0], &w.narrow[0], &thresholds[0], &r.errors[0], t.amplitudes.Count, n, skip, t.words)
	} else {
		w.kernels.Below(&sets[0], rows, matrix, &f[0], &thresholds[0], t.amplitudes.Count, n, skip, t.words)
	}
	t.clearBeyond(sets)
}
