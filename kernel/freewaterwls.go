package kernel

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// fractionLanesWorker fits free water by WLS. With Mixed precision voxels come sixteen at a time: a
// fractionBatch finds the fraction of most of them, and one solution in double precision gives their tensors.
// The others, and with Double precision all, are searched in double precision, in eight lanes: each lane
// has a search for the fraction of its voxel, and all searches share the evaluation of the objective. A lane
// whose search has ended takes the next voxel.
type fractionLanesWorker struct {
	*freeWaterLanesWorker
	searching *ops.System // the factors of the voxels in the slots
	found     [ops.TensorLanes]fractionSlot
	lane      int // whose search is being told

	halves  [2]fractionHalf
	batch   *fractionBatch  // nil: Double
	level   *singleLevel    // of the batch
	waiting []fractionStart // those that still wait for a lane
	space   [ops.TensorLanes32]fractionStart
	rough   []roughVoxel
	rough32 []float32 // signals of a lot of those
	rough64 []float64
}

// A fractionSlot is a lane with the voxel whose fraction is searched in it.
type fractionSlot struct {
	busy bool
	preparedVoxel
	fractionSearch
	final bool // the evaluation that is under way is that of the result
}

// A fractionHalf is eight voxels: their signals and the factors of their normal matrices.
type fractionHalf struct {
	signal []ops.Lanes
	system *ops.System
}

// A fractionStart is a voxel of a half and where its search in double precision begins.
type fractionStart struct {
	preparedVoxel
	half int
	at   searchPlace
}

// A roughVoxel is one with measurements that are used up near the best fraction of a level: it waits for the
// next level.
type roughVoxel struct {
	voxel        int
	tenth        float64 // the best fraction of the first level
	centre, step float64 // of the level that is done
}

func (f *freeWaterLanes) newFractionWorker(portable *freeWaterWorker) *fractionLanesWorker {
	w := &fractionLanesWorker{freeWaterLanesWorker: f.newWorker(portable), searching: alignedOne[ops.System]()}
	w.halves[0] = fractionHalf{w.arriving, w.system}
	if f.fraction != nil {
		w.halves[1] = fractionHalf{aligned[ops.Lanes](f.n), alignedOne[ops.System]()}
		w.batch = newFractionBatch(f.fraction, [2]*ops.System{w.halves[0].system, w.halves[1].system})
		w.level = new(singleLevel)
		w.rough = make([]roughVoxel, 0, 4*ops.TensorLanes32) // a lot and all lanes may join what is less than a lot
		w.rough32, w.rough64 = make([]float32, ops.TensorLanes32*f.n), make([]float64, ops.TensorLanes32*f.n)
	}
	return w
}

func (w *fractionLanesWorker) Fit(params []float64, status []Status, signal []float32) {
	fitFractionLanes(w, w.rough32, params, status, signal)
}

func (w *fractionLanesWorker) Fit64(params []float64, status []Status, signal []float64) {
	fitFractionLanes(w, w.rough64, params, status, signal)
}

func fitFractionLanes[T float32 | float64](w *fractionLanesWorker, room []T, params []float64, status []Status, signal []T) {
	checkLengths("free water", w, len(params), len(status), len(signal))
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
				for len(w.waiting) == 0 && (next < len(status) || len(w.rough) >= ops.TensorLanes32) {
					next = prepareFractions(w, room, params, status, signal, next)
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
		w.evaluateFractions()
		for l := range w.found {
			slot := &w.found[l]
			if !slot.busy {
				continue
			}
			i := slot.voxel
			if slot.final {
				slot.busy = false
				if !w.write(params, status, &slot.preparedVoxel, slot.fraction, w.searching, l) {
					handOver(w.freeWaterLanesWorker, params, status, signal, i)
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
				handOver(w.freeWaterLanesWorker, params, status, signal, i)
			}
		}
	}
}

// search gives a lane to a voxel.
func (w *fractionLanesWorker) search(l int, v *fractionStart) {
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

// evaluateFractions computes the sum of squares of every lane's fit with the fraction that is asked
// for.
func (w *fractionLanesWorker) evaluateFractions() {
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

// smooth says whether no measurement of the lane's voxel is used up by water between two fractions.
func (w *fractionLanesWorker) smooth(low, high float64) bool {
	s0 := w.found[w.lane].s0
	low, high = (low-ref.ClipMargin)*s0, (high+ref.ClipMargin)*s0
	rows := w.lanes.rows
	for i := range w.signal {
		s, water := w.signal[i][w.lane], rows[ops.DesignFields*i+7]
		if s > low*water && s < high*water {
			return false
		}
	}
	return true
}

// write writes the result of one lane of a system that was solved for a fraction. S0 is what the fit predicts without
// diffusion weighting: the tissue's part, and the fraction of the mean b0 signal.
func (w *fractionLanesWorker) write(params []float64, status []Status, v *preparedVoxel, fraction float64, system *ops.System, l int) (good bool) {
	p := params[v.voxel*freeWaterParameters:][:freeWaterParameters]
	sum := 0.0
	for k := range 6 {
		p[k] = math.Ln2 * system.Solution[k][l]
		sum += p[k] * 0
	}
	p[7] = fraction
	p[6] = math.Exp2(system.Solution[6][l]) + fraction*v.s0
	status[v.voxel] = Status{Code: OK}
	switch {
	case !ref.NotNegative((*[6]float64)(p)):
		status[v.voxel].Code = NegativeEigenvalue
	case v.negative:
		status[v.voxel].Code = NegativeSignal
	}
	return sum+p[6]*0 == 0
}
