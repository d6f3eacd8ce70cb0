package kernel

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// tensorLanes fits tensors by WLS eight voxels at a time. A voxel whose weights nearly leave the tensor
// undetermined, or that has a value that is not finite, is fitted by the portable code.
type tensorLanes struct {
	*laneDesign
	model    *ref.Tensor
	ordinary []float64 // n x 8: from logarithms to the ordinary fit
}

func newTensorLanes(kernels *ops.Tensor, model *ref.Tensor) *tensorLanes {
	t := &tensorLanes{laneDesign: newLaneDesign(kernels, model.Design, nil), model: model}
	t.ordinary = laneTable(t.n, 8, func(i int, row []float64) { copy(row, model.Ordinary()[7*i:7*i+7]) })
	return t
}

// tensorLanesWorker is the memory of one worker.
type tensorLanesWorker struct {
	*tensorWorker // for voxels that are handed over
	lanes         *tensorLanes
	signal, logs  []ops.Lanes
	extent        ops.Extent
	u, v          []ops.Lanes // of one block of measurements
	sums          []ops.Lanes
	system        *ops.System
	point         *ops.Point
	rest          ops.Rest
}

func (t *tensorLanes) newWorker(portable *tensorWorker) *tensorLanesWorker {
	w := &tensorLanesWorker{
		tensorWorker: portable, lanes: t,
		signal: alignedLanes(t.n), logs: alignedLanes(t.n),
		u: alignedLanes(laneBlock), v: alignedLanes(laneBlock),
		sums: alignedLanes(28), system: alignedSystem(), point: alignedPoint(),
	}
	for l := range w.rest.Cut {
		w.rest.Cut[l], w.rest.Floor[l] = t.model.MinSignal, t.model.MinSignal
	}
	return w
}

func (w *tensorLanesWorker) Fit(params []float64, status []Status, signal []float32) {
	fitTensorLanes(w, params, status, signal)
}

func (w *tensorLanesWorker) Fit64(params []float64, status []Status, signal []float64) {
	fitTensorLanes(w, params, status, signal)
}

func fitTensorLanes[T float32 | float64](w *tensorLanesWorker, params []float64, status []Status, signal []T) {
	checkLengths("tensors", w, len(params), len(status), len(signal))
	n := w.lanes.n
	for first := 0; first < len(status); first += ops.TensorLanes {
		count := min(ops.TensorLanes, len(status)-first)
		loadLanes(w.lanes.laneDesign, w.signal, &w.extent, signal, first, count)
		w.reweighted()
		for l := range count {
			i := first + l
			p := params[i*tensorParameters:][:tensorParameters]
			least, most := w.extent.Least[l], w.extent.Most[l]
			anything := (least != 0 || most != 0) && least >= -math.MaxFloat64
			if !anything || !w.write(p, l) {
				fitTensors(w.tensorWorker, p, status[i:i+1], signal[i*n:][:n])
				continue
			}
			status[i] = Status{Code: OK}
			if least < 0 {
				status[i].Code = NegativeSignal
			}
		}
	}
}

// reweighted makes the ordinary fit and then the one whose weights are the squares of the signal
// that it predicts, over that at b = 0.
func (w *tensorLanesWorker) reweighted() {
	t, point, system := w.lanes, w.point, w.system
	t.Logarithms(&w.logs[0], &w.signal[0], &t.rows[0], t.n, &w.rest)
	clear(point.P[:])
	t.Sums7(&point.P[0], &t.ordinary[0], &w.logs[0], t.n)
	for k := range 6 {
		for l := range ops.TensorLanes {
			point.P[k][l] *= 2
		}
	}
	point.P[6] = ops.Lanes{}
	sums := (*[28]ops.Lanes)(w.sums)
	clear(w.sums)
	clear(system.Right[:])
	for i := 0; i < t.n; i += laneBlock {
		m := min(laneBlock, t.n-i)
		t.Weights(&w.u[0], &w.v[0], &w.logs[i], &t.rows[ops.DesignFields*i], m, point)
		t.project(&system.Right[0], &w.u[0], i, m)
		t.normalSums(sums, &w.v[0], i, m)
	}
	t.normalMatrix(system, sums)
	t.Factor(system)
	t.Solve(system)
}

// steepLanes is the ratio of pivot to diagonal element below which normal equations may lose more than
// six digits: the portable code, which refines its solution, then takes over.
const steepLanes = 1e-6

// write writes one lane's parameters; it is false when they are not good.
func (w *tensorLanesWorker) write(params []float64, l int) (good bool) {
	if !(w.system.Least[l] > steepLanes) {
		return false
	}
	sum := 0.0
	for k := range 6 {
		params[k] = math.Ln2 * w.system.Solution[k][l]
		sum += params[k] * 0
	}
	params[6] = math.Exp2(w.system.Solution[6][l])
	return sum+params[6]*0 == 0
}
