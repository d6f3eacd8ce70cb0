package kernel

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// fractionLanesWorker fits free water by WLS eight voxels at a time: each lane has a search for the
// fraction of its voxel, and all searches share the evaluation of the objective. A lane whose
// search has ended takes the next voxel.
type fractionLanesWorker struct {
	*freeWaterLanesWorker
	searching *ops.System // the factors of the voxels in the slots
	found     [ops.TensorLanes]fractionSlot
	lane      int // whose search is being told
}

// A fractionSlot is a lane with the voxel whose fraction is searched in it.
type fractionSlot struct {
	busy bool
	preparedVoxel
	fractionSearch
	final bool // the evaluation that is under way is that of the result
}

func (f *freeWaterLanes) newFractionWorker(portable *freeWaterWorker) *fractionLanesWorker {
	return &fractionLanesWorker{freeWaterLanesWorker: f.newWorker(portable), searching: alignedSystem()}
}

func (w *fractionLanesWorker) Fit(params []float64, status []Status, signal []float32) {
	fitFractionLanes(w, params, status, signal)
}

func (w *fractionLanesWorker) Fit64(params []float64, status []Status, signal []float64) {
	fitFractionLanes(w, params, status, signal)
}

func fitFractionLanes[T float32 | float64](w *fractionLanesWorker, params []float64, status []Status, signal []T) {
	checkLengths("free water", w, len(params), len(status), len(signal))
	for l := range w.found {
		w.found[l].busy = false
	}
	w.prepared = nil
	next := 0
	for {
		busy := 0
		for l := range w.found {
			slot := &w.found[l]
			if !slot.busy {
				for len(w.prepared) == 0 && next < len(status) {
					next = prepareFreeWater(w.freeWaterLanesWorker, params, status, signal, next)
				}
				if len(w.prepared) > 0 {
					w.search(l, &w.prepared[0])
					w.prepared = w.prepared[1:]
				}
			}
			if slot.busy {
				busy++
			}
		}
		if busy == 0 {
			return
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
				if !w.writeFraction(params[i*freeWaterParameters:][:freeWaterParameters], l) {
					handOver(w.freeWaterLanesWorker, params, status, signal, i)
					continue
				}
				status[i] = Status{Code: OK}
				if slot.negative {
					status[i].Code = NegativeSignal
				}
				continue
			}
			w.lane = l
			slot.tell(w.point.Squares[l], w)
			switch slot.state {
			case searchFound:
				slot.final = true
			case searchLost:
				slot.busy = false
				handOver(w.freeWaterLanesWorker, params, status, signal, i)
			}
		}
	}
}

// search gives a lane to a voxel.
func (w *fractionLanesWorker) search(l int, v *preparedVoxel) {
	slot := &w.found[l]
	slot.busy, slot.final, slot.preparedVoxel = true, false, *v
	slot.begin()
	for i := range w.signal {
		w.signal[i][l] = w.arriving[i][v.lane]
	}
	for k := range w.system.Lower {
		w.searching.Lower[k][l] = w.system.Lower[k][v.lane]
	}
	for k := range w.system.Inverse {
		w.searching.Inverse[k][l] = w.system.Inverse[k][v.lane]
	}
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

// writeFraction writes one lane's result. S0 is that of the rest divided by 1-f, as DIPY holds it.
func (w *fractionLanesWorker) writeFraction(params []float64, l int) (good bool) {
	sum := 0.0
	for k := range 6 {
		params[k] = math.Ln2 * w.searching.Solution[k][l]
		sum += params[k] * 0
	}
	params[7] = w.found[l].fraction
	params[6] = math.Exp2(w.searching.Solution[6][l]) / (1 - params[7])
	return sum+params[6]*0 == 0
}
