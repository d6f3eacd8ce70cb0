package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// FractionNorms evaluates the weighted linear fit of up to sixteen voxels with one fraction of water, a multiple of
// 0.1. It returns the norm of the differences of signal and fit, in single and in double precision, over S0, and the
// error that the search assumes for the first. Voxels that are not fitted in lanes have NaN.
func FractionNorms(f kernel.Fitter, signal []float64, fraction float64) (single, double, bound [ops.TensorBatchSingle]float64) {
	w := f.NewWorker().(*gridWorker)
	count := len(signal) / f.Measurements()
	params, status := make([]float64, count*parameters), make([]kernel.Status, count)
	var lot lot
	loadLot(w, &lot, params, status, signal, 0, false)
	for l := range w.level.fractions {
		w.level.fractions[l][0], w.level.step[l] = fraction, 0.1
	}
	w.batch.evaluate(w.level, 1)
	for h, half := range w.halves {
		for l := range ops.TensorBatch {
			v := &lot.voxels[h*ops.TensorBatch+l]
			w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = fraction*v.s0, 0, w.lanes.model.MinSignal
		}
		squares := w.linearMisfit(half.system, half.signal)
		for l := range ops.TensorBatch {
			i := h*ops.TensorBatch + l
			single[i], double[i], bound[i] = math.NaN(), math.NaN(), math.NaN()
			if lot.used[i] {
				single[i] = w.level.norms[i][0] / w.batch.s0[i]
				double[i] = math.Sqrt(squares[l]) / lot.voxels[i].s0
				bound[i] = w.level.off[i]/w.batch.s0[i] + fitRoundings*single[i]
			}
		}
	}
	return single, double, bound
}
