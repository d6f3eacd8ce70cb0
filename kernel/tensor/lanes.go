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

// laneFitter fits tensors eight voxels at a time. A voxel whose weights nearly leave the tensor
// undetermined, or that has a value that is not finite, is fitted by the portable code.
type laneFitter struct {
	*lanes.Design
	model    *reftensor.Tensor
	ordinary []float64 // n x 8: from logarithms to the ordinary fit
}

// newLaneFitter is nil where the kernels' conditions do not hold.
func newLaneFitter(kernels *ops.Tensor, model *reftensor.Tensor) *laneFitter {
	if kernels == nil || model.Method != reftensor.IWLS && model.MinSignal < leastNormal {
		return nil
	}
	t := &laneFitter{Design: lanes.NewDesign(kernels, model.Design, nil), model: model}
	t.ordinary = lanes.Table(t.N, 8, func(i int, row []float64) { copy(row, model.Ordinary()[7*i:7*i+7]) })
	return t
}

// leastNormal is the least number that the kernels' logarithms take.
const leastNormal = 0x1p-1022

// block is lanes.Block for fits that keep less for the next step.
const block = 96

// laneWorker is the memory of one worker.
type laneWorker struct {
	*worker  // for voxels that are handed over
	lanes    *laneFitter
	values   []ops.Lanes // signals, then in their place logarithms
	extent   ops.Extent
	u, v     []ops.Lanes // of one block of measurements
	sums     *[28]ops.Lanes
	system   *ops.System
	solution *[7]ops.Lanes // of the last fit, in units of binary logarithms
	slopes   *[6]ops.Lanes // the exponents of weights, over the design
	rest     ops.Rest
	s0       ops.Lanes // of the solution
	ratio    ops.Lanes // the least of pivot over diagonal element of all fits
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

// fitLanes fits voxels; wide values may be too large for single precision.
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

// fitWide is fit, and leaves voxels with values too large for single precision to the portable code.
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

// fitOrdinary gives all measurements the same weight.
func (w *laneWorker) fitOrdinary() {
	t := w.lanes
	clear(w.solution[:])
	w.extent.Least = w.values[0]
	t.Ordinary(&w.solution[0], &w.extent.Least, &w.values[0], &w.values[0], &t.ordinary[0], t.N, &w.rest.Floor)
}

// iterated is iteratively reweighted least squares, as package reftensor has it.
func (w *laneWorker) iterated() {
	t := w.lanes
	w.extent = ops.Extent{Least: w.values[0], Most: w.values[0]}
	t.Range(&w.extent, &w.values[0], t.N)
	for l, most := range w.extent.Most {
		if !(most > 1e-300) || !(most < 1e300) {
			w.ratio[l], most = 0, 1 // for the portable code
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

// fitSquares has the squares of the signal as weights.
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

// reweight has the squares of the signal that the last fit predicts as weights, over that at b = 0.
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

// steepLanes is the ratio of pivot to diagonal element below which normal equations may lose more than
// five digits, which reweighting may multiply: the portable code, which refines its solution, then takes over.
const steepLanes = 1e-5

// usable says whether a lane's fit may be taken. A value that is -Inf has been raised to the floor: only the least
// of them tells.
func (w *laneWorker) usable(l int) bool {
	return w.ratio[l] > steepLanes && w.extent.Least[l] > -magnitude.Limit
}

// write writes one lane's parameters; it is false when they are not finite.
func (w *laneWorker) write(params []float64, l int) (good bool) {
	params[6] = w.s0[l]
	sum := params[6] * 0
	for k := range 6 {
		params[k] = math.Ln2 * w.solution[k][l]
		sum += params[k] * 0
	}
	return sum == 0
}
