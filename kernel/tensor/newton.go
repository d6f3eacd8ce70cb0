package tensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A newtonWorker fits tensors by NLS in eight lanes, by the Newton steps of package reftensor. Voxels get their
// ordinary fit eight at a time. Each then goes to a lane, and stays until it has settled. The next voxel then takes
// this lane. The portable code fits a voxel that does not settle soon.
type newtonWorker struct {
	*worker // fits the voxels that are handed over
	lanes   *laneFitter

	arriving, logs []ops.Lanes // those of the voxels that wait for a lane
	signal         []ops.Lanes // those of the voxels in the lanes
	u, v           []ops.Lanes // for one block of measurements
	sums           *[28]ops.Lanes
	start          *[7]ops.Lanes
	system         *ops.System
	point          *ops.Point
	extent         ops.Extent
	floor          ops.Lanes

	waiting [ops.TensorBatch]newtonSlot
	queue   []newtonSlot // what is left of waiting
	slots   [ops.TensorBatch]newtonSlot
}

// A newtonSlot is a lane and the voxel in it, or a voxel that waits for a lane.
type newtonSlot struct {
	state    newtonState
	voxel    int
	lane     int // among the arriving voxels
	negative bool
	raised   bool // a value is above zero and below MinSignal

	descent lanes.Descent[[7]float64] // in units of binary logarithms
	energy  float64                   // of the signal
	steps   int
}

type newtonState uint8

const (
	newtonIdle newtonState = iota
	newtonRunning
	newtonDone
	newtonHandedOver
)

// newtonSteps is the number of steps after which a voxel is handed over. Nine in ten need three or four.
const newtonSteps = 30

func (t *laneFitter) newNewtonWorker(portable *worker) *newtonWorker {
	w := &newtonWorker{
		worker: portable, lanes: t,
		arriving: lanes.Aligned[ops.Lanes](t.N), logs: lanes.Aligned[ops.Lanes](t.N), signal: lanes.Aligned[ops.Lanes](t.N),
		u: lanes.Aligned[ops.Lanes](block), v: lanes.Aligned[ops.Lanes](block), sums: lanes.AlignedOne[[28]ops.Lanes](),
		start: lanes.AlignedOne[[7]ops.Lanes](), system: lanes.AlignedOne[ops.System](), point: lanes.AlignedOne[ops.Point](),
	}
	for l := range w.floor {
		w.floor[l] = t.model.MinSignal
		w.system.Matrix[35][l] = 1 // there is no eighth unknown
	}
	return w
}

func (w *newtonWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitNewton(w, params, status, signal)
}

func (w *newtonWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitNewton(w, params, status, signal)
}

func fitNewton[T float32 | float64](w *newtonWorker, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("tensors", w, len(params), len(status), len(signal))
	next, n := 0, w.lanes.N
	w.queue = nil
	for l := range w.slots {
		w.slots[l].state = newtonIdle
	}
	for {
		busy := false
		for l := range w.slots {
			for w.slots[l].state == newtonIdle && (len(w.queue) > 0 || next < len(status)) {
				if len(w.queue) == 0 {
					next = prepare(w, params, status, signal, next)
					continue
				}
				w.occupy(l, &w.queue[0])
				w.queue = w.queue[1:]
			}
			busy = busy || w.slots[l].state != newtonIdle
		}
		if !busy {
			return
		}
		w.pass()
		for l := range w.slots {
			s := &w.slots[l]
			if s.state == newtonIdle || s.state == newtonRunning {
				continue
			}
			i := s.voxel
			p := params[i*parameters:][:parameters]
			if s.state == newtonHandedOver || !s.write(p, &status[i]) {
				fit(w.worker, p, status[i:i+1], signal[i*n:][:n])
			}
			w.remark(&status[i], p, s.raised)
			s.state = newtonIdle
		}
	}
}

// prepare makes the ordinary fit of up to eight voxels, from first on, and queues them. It returns the first voxel that
// it did not take. The portable code fits voxels that are not finite or all zero.
func prepare[T float32 | float64](w *newtonWorker, params []float64, status []kernel.Status, signal []T, first int) (next int) {
	t := w.lanes
	count := min(ops.TensorBatch, len(status)-first)
	lanes.Load(t.Design, w.arriving, &w.extent, signal, first, count)
	clear(w.start[:])
	t.Ordinary(&w.start[0], &w.extent.Least, &w.logs[0], &w.arriving[0], &t.ordinary[0], t.N, &w.floor)
	w.queue = w.waiting[:0]
	for l := range count {
		i := first + l
		s := newtonSlot{state: newtonRunning, voxel: i, lane: l, negative: w.extent.Least[l] < 0, energy: w.extent.Energy[l]}
		s.descent.Squares = math.Inf(1)
		finite := s.energy * 0
		for k := range s.descent.Trial {
			s.descent.Trial[k] = w.start[k][l]
			finite += s.descent.Trial[k] * 0
		}
		row := signal[i*t.N:][:t.N]
		if finite != 0 || s.energy < 1e-200 || s.energy > lanes.OrdinaryEnergy || // squares would vanish or overflow
			w.extent.Least[l] <= 0 && !reftensor.Determines(t.model.Design, row) {
			fit(w.worker, params[i*parameters:][:parameters], status[i:i+1], row)
			continue
		}
		s.raised = w.extent.Least[l] < t.model.MinSignal && below(row, t.model.MinSignal)
		w.queue = append(w.queue, s)
	}
	return first + count
}

// occupy gives a lane to a voxel.
func (w *newtonWorker) occupy(l int, s *newtonSlot) {
	w.slots[l] = *s
	least := w.floor[0]
	for i := range w.signal {
		w.signal[i][l] = max(w.arriving[i][s.lane], least)
	}
}

// pass evaluates the model at the trial point of every lane, and takes each lane one step further.
func (w *newtonWorker) pass() {
	w.evaluate()
	for l := range w.slots {
		if s := &w.slots[l]; s.state == newtonRunning {
			s.descent.Judge(w.point.Squares[l])
			if s.descent.Lost {
				s.state = newtonHandedOver
			}
			w.system.Damping[l] = s.descent.Damping.Raise
		}
	}
	w.lanes.Step(w.system)
	for l := range w.slots {
		if s := &w.slots[l]; s.state == newtonRunning && !s.descent.Damping.Again {
			s.step(w.system, l)
		}
	}
}

// evaluate makes the system of the Newton step at the trial point of every lane.
func (w *newtonWorker) evaluate() {
	t, point, system := w.lanes, w.point, w.system
	for l := range w.slots {
		s := &w.slots[l]
		for k, v := range s.descent.Trial {
			point.P[k][l] = v
		}
		point.Mix[l] = 0
		if s.descent.Damping.Exact {
			point.Mix[l] = 1
		}
	}
	clear(point.Squares[:])
	clear(w.sums[:])
	clear(system.Right[:])
	for i := 0; i < t.N; i += block {
		m := min(block, t.N-i)
		t.Tissue(&system.Right[0], &w.u[0], &w.v[0], &w.signal[i], &t.Rows[ops.DesignFields*i], m, point)
		t.NormalSums(w.sums, &w.v[0], i, m)
	}
	t.NormalMatrix(system, w.sums)
}

// step takes the step that was solved for. The last step of a fit is not evaluated, because by the quadratic model it
// lowers the sum of squares by next to nothing.
func (s *newtonSlot) step(system *ops.System, l int) {
	d := &s.descent
	if !(system.Least[l] > 1e-12) {
		if d.GoBack(!d.Damping.Exact); d.Lost {
			s.state = newtonHandedOver
		}
		return
	}
	d.Trial = d.At
	for k := range d.Trial {
		d.Trial[k] += math.Log2E * system.Solution[k][l]
	}
	s.steps++
	switch {
	case d.Damping.Raise < 1e-4 && system.Predicted[l] <= reftensor.NewtonTolerance*d.Squares+reftensor.NewtonFloor*s.energy:
		d.At, s.state = d.Trial, newtonDone
	case s.steps >= newtonSteps:
		s.state = newtonHandedOver
	default:
		d.Damping.StepOn()
	}
}

// write writes a voxel that has settled. It returns false where the parameters are not finite.
func (s *newtonSlot) write(params []float64, status *kernel.Status) (good bool) {
	sum := 0.0
	for k := range 6 {
		params[k] = math.Ln2 * s.descent.At[k]
		sum += params[k] * 0
	}
	params[6] = math.Exp2(s.descent.At[6])
	*status = kernel.Status{Code: kernel.OK, Iterations: uint16(s.steps)}
	if s.negative {
		status.Code = kernel.NegativeSignal
	}
	return sum+params[6]*0 == 0
}
