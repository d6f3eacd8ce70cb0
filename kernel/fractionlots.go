package kernel

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A waterLot is what a lot of up to sixteen voxels has come to.
type waterLot struct {
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
	case len(w.rough) >= ops.TensorLanes32:
		prepareRough(w, room, params, status, signal)
		return first
	}
	var lot waterLot
	next = loadLot(w, &lot, params, status, signal, first)
	w.searchLot(&lot)
	finishLot(w, &lot, params, status, signal)
	return next
}

// loadLot prepares a lot of voxels: signals and factors come to stand in the halves.
func loadLot[T float32 | float64](w *fractionLanesWorker, lot *waterLot, params []float64, status []Status, signal []T, first int) (next int) {
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
			w.batch.coarse[l] = !isSingle(signal[v.voxel*w.lanes.n:][:w.lanes.n])
		}
	}
	w.batch.load([2][]ops.Lanes{w.halves[0].signal, w.halves[1].signal}, &s0, &energy, w.lanes.model.MinSignal)
	return next
}

// searchLot searches for the fractions of a lot, from the first level on.
func (w *fractionLanesWorker) searchLot(lot *waterLot) {
	v := w.level
	for l := range v.fractions {
		v.step[l] = ref.FirstStep
		ref.LevelFractions(v.fractions[l][:ref.FirstLevel], 0, 1, v.step[l])
	}
	w.batch.level(v, ref.FirstLevel)
	var wanted [ops.TensorLanes32]bool
	for l := range lot.voxels {
		switch {
		case !lot.used[l]:
		case !inRange(lot.voxels[l].s0, w.lanes.model.MinSignal, w.halves[l/ops.TensorLanes].system.Least[l%ops.TensorLanes]):
			w.wait(lot, l, searchPlace{})
		case w.batch.outOfHand(v, l):
			w.wait(lot, l, searchPlace{})
		case v.sure(l) && w.batch.smooth(v, l) == smooth:
			wanted[l] = true
		case v.sure(l) && w.batch.smooth(v, l) == notSmooth:
			w.rough = append(w.rough, roughVoxel{lot.voxels[l].voxel, v.centre(l), v.centre(l), v.step[l]})
		default:
			w.wait(lot, l, w.batch.unsure(v, l))
		}
	}
	var roots [ops.TensorLanes32]root
	w.batch.roots(&roots, v, &wanted)
	for l, r := range roots {
		switch centre, step := v.centre(l), v.step[l]; {
		case !wanted[l]:
		case r.sure:
			lot.done[l], lot.fraction[l] = true, ref.OnGrid(centre, r.thousandths)
		case r.pair != 0:
			w.wait(lot, l, searchPlace{tenth: centre, pair: r.pair})
		default:
			w.wait(lot, l, searchPlace{tenth: centre, centre: centre, step: step, guess: (r.fraction - centre) / step, smooth: true, leaves: true})
		}
	}
}

// wait sends a voxel to a lane.
func (w *fractionLanesWorker) wait(lot *waterLot, l int, at searchPlace) {
	w.waiting = append(w.waiting, fractionStart{lot.voxels[l], l / ops.TensorLanes, at})
}

// finishLot fits the voxels whose fractions were found.
func finishLot[T float32 | float64](w *fractionLanesWorker, lot *waterLot, params []float64, status []Status, signal []T) {
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

// prepareRough takes a lot of rough voxels through their next level. After the third they are fitted; else they wait,
// for a lane or as rough ones.
func prepareRough[T float32 | float64](w *fractionLanesWorker, room []T, params []float64, status []Status, signal []T) {
	var rough [ops.TensorLanes32]roughVoxel
	count := copy(rough[:], w.rough)
	w.rough = append(w.rough[:0], w.rough[count:]...)
	n := w.lanes.n
	for k, r := range rough[:count] {
		copy(room[k*n:][:n], signal[r.voxel*n:][:n])
	}
	var lot waterLot
	var verdicts [ops.TensorLanes32]Status // the rules have been applied before
	loadLot(w, &lot, nil, verdicts[:count], room[:count*n], 0)
	w.waiting = w.space[:0]
	v := w.level
	for l := range v.fractions {
		r := &rough[min(l, count-1)]
		v.step[l] = r.step * 0.1
		ref.LevelFractions(v.fractions[l][:], r.centre-r.step, r.centre+r.step, v.step[l])
	}
	w.batch.level(v, ref.NextLevel)
	for l, r := range rough[:count] {
		lot.voxels[l].voxel = r.voxel
		unsure := w.batch.unsure(v, l)
		unsure.tenth, unsure.centre, unsure.step = r.tenth, r.centre, r.step
		switch {
		case v.sure(l) && v.step[l] < 0.005:
			lot.done[l], lot.fraction[l] = true, ref.OnGrid(r.tenth, int(math.Round(1000*v.centre(l))))
		case v.sure(l) && w.batch.smooth(v, l) == smooth:
			steps := guess(v.norms[l][:], v.best[l])
			w.wait(&lot, l, searchPlace{tenth: r.tenth, centre: v.centre(l), step: v.step[l], guess: steps, smooth: true, leaves: true})
		case v.sure(l) && w.batch.smooth(v, l) == notSmooth:
			w.rough = append(w.rough, roughVoxel{r.voxel, r.tenth, v.centre(l), v.step[l]})
		default:
			w.wait(&lot, l, unsure)
		}
	}
	finishLot(w, &lot, params, status, signal)
}

// isSingle says whether values are numbers of single precision.
func isSingle[T float32 | float64](values []T) bool {
	if _, yes := any(T(0)).(float32); yes {
		return true
	}
	for _, v := range values {
		if T(float32(v)) != v {
			return false
		}
	}
	return true
}
