package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A singleWorker fits sixteen voxels side by side as long as they can go in step: the rules, the start, and some Newton
// steps. Sums over measurements are in single precision, and everything computed from the sums is in double precision.
// A last step has its gradient in double precision. Decisions are made with a margin far above the rounding of single
// precision. A voxel that the rules leave undecided goes to prepareCareful. One that has not converged goes to a lane
// of a nlsWorker.
//
// Lane l of sixteen is lane l of the first System and Point, or lane l-8 of the second.
type singleWorker struct {
	*singleDesign
	lanes   *laneFitter
	signal  []ops.LanesSingle
	extent  ops.ExtentSingle
	u, v, x []ops.LanesSingle // for one block of measurements
	sums    *[28]ops.LanesSingle
	sides   *[14]ops.LanesSingle // the right-hand side, the row of water
	point   *ops.PointSingle
	rest    ops.RestSingle

	voxels    [ops.TensorBatchSingle]nlsVoxel
	progress  [ops.TensorBatchSingle]singleLane
	converged [ops.TensorBatchSingle]bool
	squares   [ops.TensorBatchSingle]float64 // and where it has this

	wide   [2]*[28]ops.Lanes // the sums of each half
	system [2]*ops.System
	at     [2]*ops.Point // where a pass is made
	before [2]ops.Point  // the best points
	last   [2]ops.Point  // where the steps in single precision have led

	exact   [2][]ops.Lanes // the signals of each half in double precision
	confirm *ops.Point     // in the units of double precision
	slope   []ops.Lanes    // for one block of measurements
	unused  []ops.Lanes
}

func (d *singleDesign) newWorker(double *laneFitter) *singleWorker {
	w := &singleWorker{singleDesign: d, lanes: double, signal: lanes.Aligned[ops.LanesSingle](d.n)}
	w.u, w.v, w.x = lanes.Aligned[ops.LanesSingle](singleBlock), lanes.Aligned[ops.LanesSingle](singleBlock), lanes.Aligned[ops.LanesSingle](singleBlock)
	w.sums, w.sides = lanes.AlignedOne[[28]ops.LanesSingle](), lanes.AlignedOne[[14]ops.LanesSingle]()
	w.point = lanes.AlignedOne[ops.PointSingle]()
	for h := range w.system {
		w.wide[h] = lanes.AlignedOne[[28]ops.Lanes]()
		w.system[h], w.at[h], w.exact[h] = lanes.AlignedOne[ops.System](), lanes.AlignedOne[ops.Point](), lanes.Aligned[ops.Lanes](d.n)
	}
	w.confirm = lanes.AlignedOne[ops.Point]()
	w.slope, w.unused = lanes.Aligned[ops.Lanes](lanes.Block), lanes.Aligned[ops.Lanes](lanes.Block)
	return w
}

// half returns the half and the lane in it of one of sixteen lanes.
func half(l int) (h, lane int) { return l / ops.TensorBatch, l % ops.TensorBatch }

// These are margins of decisions in single precision.
const (
	singleEnergyLeast = 1e-12 // sums of squares outside of these limits are left to double precision
	singleEnergyMost  = 1e24
	singleLeast       = 1e-4 // the least ratio of a pivot to its diagonal element, of the matrix with the squares of the signal as weights
	singleDiffusivity = 1e-2 // of the mean diffusivity from its limit, relative
	singleDescent     = 1e-5 // of a sum of squares, relative
	singlePivot       = 1e-6 // the least ratio of a pivot to its diagonal element, of a Newton step
)

// prepareSingle takes up to sixteen voxels, the first of which is given, and returns the first that it did not take.
func prepareSingle[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T, first int) (next int) {
	s := w.single
	count := min(ops.TensorBatchSingle, len(status)-first)
	loadSingle(s.singleDesign, s.signal, &s.extent, signal, first, count)
	means := s.averages()
	s.plainFit()
	verdicts := s.verdicts(&means)
	water := s.clearlyNotWater(&means)
	s.start(&means)
	for l := range s.voxels {
		s.voxels[l] = nlsVoxel{
			voxel: first + l, negative: s.extent.Least[l] < 0, s0: float64(means[meanB0][l]), energy: float64(s.extent.Energy[l]),
		}
		for k := range s.voxels[l].fast {
			s.voxels[l].fast[k] = float64(means[fastSums+k][l])
		}
	}
	loadExact(s, signal, first, count)
	s.fit(singleSteps)
	for l := range count {
		switch v := &s.voxels[l]; {
		case verdicts[l] == verdictWater:
			writeWater(w.lanes, params, status, signal, v.voxel)
		case verdicts[l] == verdictUnusual, !water[l]:
			w.careful = append(w.careful, v.voxel)
		default:
			w.deliver(params, status, l)
		}
	}
	return first + count
}

// secondSteps is singleSteps for later starts, which are further from the minimum.
const secondSteps = 10

// refit fits a lot of up to sixteen voxels of a queue, from their next start.
func refit[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T, queue *[]nlsVoxel) {
	s := w.single
	count := copy(s.voxels[:], *queue)
	for l := count; l < len(s.voxels); l++ {
		s.voxels[l] = s.voxels[0]
	}
	gatherSingle(s, signal)
	for l := range s.voxels {
		h, k := half(l)
		v := &s.voxels[l]
		v.start.put(s.at[h], k)
		s.rest.C[l], s.rest.Floor[l] = float32(reftensor.SecondFraction*v.s0), float32(startFloor*v.s0)
	}
	if s.voxels[0].turn == secondTurn {
		s.startsAt()
	}
	s.fit(secondSteps)
	for l := range count {
		w.deliver(params, status, l)
	}
	*queue = append((*queue)[:0], (*queue)[count:]...)
}

// gatherSingle transposes the signals of the voxels.
func gatherSingle[T float32 | float64](w *singleWorker, signal []T) {
	for l := range w.voxels {
		h, k := half(l)
		for i, x := range signal[w.voxels[l].voxel*w.n:][:w.n] {
			w.signal[i][l], w.exact[h][i][k] = float32(x), float64(x)
		}
	}
}

// put writes a lane of a point, in the units of single precision.
func (a *waterPoint) put(point *ops.Point, l int) {
	for k := range 6 {
		point.P[k][l] = a.p[k] / tensorUnit
	}
	point.P[6][l], point.C[l] = a.p[6], a.c
}

// deliver passes a fitted voxel on. One that has not converged goes to a lane in double precision.
func (w *nlsWorker) deliver(params []float64, status []kernel.Status, l int) {
	v := &w.single.voxels[l]
	if !w.single.converged[l] {
		w.ready = append(w.ready, *v)
		return
	}
	switch v.settle(w.lanes.model, &v.start, w.single.squares[l], v.taken) {
	case slotNoisy:
		w.watery = append(w.watery, *v)
	case slotDoubtful:
		w.doubtful = append(w.doubtful, *v)
	default:
		status[v.voxel] = v.write(params[v.voxel*parameters:][:parameters])
	}
}

// take reads a lane of a point, in the units of single precision.
func (a *waterPoint) take(point *ops.Point, l int) {
	for k := range 6 {
		a.p[k] = tensorUnit * point.P[k][l]
	}
	a.p[6], a.c = point.P[6][l], point.C[l]
}

// averages are the columns of the table of means.
func (w *singleWorker) averages() [7]ops.LanesSingle {
	w.point.P = [7]ops.LanesSingle{}
	w.Sums7(&w.point.P[0], &w.means[0], &w.signal[0], w.n)
	return w.point.P
}

// plainFit fits a tensor without water, with the squares of the signal as weights. The factors stay in the systems.
func (w *singleWorker) plainFit() {
	least := float32(w.lanes.model.MinSignal)
	for l := range w.rest.C {
		w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = 0, least, least
	}
	*w.sums, *w.sides = [28]ops.LanesSingle{}, [14]ops.LanesSingle{}
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
		w.lanes.NormalMatrix(system, w.wide[h])
	}
}

// widenRight makes seven of the sides, from the given one on, the right-hand sides.
func (w *singleWorker) widenRight(from int) {
	w.Widen(&w.system[0].Right[0], &w.system[1].Right[0], &w.sides[from], 7)
}

// verdicts returns what the rules say that need only a plain tensor.
func (w *singleWorker) verdicts(means *[7]ops.LanesSingle) (verdicts [ops.TensorBatchSingle]verdict) {
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

// clearlyNotWater says which voxels cannot have a fraction of 0.99 or more in WLS. DIPY first tries 0.1, 0.2, .. 0.9,
// then hundredths less than a tenth from the best of these, then thousandths less than a hundredth away. It reaches
// 0.99 only from 0.9. So a voxel is cleared if the sum of squares at 0.9 is larger than at any other tenth. It is
// compared with the tenth near the fraction that the start guesses, where the sum is small in most voxels. The margin
// is far above what rounding to single precision does to the sums.
func (w *singleWorker) clearlyNotWater(means *[7]ops.LanesSingle) (cleared [ops.TensorBatchSingle]bool) {
	var high, other ops.LanesSingle
	for l := range high {
		s0 := means[meanB0][l]
		tenths := math.Round(10 * w.guessedFraction(means, l))
		high[l], other[l] = 0.9*s0, float32(0.1*min(max(tenths, 1), 8))*s0
	}
	floor := float32(w.lanes.model.MinSignal)
	w.rest.Cut = ops.LanesSingle{}
	for l := range w.rest.Floor {
		w.rest.Floor[l] = floor
	}
	*w.sides = [14]ops.LanesSingle{}
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
func (w *singleWorker) misfit(from int, c *ops.LanesSingle) ops.LanesSingle {
	w.widenRight(from)
	for _, system := range w.system {
		w.lanes.Solve(system)
	}
	w.Narrow(&w.system[0].Solution[0], &w.system[1].Solution[0], &w.point.P[0], 7)
	w.point.C, w.point.Squares = *c, ops.LanesSingle{}
	w.Misfit(&w.signal[0], &w.rows[0], w.n, w.point)
	return w.point.Squares
}

// guessedFraction guesses the fraction from the mean of a shell.
func (w *singleWorker) guessedFraction(means *[7]ops.LanesSingle, l int) float64 {
	f := w.lanes
	fraction := 1 - (float64(means[meanShell][l])/float64(means[meanB0][l])-f.water)/(f.tissue-f.water)
	return min(max(fraction, 0.02), 0.95)
}

// start makes the points where the fit begins, as starts does.
func (w *singleWorker) start(means *[7]ops.LanesSingle) {
	for l := range w.rest.C {
		s0 := means[meanB0][l]
		w.rest.C[l] = float32(w.guessedFraction(means, l)) * s0
		w.rest.Floor[l] = startFloor * s0
	}
	w.startsAt()
}

// startsAt subtracts water from the signals, and fits the logarithms of the rest with constant weights, as startsAt of
// laneWorker does.
func (w *singleWorker) startsAt() {
	w.rest.Cut = w.rest.Floor
	w.point.P = [7]ops.LanesSingle{}
	for i := 0; i < w.n; i += singleBlock {
		m := min(singleBlock, w.n-i)
		w.Logarithms(&w.u[0], &w.signal[i], &w.rows[ops.DesignFields*i], m, &w.rest)
		w.Sums7(&w.point.P[0], &w.guess[8*i], &w.u[0], m)
	}
	w.point.C = w.rest.C
	w.Widen(&w.at[0].P[0], &w.at[1].P[0], &w.point.P[0], 8) // P and C
}

// singleSteps is how many passes are made in single precision. After them, and a last step with its gradient in double
// precision, nine of ten voxels are fitted.
const singleSteps = 3

// A singleLane is the state of a lane's fit, as in a newtonSlot.
type singleLane struct {
	squares   float32 // at the best point, the one before the trial
	damping   lanes.Damping
	still     bool // the step that was solved for is so short that single precision would lose the next one
	steps     int
	reduction float64 // the relative reduction that the step promises; 1 where the matrix was not exact
}

// stillReduction is the relative reduction of the sum of squares below which single precision does not help any more.
const stillReduction = 1e-7

// fit fits the voxels from the points where they are.
func (w *singleWorker) fit(passes int) {
	w.steps(passes)
	w.lastStep()
	for l := range w.voxels {
		h, k := half(l)
		v, lane, system, sum := &w.voxels[l], &w.progress[l], w.system[h], w.squares[l]
		v.again(v.turn, waterPoint{})
		v.taken = lane.steps
		w.converged[l] = !lane.damping.Again && system.Least[k] > singlePivot && sum <= float64(lane.squares)*(1+singleDescent) &&
			enough(lane.reduction, system.Predicted[k], sum, v.energy)
		switch {
		case w.converged[l]:
			v.start.take(w.at[h], k)
			w.squares[l] -= system.Predicted[k]
			v.taken++
		case lane.damping.Again:
			v.start.take(&w.before[h], k)
		default:
			v.before.take(&w.before[h], k)
			v.beforeSquares = float64(lane.squares) * (1 + 1e-4)
			v.start.take(&w.last[h], k)
			v.exact = lane.damping.Relaxed() == 0
		}
	}
}

// enough says that after the last step no further step is worth it. The step's matrix is that of the point before.
// Where Newton's method reduces the excess of the objective from a to C a^2, such a step leaves 4 C a of it, to first
// order. a is what the step before promised. C follows from a and the promise of this step, unless that promise is mere
// rounding.
func enough(before, promised, squares, energy float64) bool {
	const steepest = 1e3 // C of the voxels with the strongest curvature
	if promised > lastReduction*squares+reftensor.NewtonFloor*energy {
		return false
	}
	relative := promised / squares
	left := 4 * min(relative/(before*before), steepest) * before * relative
	return left <= leftOver || promised <= reftensor.NewtonFloor*energy
}

// leftOver is a relative excess of the objective that is not worth a step.
const leftOver = 3e-14

// steps makes passes over all lanes and takes the step that each pass gives. A lane that is still repeats the same pass
// while others go on, so that its result does not depend on how long they do.
func (w *singleWorker) steps(passes int) {
	for l := range w.progress {
		w.progress[l] = singleLane{squares: float32(math.Inf(1))}
	}
	for h := range w.before {
		w.before[h] = *w.at[h]
	}
	for left := passes - 1; ; left-- {
		w.pass()
		for l := range w.progress {
			w.judge(l)
		}
		for h, system := range w.system {
			system.Bound = w.at[h].C
			w.lanes.Step(system)
		}
		still := true
		for l := range w.progress {
			w.weigh(l)
			still = still && w.progress[l].still
		}
		if left == 0 || still {
			break
		}
		for l := range w.progress {
			if lane := &w.progress[l]; !lane.damping.Again && !lane.still {
				w.move(l)
				lane.damping.StepOn()
			}
		}
	}
	for l := range w.progress {
		if !w.progress[l].damping.Again {
			w.move(l)
		}
	}
	for h := range w.last {
		w.last[h] = *w.at[h]
	}
}

// judge makes the point of the pass the best one, or goes back to compute a damped Gauss-Newton matrix.
func (w *singleWorker) judge(l int) {
	h, k := half(l)
	lane, sum, at, before := &w.progress[l], w.point.Squares[l], w.at[h], &w.before[h]
	from, to := at, before
	switch {
	case lane.damping.Again || lane.still:
		lane.damping.Again = false
	case sum <= lane.squares*(1+singleDescent):
		lane.squares = sum
		if lane.steps > 0 {
			lane.damping.Relax()
		}
	default:
		lane.damping.GoBack(true)
		from, to = before, at
	}
	for i := range to.P {
		to.P[i][k] = from.P[i][k]
	}
	to.C[k] = from.C[k]
	w.system[h].Damping[k] = lane.damping.Raise
}

// weigh computes what the step of a lane is worth.
func (w *singleWorker) weigh(l int) {
	h, k := half(l)
	lane, system := &w.progress[l], w.system[h]
	switch {
	case lane.damping.Again || lane.still:
	case !(system.Least[k] > singlePivot):
		lane.damping.GoBack(!lane.damping.Exact)
	default:
		lane.steps++
		lane.reduction = 1
		if lane.damping.Exact && lane.damping.Raise == 0 {
			lane.reduction = system.Predicted[k] / float64(lane.squares)
			lane.still = lane.reduction <= stillReduction
		}
	}
}

// move takes the step that was solved for.
func (w *singleWorker) move(l int) {
	h, k := half(l)
	system, at := w.system[h], w.at[h]
	for i := range at.P {
		at.P[i][k] += math.Log2E * system.Solution[i][k]
	}
	at.C[k] = max(0, at.C[k]+system.Solution[7][k])
}

// lastStep takes a step with the gradient in double precision and the matrix of the pass before. Near the minimum the
// matrix hardly changes, so that this is almost a Newton step. squares are the sums of squares before the step.
func (w *singleWorker) lastStep() {
	f, point := w.lanes, w.confirm
	for h, system := range w.system {
		*point = *w.at[h]
		for k := range 6 {
			for l := range point.P[k] {
				point.P[k][l] *= tensorUnit
			}
		}
		point.Squares, point.Gradient = ops.Lanes{}, ops.Lanes{}
		system.Right = [8]ops.Lanes{}
		for i := 0; i < f.N; i += lanes.Block {
			m := min(lanes.Block, f.N-i)
			f.Model(&w.slope[0], &w.unused[0], &w.unused[0], &w.exact[h][i], &f.Rows[ops.DesignFields*i], m, point)
			f.Project(&system.Right[0], &w.slope[0], i, m)
		}
		for k := range 6 {
			for l := range system.Right[k] {
				system.Right[k][l] *= tensorUnit
			}
		}
		system.Right[7] = point.Gradient
		copy(w.squares[h*ops.TensorBatch:], point.Squares[:])
		system.Damping, system.Bound = ops.Lanes{}, w.at[h].C
		w.lanes.Step(system)
	}
	for l := range w.progress {
		w.move(l)
	}
}

// pass computes the systems of the Newton step at every lane's point.
func (w *singleWorker) pass() {
	point := w.point
	w.Narrow(&w.at[0].P[0], &w.at[1].P[0], &point.P[0], 8) // P and C
	for l := range point.Mix {
		point.Mix[l] = 0
		if w.progress[l].damping.Exact {
			point.Mix[l] = 1
		}
	}
	point.Squares, point.Gradient = ops.LanesSingle{}, ops.LanesSingle{}
	*w.sums, *w.sides = [28]ops.LanesSingle{}, [14]ops.LanesSingle{}
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

// loadExact loads the signals in double precision of the voxels that are loaded already.
func loadExact[T float32 | float64](w *singleWorker, signal []T, first, count int) {
	signal = signal[first*w.n : (first+count)*w.n]
	switch s := any(signal).(type) {
	case []float32:
		w.Widen(&w.exact[0][0], &w.exact[1][0], &w.signal[0], w.n)
	case []float64:
		if count == ops.TensorBatchSingle && w.n >= 4 {
			w.lanes.PackFloat64(&w.exact[0][0], &s[0], w.n)
			w.lanes.PackFloat64(&w.exact[1][0], &s[ops.TensorBatch*w.n], w.n)
			return
		}
		for l := range ops.TensorBatchSingle {
			row := s[:w.n]
			if l < count {
				row = s[l*w.n:][:w.n]
			}
			h, k := half(l)
			for i, v := range row {
				w.exact[h][i][k] = v
			}
		}
	}
}
