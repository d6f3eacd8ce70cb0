package nnls

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
)

// LowRankErrors compares A^T y, as a fitter of SFM computes it in low rank and single precision, with that of double
// precision. For each voxel that single precision can hold, it returns the largest difference, and the largest error
// that the solver assumes. The result is empty where the fitter has full rank.
func LowRankErrors(f kernel.Fitter, signal []float64) (found, possible []float64) {
	l, ok := f.(*laneFitter)
	if !ok || len(l.projector.products) == 1 {
		return nil, nil
	}
	w := l.NewWorker().(*laneWorker)
	for ; len(signal) > 0; signal = signal[l.measurements:] {
		surveyVoxel(w, 0, signal[:l.measurements], w.stagedFloat64, w.steps.SurveyFloat64)
		w.projectBlock()
		about := w.inspect(w.sums[:surveyVectors*w.steps.Lanes])
		if !(about.gross > signalLeast && about.gross < signalMost) {
			continue // single precision is not used
		}
		w.signal, w.mean = w.signalsDouble[:w.length], about.mean
		worst := 0.0
		for j := range l.unknowns {
			worst = max(worst, math.Abs(w.Product(j)-w.correction(j)-float64(w.projected(0)[j])))
		}
		found, possible = append(found, worst), append(possible, w.projector.bound(math.Sqrt(about.gross), about.energy))
	}
	return found, possible
}

// LostSignals returns signals of which low rank loses most of A^T y: one for each unknown, around a level.
func LostSignals(f kernel.Fitter, level float64) []float64 {
	l, ok := f.(*laneFitter)
	if !ok || len(l.projector.products) == 1 {
		return nil
	}
	there, back, block := &l.projector.products[0], &l.projector.products[1], l.steps.BlockUnknowns*l.steps.Singles
	at := func(p *projection[float32], row, column int) float64 {
		return float64(p.matrix[(row/block*p.values+column)*block+row%block])
	}
	signals := make([]float64, l.unknowns*l.measurements)
	for j := range l.unknowns {
		signal, largest := signals[j*l.measurements:][:l.measurements], 0.0
		for i, v := range l.rows[j*l.length:][:l.values] {
			for k := range back.values {
				v -= at(back, j, k) * at(there, k, i)
			}
			signal[i], largest = v, max(largest, math.Abs(v))
		}
		for i := range signal {
			signal[i] = level * (1 + signal[i]/(2*largest))
		}
	}
	return signals
}
