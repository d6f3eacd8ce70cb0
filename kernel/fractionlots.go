package kernel

import (
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A fractionLot is what a lot of up to sixteen voxels has come to.
type fractionLot struct {
	voxels   [ops.TensorLanes32]preparedVoxel
	used     [ops.TensorLanes32]bool
	done     [ops.TensorLanes32]bool // the fraction is known
	fraction [ops.TensorLanes32]float64
}

// prepareFractions takes a lot of voxels, the first of which is given, or one of rough ones. Those whose fraction it
// finds it fits; others wait for a lane, or as rough ones. It returns the first voxel that it did not take.
func prepareFractions[T float32 | float64](w *fractionLanesWorker, room []T, params []float64, status []Status, signal []T, first int) (next int) {
	w.waiting = w.space[:0]
	switch {
	case w.batch == nil:
		next = prepareFreeWater(w.freeWaterLanesWorker, params, status, signal, first)
		for _, v := range w.prepared {
			w.waiting = append(w.waiting, fractionStart{preparedVoxel: v})
		}
		return next
	case first == len(status) || len(w.rough) >= ops.TensorLanes32:
		prepareRough(w, room, params, status, signal)
		return first
	}
	var lot fractionLot
	next = loadLot(w, &lot, params, status, signal, first)
	w.searchLot(&lot)
	finishLot(w, &lot, params, status, signal)
	return next
}

// loadLot prepares a lot of voxels: signals and factors come to stand in the halves.
func loadLot[T float32 | float64](w *fractionLanesWorker, lot *fractionLot, params []float64, status []Status, signal []T, first int) (next int) {
	next = first
	var s0, energy [ops.TensorLanes32]float64
	for h, half := range w.halves {
		if next == len(status) {
			break
		}
		w.arriving, w.system = half.signal, half.system
		next = prepareFreeWater(w.freeWaterLanesWorker, params, status, signal, next)
		for _, v := range w.prepared {
			l := h*ops.TensorLanes + v.lane
			lot.voxels[l], lot.used[l] = v, true
			s0[l], energy[l] = v.s0, v.energy
		}
	}
	w.batch.load([2][]ops.Lanes{w.halves[0].signal, w.halves[1].signal}, &s0, &energy, w.lanes.model.MinSignal)
	return next
}

// searchLot searches for the fractions of a lot.
func (w *fractionLanesWorker) searchLot(lot *fractionLot) {
	step := 0.1
	for l := range w.level.fractions {
		ref.LevelFractions(w.level.fractions[l][:ref.FirstLevel], 0, 1, step)
	}
	w.batch.level(w.level, ref.FirstLevel, step)
	var wanted [ops.TensorLanes32]bool
	for l, v := range lot.voxels {
		if !lot.used[l] {
			continue
		}
		centre := w.level.fractions[l][w.level.best[l]]
		switch {
		case !w.level.sure[l] || !inRange(v.s0, w.lanes.model.MinSignal):
			w.wait(lot, l, searchPlace{})
		case w.batch.smooth(l, centre-step, centre+step) == smooth:
			wanted[l] = true
		case w.batch.smooth(l, centre-step, centre+step) == notSmooth:
			w.rough = append(w.rough, roughVoxel{v.voxel, centre})
		default:
			w.wait(lot, l, searchPlace{})
		}
	}
	var roots [ops.TensorLanes32]root
	w.batch.roots(&roots, w.level, &wanted)
	for l, r := range roots {
		if !wanted[l] {
			continue
		}
		centre := w.level.fractions[l][w.level.best[l]]
		if !r.sure {
			w.wait(lot, l, searchPlace{centre: centre, step: step, guess: (r.fraction - centre) / step, smooth: true})
			continue
		}
		lot.done[l], lot.fraction[l] = true, ref.OnGrid(centre, step, r.thousandths)
	}
}

// wait sends a voxel to a lane.
func (w *fractionLanesWorker) wait(lot *fractionLot, l int, at searchPlace) {
	w.waiting = append(w.waiting, fractionStart{lot.voxels[l], l / ops.TensorLanes, at})
}

// finishLot fits the voxels whose fractions were found.
func finishLot[T float32 | float64](w *fractionLanesWorker, lot *fractionLot, params []float64, status []Status, signal []T) {
	for h, half := range w.halves {
		any := false
		for l := range ops.TensorLanes {
			i := h*ops.TensorLanes + l
			any = any || lot.done[i]
			w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = lot.fraction[i]*lot.voxels[i].s0, 0, w.lanes.model.MinSignal
		}
		if !any {
			continue
		}
		w.weightedLogarithms(half.system, half.signal, nil)
		w.lanes.Solve(half.system)
		for l := range ops.TensorLanes {
			i := h*ops.TensorLanes + l
			if v := &lot.voxels[i]; lot.done[i] && !w.write(params, status, v, lot.fraction[i], half.system, l) {
				handOver(w.freeWaterLanesWorker, params, status, signal, v.voxel)
			}
		}
	}
}

// prepareRough takes a lot of rough voxels through the second level. They then wait for a lane.
func prepareRough[T float32 | float64](w *fractionLanesWorker, room []T, params []float64, status []Status, signal []T) {
	count := min(ops.TensorLanes32, len(w.rough))
	rough := w.rough[:count]
	n := w.lanes.n
	for k, v := range rough {
		copy(room[k*n:][:n], signal[v.voxel*n:][:n])
	}
	var lot fractionLot
	var verdicts [ops.TensorLanes32]Status // they had the same before: to be fitted
	loadLot(w, &lot, nil, verdicts[:count], room[:count*n], 0)
	step := 0.1
	next := step * 0.1
	for l := range w.level.fractions {
		centre := rough[min(l, count-1)].centre
		ref.LevelFractions(w.level.fractions[l][:], centre-step, centre+step, next)
	}
	w.batch.level(w.level, ref.NextLevel, next)
	for l, v := range rough {
		best := w.level.best[l]
		at := searchPlace{centre: v.centre, step: step}
		if centre := w.level.fractions[l][best]; w.level.sure[l] {
			switch w.batch.smooth(l, centre-next, centre+next) {
			case smooth:
				at = searchPlace{centre: centre, step: next, guess: guess(w.level.norms[l][:], best), smooth: true}
			case notSmooth:
				at = searchPlace{centre: centre, step: next}
			}
		}
		lot.voxels[l].voxel = v.voxel
		w.wait(&lot, l, at)
	}
	w.rough = append(w.rough[:0], w.rough[count:]...)
}
