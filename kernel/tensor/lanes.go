package tensor

import (
	"math"

	"github.com/voxfit/voxfit/internal/magnitude"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// laneFitter fits tensors eight voxels at a time. The portable code fits a voxel whose weights nearly leave the tensor
// undetermined, or that has a value that is not finite.
type laneFitter struct {
	*lanes.Design
	model    *reftensor.Tensor
	ordinary []float64 // n x 8: times the logarithms, summed up, it gives the ordinary fit
}

// newLaneFitter returns nil where the conditions of the kernels do not hold.
func newLaneFitter(kernels *ops.Tensor, model *reftensor.Tensor) *laneFitter {
	if kernels == nil || model.Method != reftensor.IWLS && model.MinSignal < leastNormal {
		return nil
	}
	t := &laneFitter{Design: lanes.NewDesign(kernels, model.Design, nil), model: model}
	t.ordinary = lanes.Table(t.N, 8, func(i int, row []float64) { copy(row, model.Ordinary()[7*i:7*i+7]) })
	return t
}

// leastNormal is the smallest number of which the kernels take logarithms.
const leastNormal = 0x1p-1022

// block is how many measurements are in a block. It is larger than lanes.Block, because these fits keep less for the
// next step.
const block = 96

// laneWorker is the memory of one worker.
type laneWorker struct {
	*worker  // fits the voxels that are handed over
	lanes    *laneFitter
	values   []ops.Lanes // signals; then, in their place, logarithms
	extent   ops.Extent
	u, v     []ops.Lanes // for one block of measurements
	sums     *[28]ops.Lanes
	system   *ops.System
	solution *[7]ops.Lanes // the last fit, in units of binary logarithms
	slopes   *[6]ops.Lanes // the exponents of the weights are the design times these
	rest     ops.Rest
	s0       ops.Lanes // S0 of the last fit
	ratio    ops.Lanes // the least ratio of a pivot to its diagonal element in all fits
}

func (t *laneFitter) newWorker(portable *worker) kernel.Worker {
	if t.model.Method == reftensor.NLS {
		return t.newNewtonWorker(portable)
	}
	w := &laneWorker{
		worker: portable, lanes: t, values: lanes.Aligned[ops.Lanes](t.N),
		u: lanes.Aligned[ops.Lanes](block), v: lanes.Aligned[ops.Lanes](block), sums: lanes.AlignedOne[[28]ops.Lanes](), system: lanes.AlignedOne[ops.System](),
		solution: lanes.AlignedOne[[7]ops.Lanes](), slopes: lanes.AlignedOne[[6]ops.Lanes](),
	}
	for l := range w.rest.Floor {
		w.rest.Floor[l] = t.model.MinSignal
	}
	return w
}

func (w *laneWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitLanes(w, params, status, signal, false)
}

func (w *laneWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitLanes(w, params, status, signal, true)
}

// fitLanes fits voxels. wide says that values may be too large for single precision.
func fitLanes[T float32 | float64](w *laneWorker, params []float64, status []kernel.Status, signal []T, wide bool) {
	checks.Lengths("tensors", w, len(params), len(status), len(signal))
	n := w.lanes.N
	for first := 0; first < len(status); first += ops.TensorBatch {
		count := min(ops.TensorBatch, len(status)-first)
		lanes.Pack(w.lanes.Design, w.values, signal, first, count)
		if wide {
			w.fitWide()
		} else {
			w.fit()
		}
		w.lanes.Exp2(&w.s0, &w.solution[6], 1)
		for l := range count {
			i := first + l
			p, row := params[i*parameters:][:parameters], signal[i*n:][:n]
			least := w.extent.Least[l]
			if !w.usable(l) || least <= 0 && !reftensor.Determines(w.lanes.model.Design, row) || !w.write(p, l) {
				fit(w.worker, p, status[i:i+1], row)
				continue
			}
			status[i] = kernel.Status{Code: kernel.OK}
			if w.lanes.model.Method == reftensor.IWLS {
				status[i].Iterations = uint16(w.lanes.model.Iterations)
			}
			if least < 0 {
				status[i].Code = kernel.NegativeSignal
			}
			w.remark(&status[i], p, least < w.lanes.model.MinSignal && below(row, w.lanes.model.MinSignal))
		}
	}
}

// fitWide is fit for values that may be too large for single precision. The portable code then fits the voxel.
func (w *laneWorker) fitWide() {
	w.extent = ops.Extent{Least: w.values[0], Most: w.values[0]}
	w.lanes.Range(&w.extent, &w.values[0], w.lanes.N)
	most := w.extent.Most
	w.fit()
	for l := range most {
		if most[l] >= magnitude.Limit {
			w.ratio[l] = 0
		}
	}
}

// fit fits the voxels whose signals are in values.
func (w *laneWorker) fit() {
	for l := range w.ratio {
		w.ratio[l] = 1
	}
	switch model := w.lanes.model; model.Method {
	case reftensor.IWLS:
		w.iterated()
	case reftensor.OLS:
		w.fitOrdinary()
	default:
		w.fitOrdinary()
		w.reweight()
	}
}

// fitOrdinary fits with the same weight for all measurements.
func (w *laneWorker) fitOrdinary() {
	t := w.lanes
	clear(w.solution[:])
	w.extent.Least = w.values[0]
	t.Ordinary(&w.solution[0], &w.extent.Least, &w.values[0], &w.values[0], &t.ordinary[0], t.N, &w.rest.Floor)
}

// iterated makes iteratively reweighted least-squares fits, as package reftensor does.
func (w *laneWorker) iterated() {
	t := w.lanes
	w.extent = ops.Extent{Least: w.values[0], Most: w.values[0]}
	t.Range(&w.extent, &w.values[0], t.N)
	for l, most := range w.extent.Most {
		if !(most > 1e-300) || !(most < 1e300) {
			w.ratio[l], most = 0, 1 // the portable code fits it
		}
		w.rest.C[l], w.rest.Floor[l] = 1/most, 1e-6*most
	}
	if t.model.Uniform {
		w.fitOrdinary()
	} else {
		w.fitSquares()
	}
	for range t.model.Iterations {
		w.reweight()
	}
}

// fitSquares fits with the squares of the signal as weights.
func (w *laneWorker) fitSquares() {
	t := w.lanes
	clear(w.sums[:])
	clear(w.system.Right[:])
	for i := 0; i < t.N; i += block {
		m := min(block, t.N-i)
		t.SquaredWeights(&w.u[0], &w.v[0], &w.values[i], &w.values[i], m, &w.rest)
		t.Project(&w.system.Right[0], &w.u[0], i, m)
		t.NormalSums(w.sums, &w.v[0], i, m)
	}
	w.solve()
}

// reweight fits with weights from the last fit: the squares of the signal that it predicts, over that at b = 0.
func (w *laneWorker) reweight() {
	t := w.lanes
	for k := range w.slopes {
		for l, p := range w.solution[k] {
			w.slopes[k][l] = 2 * p
		}
	}
	clear(w.sums[:])
	clear(w.system.Right[:])
	for i := 0; i < t.N; i += block {
		m := min(block, t.N-i)
		t.Reweight(&w.system.Right[0], &w.u[0], &w.v[0], &w.values[i], &t.Rows[ops.DesignFields*i], m, &w.slopes[0])
		t.NormalSums(w.sums, &w.v[0], i, m)
	}
	w.solve()
}

// solve solves the normal equations.
func (w *laneWorker) solve() {
	t := w.lanes
	t.NormalMatrix(w.system, w.sums)
	t.Factor(w.system)
	t.Solve(w.system)
	copy(w.solution[:], w.system.Solution[:7])
	for l, ratio := range w.system.Least {
		w.ratio[l] = min(w.ratio[l], ratio) // NaN stays
	}
}

// steepLanes is the least ratio of a pivot to its diagonal element. Below it normal equations may lose more than five
// digits, and reweighting may multiply this loss. The portable code, which refines its solution, then takes over.
const steepLanes = 1e-5

// usable says whether a lane's fit may be taken. Only the least value shows a -Inf, because its logarithm is that of
// the floor.
func (w *laneWorker) usable(l int) bool {
	return w.ratio[l] > steepLanes && w.extent.Least[l] > -magnitude.Limit
}

// write writes the parameters of one lane. It returns false where they are not finite.
func (w *laneWorker) write(params []float64, l int) (good bool) {
	params[6] = w.s0[l]
	sum := params[6] * 0
	for k := range 6 {
		params[k] = math.Ln2 * w.solution[k][l]
		sum += params[k] * 0
	}
	return sum == 0
}
