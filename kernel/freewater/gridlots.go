package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A lot is up to sixteen voxels that are searched together, with the state of their search.
type lot struct {
	voxels   [ops.TensorBatchSingle]preparedVoxel
	used     [ops.TensorBatchSingle]bool
	done     [ops.TensorBatchSingle]bool // the fraction is known
	fraction [ops.TensorBatchSingle]float64
}

// prepareGrid takes a lot of voxels, from first on, or a lot of rough ones. It fits those whose fraction it finds.
// Others wait for a lane, or become rough ones. It returns the first voxel that it did not take.
func prepareGrid[T float32 | float64](w *gridWorker, room []T, params []float64, status []kernel.Status, signal []T, first int) (next int) {
	w.waiting = w.space[:0]
	switch {
	case w.batch == nil:
		next = prepare(w.laneWorker, params, status, signal, first)
		for _, v := range w.prepared {
			w.waiting = append(w.waiting, gridStart{preparedVoxel: v})
		}
		return next
	case len(w.rough) >= ops.TensorBatchSingle:
		prepareRough(w, room, params, status, signal)
		return first
	}
	var lot lot
	next = loadLot(w, &lot, params, status, signal, first, false)
	w.searchLot(&lot)
	finishLot(w, &lot, params, status, signal)
	return next
}

// loadLot prepares a lot of voxels: it moves their signals and factors into the halves. settled says that the rules
// have been applied already.
func loadLot[T float32 | float64](w *gridWorker, lot *lot, params []float64, status []kernel.Status, signal []T, first int, settled bool) (next int) {
	next = first
	var s0, energy [ops.TensorBatchSingle]float64
	var unusual [ops.TensorBatchSingle]bool
	for h, half := range w.halves {
		count := min(ops.TensorBatch, len(status)-next)
		w.arriving, w.system = half.signal, half.system
		if count == 0 {
			break
		}
		lanes.Load(w.lanes.Design, w.arriving, &w.extent, signal, next, count)
		w.factorSquares()
		means := w.means()
		for k := range count {
			l := h*ops.TensorBatch + k
			lot.voxels[l], lot.used[l] = w.prepare(&means, next+k, k), true
			if unusual[l] = w.unusual(&means, k); !unusual[l] {
				s0[l], energy[l] = lot.voxels[l].s0, lot.voxels[l].energy
				w.batch.coarse[l] = !isSingle(signal[(next+k)*w.lanes.N:][:w.lanes.N])
			}
		}
		next += count
	}
	w.batch.load([2][]ops.Lanes{w.halves[0].signal, w.halves[1].signal}, &s0, &energy, w.lanes.model.MinSignal)
	if settled {
		return next
	}
	verdicts := w.verdicts(lot, &unusual)
	for l := range lot.used {
		i := lot.voxels[l].voxel
		if !lot.used[l] || verdicts[l] == verdictFit {
			continue
		}
		lot.used[l] = false
		if verdicts[l] == verdictWater {
			writeWater(w.lanes, params, status, signal, i)
		} else {
			handOver(w.laneWorker, params, status, signal, i)
		}
	}
	return next
}

// factorSquares factors the normal matrix of the arriving voxels with the squares of the signal as weights, as plainFit
// does.
func (w *gridWorker) factorSquares() {
	f := w.lanes
	clear(w.sums[:])
	for i := 0; i < f.N; i += lanes.Block {
		m := min(lanes.Block, f.N-i)
		w.batch.design.Squares(&w.v[0], &w.arriving[i], m)
		f.NormalSums(w.sums, &w.v[0], i, m)
	}
	f.NormalMatrix(w.system, w.sums)
	clear(w.system.Damping[:])
	f.Factor(w.system)
}

// verdicts applies the rules to a lot that was loaded. It uses plain tensors in single precision where these are
// accurate enough, and else in double precision.
func (w *gridWorker) verdicts(lot *lot, unusual *[ops.TensorBatchSingle]bool) (verdicts [ops.TensorBatchSingle]verdict) {
	w.batch.plainFit()
	var careful [2]bool
	for l := range verdicts {
		h, k := half(l)
		v, system := &lot.voxels[l], w.halves[h].system
		verdicts[l] = verdictUnusual
		if lot.used[l] && !unusual[l] {
			if inRange(v.s0, w.lanes.model.MinSignal, system.Least[k]) && w.lanes.model.MinSignal < plainSignal*v.s0 {
				md := float64(w.batch.square[l]) * w.plainDiffusivity(system, k)
				verdicts[l] = w.verdictOnDiffusivity(md, singleDiffusivity)
			}
			careful[h] = careful[h] || verdicts[l] == verdictUnusual
		}
	}
	for h, half := range w.halves {
		if !careful[h] {
			continue
		}
		w.leaveAll()
		w.weightedLogarithms(half.system, half.signal, nil)
		w.lanes.Solve(half.system)
		for k := range ops.TensorBatch {
			if l := h*ops.TensorBatch + k; lot.used[l] && !unusual[l] {
				verdicts[l] = w.verdictOnDiffusivity(w.plainDiffusivity(half.system, k), 1e-9)
			}
		}
	}
	return verdicts
}

// plainSignal is the largest MinSignal, relative to S0, with which a plain tensor may be fitted in single precision.
// That fit replaces only values up to 0 by MinSignal; larger values below MinSignal have no weight.
const plainSignal = 1e-4

// searchLot searches for the fractions of a lot, from the first level on.
func (w *gridWorker) searchLot(lot *lot) {
	v := w.level
	for l := range v.fractions {
		v.step[l] = reftensor.FirstStep
		reftensor.LevelFractions(v.fractions[l][:reftensor.FirstLevel], 0, 1, v.step[l])
	}
	w.batch.evaluate(v, reftensor.FirstLevel)
	var wanted [ops.TensorBatchSingle]bool
	for l := range lot.voxels {
		switch {
		case !lot.used[l]:
		case !inRange(lot.voxels[l].s0, w.lanes.model.MinSignal, w.halves[l/ops.TensorBatch].system.Least[l%ops.TensorBatch]):
			w.wait(lot, l, searchPlace{})
		case w.batch.outOfHand(v, l):
			w.wait(lot, l, searchPlace{})
		case v.sure(l) && w.batch.smoothnessOf(v, l) == surelySmooth:
			wanted[l] = true
		case v.sure(l) && w.batch.smoothnessOf(v, l) == surelyNotSmooth:
			w.rough = append(w.rough, roughVoxel{lot.voxels[l].voxel, v.centre(l), v.centre(l), v.step[l]})
		default:
			w.wait(lot, l, w.batch.unsure(v, l))
		}
	}
	var roots [ops.TensorBatchSingle]root
	w.batch.roots(&roots, v, &wanted)
	for l, r := range roots {
		switch centre, step := v.centre(l), v.step[l]; {
		case !wanted[l]:
		case r.sure:
			lot.done[l], lot.fraction[l] = true, reftensor.OnGrid(centre, r.thousandths)
		case r.pair != 0:
			w.wait(lot, l, searchPlace{tenth: centre, pair: r.pair})
		default:
			w.wait(lot, l, searchPlace{tenth: centre, centre: centre, step: step, guess: (r.fraction - centre) / step, smooth: true, leaves: true})
		}
	}
}

// wait lets a voxel wait for a lane.
func (w *gridWorker) wait(lot *lot, l int, at searchPlace) {
	w.waiting = append(w.waiting, gridStart{lot.voxels[l], l / ops.TensorBatch, at})
}

// finishLot fits the voxels whose fractions were found.
func finishLot[T float32 | float64](w *gridWorker, lot *lot, params []float64, status []kernel.Status, signal []T) {
	for h, half := range w.halves {
		any := false
		for l := range ops.TensorBatch {
			i := h*ops.TensorBatch + l
			any = any || lot.done[i]
			w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = lot.fraction[i]*lot.voxels[i].s0, 0, w.lanes.model.MinSignal
		}
		if !any {
			continue
		}
		w.weightedLogarithms(half.system, half.signal, nil)
		w.lanes.Solve(half.system)
		for l := range ops.TensorBatch {
			i := h*ops.TensorBatch + l
			if v := &lot.voxels[i]; lot.done[i] && !w.write(params, status, v, lot.fraction[i], half.system, l) {
				handOver(w.laneWorker, params, status, signal, v.voxel)
			}
		}
	}
}

// prepareRough takes a lot of rough voxels through their next level. After the third level they are fitted. Until then
// they wait for a lane or stay rough.
func prepareRough[T float32 | float64](w *gridWorker, room []T, params []float64, status []kernel.Status, signal []T) {
	var rough [ops.TensorBatchSingle]roughVoxel
	count := copy(rough[:], w.rough)
	w.rough = append(w.rough[:0], w.rough[count:]...)
	n := w.lanes.N
	for k, r := range rough[:count] {
		copy(room[k*n:][:n], signal[r.voxel*n:][:n])
	}
	var lot lot
	var unset [ops.TensorBatchSingle]kernel.Status
	loadLot(w, &lot, nil, unset[:count], room[:count*n], 0, true)
	w.waiting = w.space[:0]
	v := w.level
	for l := range v.fractions {
		r := &rough[min(l, count-1)]
		v.step[l] = r.step * 0.1
		reftensor.LevelFractions(v.fractions[l][:], r.centre-r.step, r.centre+r.step, v.step[l])
	}
	w.batch.evaluate(v, reftensor.NextLevel)
	for l, r := range rough[:count] {
		lot.voxels[l].voxel = r.voxel
		unsure := w.batch.unsure(v, l)
		unsure.tenth, unsure.centre, unsure.step = r.tenth, r.centre, r.step
		switch {
		case v.sure(l) && v.step[l] < 0.005:
			lot.done[l], lot.fraction[l] = true, reftensor.OnGrid(r.tenth, int(math.Round(1000*v.centre(l))))
		case v.sure(l) && w.batch.smoothnessOf(v, l) == surelySmooth:
			steps := guess(v.norms[l][:], v.best[l])
			w.wait(&lot, l, searchPlace{tenth: r.tenth, centre: v.centre(l), step: v.step[l], guess: steps, smooth: true, leaves: true})
		case v.sure(l) && w.batch.smoothnessOf(v, l) == surelyNotSmooth:
			w.rough = append(w.rough, roughVoxel{r.voxel, r.tenth, v.centre(l), v.step[l]})
		default:
			w.wait(&lot, l, unsure)
		}
	}
	finishLot(w, &lot, params, status, signal)
}

// isSingle says whether all values are numbers that single precision holds exactly.
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
