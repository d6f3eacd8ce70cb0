package kernel

import (
	"math"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// A singleWorker brings sixteen voxels near their minimum: the rules, the start, and the first two Newton steps, with
// sums over measurements in single precision and all that is done with the sums in double precision. What it
// decides it decides with a margin far above the rounding of single precision; the rest it leaves to prepareCareful.
//
// Lane l of sixteen is lane l of the first System and Point, or lane l-8 of the second.
type singleWorker struct {
	*singleDesign
	lanes   *freeWaterLanes
	signal  []ops.Lanes32
	extent  ops.Extent32
	u, v, x []ops.Lanes32 // of one block of measurements
	sums    *[28]ops.Lanes32
	sides   *[14]ops.Lanes32 // the right-hand side, the row of water
	point   *ops.Point32
	rest    ops.Rest32
	wide    [2]*[28]ops.Lanes // the sums of each half
	system  [2]*ops.System
	at      [2]*ops.Point // where a pass is made
	before  [2]ops.Point  // where the one before was made
}

func (d *singleDesign) newWorker(lanes *freeWaterLanes) *singleWorker {
	w := &singleWorker{singleDesign: d, lanes: lanes, signal: alignedSingle(d.n)}
	w.u, w.v, w.x = alignedSingle(singleBlock), alignedSingle(singleBlock), alignedSingle(singleBlock)
	w.sums, w.sides = (*[28]ops.Lanes32)(alignedSingle(28)), (*[14]ops.Lanes32)(alignedSingle(14))
	w.point = (*ops.Point32)(unsafe.Pointer(alignedPoint())) // as many bytes
	for h := range w.system {
		w.wide[h] = (*[28]ops.Lanes)(alignedLanes(28))
		w.system[h], w.at[h] = alignedSystem(), alignedPoint()
	}
	return w
}

// half gives the place of a lane.
func half(l int) (h, lane int) { return l / ops.TensorLanes, l % ops.TensorLanes }

// Margins of what is decided in single precision.
const (
	singleEnergyLeast = 1e-12 // sums of squares outside of these limits are left to double precision
	singleEnergyMost  = 1e24
	singleLeast       = 1e-4 // pivots over diagonal elements, of the matrix with the squares of the signal as weights
	singleDiffusivity = 1e-2 // relative, of the mean diffusivity from its limit
	singleDescent     = 1e-5 // relative, of a sum of squares
	singlePivot       = 1e-6 // pivots over diagonal elements, of a Newton step
)

// prepareSingle takes up to sixteen voxels, the first of which is given, and returns the first that it did not take.
func prepareSingle[T float32 | float64](w *nonlinearWorker, params []float64, status []Status, signal []T, first int) (next int) {
	s := w.single
	count := min(ops.TensorLanes32, len(status)-first)
	loadSingle(s.singleDesign, s.signal, &s.extent, signal, first, count)
	means := s.averages()
	s.plainFit()
	verdicts := s.verdicts(&means)
	water := s.clearlyNotWater(&means)
	s.start(&means)
	var voxels [ops.TensorLanes32]nonlinearVoxel
	for l := range voxels {
		h, k := half(l)
		v := &voxels[l]
		*v = nonlinearVoxel{
			voxel: first + l, negative: s.extent.Least[l] < 0, s0: float64(means[meanB0][l]),
			energy: float64(s.extent.Energy[l]), beforeSquares: math.Inf(1),
		}
		v.start.take(s.at[h], k)
	}
	s.steps(&voxels)
	for l := range count {
		v := &voxels[l]
		switch {
		case verdicts[l] == verdictWater:
			writeWater(params[v.voxel*freeWaterParameters:][:freeWaterParameters], &status[v.voxel])
		case verdicts[l] == verdictUnusual, !water[l]:
			w.careful = append(w.careful, v.voxel)
		default:
			w.ready = append(w.ready, *v)
		}
	}
	return first + count
}

// take reads a lane of a point in the units of single precision.
func (a *waterPoint) take(point *ops.Point, l int) {
	for k := range 6 {
		a.p[k] = tensorUnit * point.P[k][l]
	}
	a.p[6], a.c = point.P[6][l], point.C[l]
}

// averages are the columns of the table of means.
func (w *singleWorker) averages() [7]ops.Lanes32 {
	w.point.P = [7]ops.Lanes32{}
	w.Sums7(&w.point.P[0], &w.means[0], &w.signal[0], w.n)
	return w.point.P
}

// plainFit fits a tensor without water, with the squares of the signal as weights. The factors stay in the systems.
func (w *singleWorker) plainFit() {
	least := float32(w.lanes.model.MinSignal)
	for l := range w.rest.C {
		w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = 0, least, least
	}
	*w.sums, *w.sides = [28]ops.Lanes32{}, [14]ops.Lanes32{}
	for i := 0; i < w.n; i += singleBlock {
		m := min(singleBlock, w.n-i)
		w.WeightedLogarithms(&w.u[0], &w.v[0], &w.signal[i], &w.rows[ops.DesignFields*i], m, &w.rest)
		w.Sums7(&w.sides[0], &w.rows[ops.DesignFields*i], &w.u[0], m)
		w.normalSums(w.sums, &w.v[0], i, m)
	}
	w.widenMatrix()
	w.widenRight(0)
	for _, system := range w.system {
		system.Damping = ops.Lanes{}
		w.lanes.Factor(system)
		w.lanes.Solve(system)
	}
}

func (w *singleWorker) widenMatrix() {
	w.Widen(&w.wide[0][0], &w.wide[1][0], &w.sums[0], len(w.sums))
	for h, system := range w.system {
		w.lanes.normalMatrix(system, w.wide[h])
	}
}

// widenRight makes seven of the sides the right-hand sides.
func (w *singleWorker) widenRight(from int) {
	w.Widen(&w.system[0].Right[0], &w.system[1].Right[0], &w.sides[from], 7)
}

// verdicts are what the rules say that need no more than the plain tensor.
func (w *singleWorker) verdicts(means *[7]ops.Lanes32) (verdicts [ops.TensorLanes32]verdict) {
	model := w.lanes.model
	for l := range verdicts {
		h, k := half(l)
		plain, energy := &w.system[h].Solution, w.extent.Energy[l]
		md := tensorUnit * math.Ln2 * (plain[0][k] + plain[2][k] + plain[5][k]) / 3
		switch {
		case !(float64(means[meanB0][l]) > 2*model.MinSignal && float64(means[meanAll][l]) > 2*model.MinSignal &&
			energy > singleEnergyLeast && energy < singleEnergyMost && w.system[h].Least[k] > singleLeast &&
			math.Abs(md-model.MDReg) > singleDiffusivity*model.MDReg):
			verdicts[l] = verdictUnusual
		case md > model.MDReg:
			verdicts[l] = verdictWater
		}
	}
	return verdicts
}

// clearlyNotWater says which voxels cannot have a fraction of 0.99 or more in WLS. DIPY looks for the fraction on 0.1,
// 0.2, .. 0.9, then by hundredths on both sides of the best of those, less than a tenth away, then by thousandths,
// less than a hundredth away: 0.99 and more is reached from 0.9 alone. So a voxel is cleared when the sum of
// squares at 0.9 is larger than at any one other of the tenths. The one compared with is near the fraction that the
// start guesses, where the sum is small in most voxels, and the margin is far above what rounding to single
// precision does to the sums.
func (w *singleWorker) clearlyNotWater(means *[7]ops.Lanes32) (cleared [ops.TensorLanes32]bool) {
	var high, other ops.Lanes32
	for l := range high {
		s0 := means[meanB0][l]
		tenths := math.Round(10 * w.guessedFraction(means, l))
		high[l], other[l] = 0.9*s0, float32(0.1*min(max(tenths, 1), 8))*s0
	}
	floor := float32(w.lanes.model.MinSignal)
	w.rest.Cut = ops.Lanes32{}
	for l := range w.rest.Floor {
		w.rest.Floor[l] = floor
	}
	*w.sides = [14]ops.Lanes32{}
	for i := 0; i < w.n; i += singleBlock {
		m, rows := min(singleBlock, w.n-i), &w.rows[ops.DesignFields*i]
		w.rest.C = high
		w.WeightedLogarithms(&w.u[0], &w.v[0], &w.signal[i], rows, m, &w.rest)
		w.rest.C = other
		w.WeightedLogarithms(&w.x[0], &w.v[0], &w.signal[i], rows, m, &w.rest)
		w.Project(&w.sides[0], rows, &w.u[0], &w.x[0], m)
	}
	large, small := w.misfit(0, &high), w.misfit(7, &other)
	for l := range cleared {
		cleared[l] = large[l] > 1.25*small[l]+1e-4*w.extent.Energy[l]
	}
	return cleared
}

// misfit solves the weighted linear fits for one half of the sides, and sums up the squares of the differences of
// signal and prediction.
func (w *singleWorker) misfit(from int, c *ops.Lanes32) ops.Lanes32 {
	w.widenRight(from)
	for _, system := range w.system {
		w.lanes.Solve(system)
	}
	w.Narrow(&w.system[0].Solution[0], &w.system[1].Solution[0], &w.point.P[0], 7)
	w.point.C, w.point.Squares = *c, ops.Lanes32{}
	w.Misfit(&w.signal[0], &w.rows[0], w.n, w.point)
	return w.point.Squares
}

// guessedFraction is guessed from the mean of a shell.
func (w *singleWorker) guessedFraction(means *[7]ops.Lanes32, l int) float64 {
	f := w.lanes
	fraction := 1 - (float64(means[meanShell][l])/float64(means[meanB0][l])-f.water)/(f.tissue-f.water)
	return min(max(fraction, 0.02), 0.95)
}

// start makes the points where the fit begins, as starts does.
func (w *singleWorker) start(means *[7]ops.Lanes32) {
	for l := range w.rest.C {
		s0 := means[meanB0][l]
		w.rest.C[l] = float32(w.guessedFraction(means, l)) * s0
		w.rest.Floor[l] = 0.03 * s0
	}
	w.rest.Cut = w.rest.Floor
	w.point.P = [7]ops.Lanes32{}
	for i := 0; i < w.n; i += singleBlock {
		m := min(singleBlock, w.n-i)
		w.Logarithms(&w.u[0], &w.signal[i], &w.rows[ops.DesignFields*i], m, &w.rest)
		w.Sums7(&w.point.P[0], &w.guess[8*i], &w.u[0], m)
	}
	w.point.C = w.rest.C
	w.Widen(&w.at[0].P[0], &w.at[1].P[0], &w.point.P[0], 8) // P and C
}

// steps takes the first two steps, one of Gauss and Newton and an exact one. A lane in which one does not descend keeps
// its start, or the point after the first.
func (w *singleWorker) steps(voxels *[ops.TensorLanes32]nonlinearVoxel) {
	var squares [2]ops.Lanes32
	var fine [2][ops.TensorLanes32]bool
	for turn := range 2 {
		w.pass(float32(turn))
		squares[turn] = w.point.Squares
		for h, system := range w.system {
			system.Damping, system.Bound = ops.Lanes{}, w.at[h].C
			w.lanes.Step(system)
			w.before[h] = *w.at[h]
			for l := range ops.TensorLanes {
				fine[turn][h*ops.TensorLanes+l] = system.Least[l] > singlePivot
			}
			for k := range 7 {
				for l, x := range system.Solution[k] {
					w.at[h].P[k][l] += math.Log2E * x
				}
			}
			for l, x := range system.Solution[7] {
				w.at[h].C[l] = max(0, w.at[h].C[l]+x)
			}
		}
	}
	for l := range voxels {
		h, k := half(l)
		v := &voxels[l]
		if !(fine[0][l] && squares[1][l] <= squares[0][l]*(1+singleDescent)) {
			continue
		}
		if !fine[1][l] {
			v.start.take(&w.before[h], k)
			v.taken = 1
			continue
		}
		v.before.take(&w.before[h], k)
		v.start.take(w.at[h], k)
		v.beforeSquares = float64(squares[1][l]) * (1 + 1e-4)
		v.reduction = w.system[h].Predicted[k] / float64(squares[1][l])
		v.taken, v.exact = 2, true
	}
}

// pass makes the systems of the Newton step at every lane's point.
func (w *singleWorker) pass(mix float32) {
	point := w.point
	w.Narrow(&w.at[0].P[0], &w.at[1].P[0], &point.P[0], 8) // P and C
	for l := range point.Mix {
		point.Mix[l] = mix
	}
	point.Squares, point.Gradient = ops.Lanes32{}, ops.Lanes32{}
	*w.sums, *w.sides = [28]ops.Lanes32{}, [14]ops.Lanes32{}
	for i := 0; i < w.n; i += singleBlock {
		m, rows := min(singleBlock, w.n-i), &w.rows[ops.DesignFields*i]
		w.Model(&w.u[0], &w.v[0], &w.x[0], &w.signal[i], rows, m, point)
		w.Project(&w.sides[0], rows, &w.u[0], &w.x[0], m)
		w.normalSums(w.sums, &w.v[0], i, m)
	}
	w.widenMatrix()
	w.widenRight(0)
	w.Widen(&w.system[0].Matrix[28], &w.system[1].Matrix[28], &w.sides[7], 7)
	w.Widen(&w.system[0].Right[7], &w.system[1].Right[7], &point.Gradient, 1)
	for _, system := range w.system {
		for l := range system.Matrix[35] {
			system.Matrix[35][l] = w.lanes.square
		}
	}
}
