package csd

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
)

// InDoubleAlone returns a CSD fitter that compares all amplitudes with thresholds in double precision. It returns false
// where the given one does so already.
func InDoubleAlone(f kernel.Fitter) (kernel.Fitter, bool) {
	l, ok := f.(*laneFitter)
	if !ok || l.rounded == nil {
		return f, false
	}
	alone := *l
	alone.rounded = nil
	return &alone, true
}

// ComparedRounded says how amplitudes compare with thresholds in single precision, over all iterations of a fit.
type ComparedRounded struct {
	Errors        []SearchError // the largest of each voxel in each iteration
	Batches       int           // iterations of all lanes
	BatchesAgain  int           // those in which a panel was in doubt
	PanelsAgain   int
	PanelsInBatch int
}

// CompareRounded fits voxels and records each comparison.
func CompareRounded(f kernel.Fitter, signal []float64) (c ComparedRounded) {
	w := f.NewWorker().(*laneWorker)
	voxels := len(signal) / w.measurements
	b := block[float64]{w, make([]float64, voxels*w.coefficients), make([]kernel.Status, voxels), signal, w.stagedFloat64, w.kernels.PackFloat64}
	c.PanelsInBatch = w.rounded.amplitudes.Count
	for slot := range w.slots.voxels {
		b.refill(slot)
	}
	for {
		live, again := 0, make([]bool, c.PanelsInBatch)
		w.iterate()
		for slot, v := range w.slots.voxels {
			if v.voxel < 0 {
				continue
			}
			live++
			c.Errors = append(c.Errors, w.roundingErrors(slot, again))
			if b.conclude(slot) {
				b.refill(slot)
			}
		}
		if live == 0 {
			return c
		}
		panels := 0
		for _, a := range again {
			if a {
				panels++
			}
		}
		c.Batches++
		c.PanelsAgain += panels
		c.BatchesAgain += min(panels, 1)
	}
}

// roundingErrors does what BelowRounded does in one lane.
func (w *laneWorker) roundingErrors(slot int, again []bool) (e SearchError) {
	n, size, square := w.coefficients, w.kernels.Panel, 0.0
	rounded := w.kernels.RoundedPanel
	f := make([]float64, n)
	for i := range f {
		f[i] = w.slots.y[i*w.kernels.Lanes+slot]
		square += float64(f[i] * f[i])
	}
	threshold := w.slots.thresholds[slot]
	e.Bound = w.rounded.errors[0]*math.Sqrt(square) + w.rounded.errors[1]*math.Abs(threshold) + 0x1p-100
	for r := range w.rounded.amplitudes.Rows {
		sum, exact := -float32(threshold), 0.0
		for k, v := range f {
			sum = float32(math.FMA(float64(w.rounded.amplitudes.Data[(r/rounded*n+k)*rounded+r%rounded]), float64(float32(v)), float64(sum)))
			if r < w.double.directions {
				exact = math.FMA(w.double.amplitudes.Data[(r/size*n+k)*size+r%size], v, exact)
			}
		}
		if r < w.double.directions {
			e.Largest = max(e.Largest, math.Abs(float64(sum)-(exact-threshold)))
		}
		if !(math.Abs(float64(sum)) > e.Bound) {
			again[r/rounded] = true
		}
	}
	return e
}
