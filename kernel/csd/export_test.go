package csd

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
)

// SearchError is what rounding did in an iteration of a Mixed CSD in single precision.
type SearchError struct {
	Largest float64 // the largest error of an amplitude
	Bound   float64 // the bound of the guard
}

// SearchErrors takes voxels through their iterations in both precisions, along the sets of double precision. The result
// is empty where the instruction set has no iteration in single precision.
func SearchErrors(f kernel.Fitter, d Design, signal []float64) (errors []SearchError) {
	w := f.NewWorker().(*laneWorker)
	s, n := w.search, w.coefficients
	if s == nil {
		return nil
	}
	voxels := len(signal) / w.measurements
	b := block[float64]{w, make([]float64, voxels*n), make([]kernel.Status, voxels), signal, w.stagedFloat64, w.kernels.PackFloat64}
	r := pop(&s.unused)
	for {
		lane, ok := b.next()
		if !ok {
			return errors
		}
		b.enter(r, lane)
		w.slots.install(0, slotState{record: r}, r.z, 1, r.threshold, 1, r.first)
		s.install(0, slotState{record: r}, r.z, 1, r.threshold, r.scale, r.first)
		for again := true; again; {
			w.iterate()
			s.iterate()
			e := SearchError{Bound: s.guard.bound(s.condition[0]) * s.guard.length * math.Sqrt(float64(s.judgement(0)))}
			for row := range d.directions() {
				difference := 0.0
				for i, v := range d.B[row*n:][:n] {
					difference += v * (w.slots.y[i*w.slots.steps.Lanes]*r.scale - float64(s.y[i*s.steps.Lanes]))
				}
				e.Largest = max(e.Largest, math.Abs(difference))
			}
			errors = append(errors, e)
			if _, again = w.slots.advance(0, w.maxIterations); again {
				copy(s.below[:s.words], w.slots.below)
				w.slots.exchange(0)
				s.exchange(0)
			}
		}
	}
}
