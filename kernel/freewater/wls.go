package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// gridWorker fits free water by WLS. With Mixed precision, voxels come sixteen at a time: a gridBatch finds the
// fraction of most of them, and one solution in double precision gives their tensors. The others, and all voxels with
// Double precision, are searched in double precision, in eight lanes. Each lane searches the fraction of its voxel, and
// all searches share the evaluation of the objective. A lane whose search has ended takes the next voxel.
type gridWorker struct {
	*laneWorker
	searching *ops.System // the factors of the voxels in the slots
	found     [ops.TensorBatch]gridSlot
	lane      int // the lane whose search is being told values

	halves       [2]gridHalf
	batch        *gridBatch   // nil with Double
	level        *levelResult // of the batch
	waiting      []gridStart  // voxels that wait for a lane
	space        [ops.TensorBatchSingle]gridStart
	rough        []roughVoxel
	roughFloat32 []float32 // for the signals of a lot of rough voxels
	roughFloat64 []float64
}

// A gridSlot is a lane and the voxel whose fraction is searched in it.
type gridSlot struct {
	busy bool
	preparedVoxel
	gridSearch
	final bool // the evaluation under way is that of the result
}

// A gridHalf is eight voxels: their signals and the factors of their normal matrices.
type gridHalf struct {
	signal []ops.Lanes
	system *ops.System
}

// A gridStart is a voxel of a half, and the place where its search in double precision begins.
type gridStart struct {
	preparedVoxel
	half int
	at   searchPlace
}

// A roughVoxel waits for the next level, because water uses up some of its measurements near the best fraction of the
// level before.
type roughVoxel struct {
	voxel        int
	tenth        float64 // the best fraction of the first level
	centre, step float64 // of the level that is done
}

func (f *laneFitter) newGridWorker(portable *worker) *gridWorker {
	w := &gridWorker{laneWorker: f.newWorker(portable), searching: lanes.AlignedOne[ops.System]()}
	w.halves[0] = gridHalf{w.arriving, w.system}
	if f.grid != nil {
		w.halves[1] = gridHalf{lanes.Aligned[ops.Lanes](f.N), lanes.AlignedOne[ops.System]()}
		w.batch = newGridBatch(f.grid, [2]*ops.System{w.halves[0].system, w.halves[1].system})
		w.level = new(levelResult)
		w.rough = make([]roughVoxel, 0, 4*ops.TensorBatchSingle) // each voxel of a lot, and of all lanes, may join a queue that is less than a lot
		w.roughFloat32, w.roughFloat64 = make([]float32, ops.TensorBatchSingle*f.N), make([]float64, ops.TensorBatchSingle*f.N)
	}
	return w
}

func (w *gridWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitGrid(w, w.roughFloat32, params, status, signal)
}

func (w *gridWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitGrid(w, w.roughFloat64, params, status, signal)
}

func fitGrid[T float32 | float64](w *gridWorker, room []T, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("free water", w, len(params), len(status), len(signal))
	for l := range w.found {
		w.found[l].busy = false
	}
	w.waiting, w.rough = nil, w.rough[:0]
	next := 0
	for {
		busy := 0
		for l := range w.found {
			slot := &w.found[l]
			if !slot.busy {
				for len(w.waiting) == 0 && (next < len(status) || len(w.rough) >= ops.TensorBatchSingle) {
					next = prepareGrid(w, room, params, status, signal, next)
				}
				if len(w.waiting) > 0 {
					w.search(l, &w.waiting[0])
					w.waiting = w.waiting[1:]
				}
			}
			if slot.busy {
				busy++
			}
		}
		if busy == 0 {
			if len(w.rough) == 0 {
				return
			}
			prepareRough(w, room, params, status, signal)
			continue
		}
		w.evaluateGrid()
		for l := range w.found {
			slot := &w.found[l]
			if !slot.busy {
				continue
			}
			i := slot.voxel
			if slot.final {
				slot.busy = false
				if !w.write(params, status, &slot.preparedVoxel, slot.fraction, w.searching, l) {
					handOver(w.laneWorker, params, status, signal, i)
				}
				continue
			}
			w.lane = l
			slot.tell(w.point.Squares[l], w)
			switch slot.state {
			case searchFound:
				slot.final = true
			case searchLeft:
				slot.busy = false
				w.rough = append(w.rough, roughVoxel{i, slot.tenth, slot.centre, slot.step})
			case searchLost:
				slot.busy = false
				handOver(w.laneWorker, params, status, signal, i)
			}
		}
	}
}

// search gives a lane to a voxel.
func (w *gridWorker) search(l int, v *gridStart) {
	slot, half := &w.found[l], &w.halves[v.half]
	slot.busy, slot.final, slot.preparedVoxel = true, false, v.preparedVoxel
	for i := range w.signal {
		w.signal[i][l] = half.signal[i][v.lane]
	}
	for k := range half.system.Lower {
		w.searching.Lower[k][l] = half.system.Lower[k][v.lane]
	}
	for k := range half.system.Inverse {
		w.searching.Inverse[k][l] = half.system.Inverse[k][v.lane]
	}
	w.lane = l
	slot.begin(&v.at, w)
}

// evaluateGrid computes the sum of squares of every lane's fit, with the fraction that its search asks for.
func (w *gridWorker) evaluateGrid() {
	for l := range w.found {
		slot := &w.found[l]
		fraction := 0.0
		switch {
		case slot.busy && slot.final:
			fraction = slot.fraction
		case slot.busy:
			fraction = slot.next()
		}
		w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = fraction*slot.s0, 0, w.lanes.model.MinSignal
	}
	w.linearMisfit(w.searching, w.signal)
}

// isSmooth says that water uses up no measurement of the lane's voxel between two fractions.
func (w *gridWorker) isSmooth(low, high float64) bool {
	s0 := w.found[w.lane].s0
	low, high = (low-reftensor.ClipMargin)*s0, (high+reftensor.ClipMargin)*s0
	rows := w.lanes.Rows
	for i := range w.signal {
		s, water := w.signal[i][w.lane], rows[ops.DesignFields*i+7]
		if s > low*water && s < high*water {
			return false
		}
	}
	return true
}

// write writes the result of one lane of a system that was solved for a fraction. S0 is what the fit predicts without
// diffusion weighting: the tissue's part plus f times the mean b0 signal.
func (w *gridWorker) write(params []float64, status []kernel.Status, v *preparedVoxel, fraction float64, system *ops.System, l int) (good bool) {
	p := params[v.voxel*parameters:][:parameters]
	sum := 0.0
	for k := range 6 {
		p[k] = math.Ln2 * system.Solution[k][l]
		sum += p[k] * 0
	}
	p[7] = fraction
	p[6] = math.Exp2(system.Solution[6][l]) + fraction*v.s0
	status[v.voxel] = kernel.Status{Code: kernel.OK}
	switch {
	case !reftensor.NotNegative((*[6]float64)(p)):
		status[v.voxel].Code = kernel.NegativeEigenvalue
	case v.negative:
		status[v.voxel].Code = kernel.NegativeSignal
	}
	return sum+p[6]*0 == 0
}
