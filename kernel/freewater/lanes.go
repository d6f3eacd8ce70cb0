package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// laneFitter fits free water eight or sixteen voxels at a time, with the mathematics of package reftensor. Voxels are
// prepared side by side. Each then goes to a lane, and when it has converged the next voxel takes that lane. The
// portable code fits voxels on which this fails (no convergence, anything singular or not finite).
type laneFitter struct {
	*lanes.Design
	model         *reftensor.FreeWater
	means         []float64 // n x 8: weights of the mean b0 signal, of the mean of the shell for the guess, of the mean signal; fast decays
	guess         []float64 // n x 8: times the logarithms, summed up, it gives the start
	square        float64   // the sum of the squares of water
	tissue, water float64
	single        *singleDesign // of NLS; nil where all is in double precision
	grid          *gridDesign   // of WLS; nil where all is in double precision
}

// Columns of means.
const (
	meanB0 = iota
	meanShell
	meanAll
	fastSums // reftensor.FastDecays, and the decay of water
)

func newLaneFitter(kernels *ops.Tensor, model *reftensor.FreeWater) *laneFitter {
	n := model.Design.Measurements()
	f := &laneFitter{Design: lanes.NewDesign(kernels, model.Design, model.Water()), model: model}
	volumes, tissue, water, inverse := model.Guess()
	f.tissue, f.water = tissue, water
	f.means = lanes.Table(n, 8, func(i int, row []float64) { row[meanAll] = 1 / float64(n) })
	for _, i := range model.B0 {
		f.means[8*i+meanB0] += 1 / float64(len(model.B0))
	}
	for _, i := range volumes {
		f.means[8*i+meanShell] = 1 / float64(len(volumes))
	}
	if model.Nonlinear {
		for k, column := range model.FastDecays() {
			for i, v := range column {
				f.means[8*i+fastSums+k] = v
			}
		}
	}
	f.guess = lanes.Table(n, 8, func(i int, row []float64) { copy(row, inverse[7*i:7*i+7]) })
	for _, w := range model.Water() {
		f.square += w * w
	}
	return f
}

// laneWorker is the memory of one worker.
type laneWorker struct {
	*worker // fits the voxels that are handed over
	lanes   *laneFitter

	arriving []ops.Lanes // the signals of the voxels that are prepared
	signal   []ops.Lanes // the signals of the voxels that are fitted
	u, v, x  []ops.Lanes // for one block of measurements
	sums     *[28]ops.Lanes
	system   *ops.System
	point    *ops.Point
	rest     ops.Rest
	extent   ops.Extent

	prepared []preparedVoxel // those that still wait for a lane
	space    [ops.TensorBatch]preparedVoxel
}

// A preparedVoxel is one that no rule has settled.
type preparedVoxel struct {
	voxel, lane int // lane among the arriving voxels
	negative    bool
	s0, energy  float64
}

// A waterPoint is a point in parameter space. p is in units of binary logarithms.
type waterPoint struct {
	p [7]float64
	c float64
}

// fraction returns the fraction of free water.
func (a *waterPoint) fraction() float64 {
	if s0 := math.Exp2(a.p[6]) + a.c; s0 > 0 {
		return a.c / s0
	}
	return 0
}

func (f *laneFitter) newWorker(portable *worker) *laneWorker {
	w := &laneWorker{worker: portable, lanes: f}
	w.arriving, w.signal = lanes.Aligned[ops.Lanes](f.N), lanes.Aligned[ops.Lanes](f.N)
	w.u, w.v, w.x = lanes.Aligned[ops.Lanes](lanes.Block), lanes.Aligned[ops.Lanes](lanes.Block), lanes.Aligned[ops.Lanes](lanes.Block)
	w.sums = lanes.AlignedOne[[28]ops.Lanes]()
	w.system, w.point = lanes.AlignedOne[ops.System](), lanes.AlignedOne[ops.Point]()
	return w
}

// handOver lets the portable code fit one voxel.
func handOver[T float32 | float64](w *laneWorker, params []float64, status []kernel.Status, signal []T, i int) {
	n := w.lanes.N
	fit(w.worker, params[i*parameters:][:parameters], status[i:i+1], signal[i*n:][:n])
}

// prepare takes up to eight voxels, from first on. It applies the rules that need no nonlinear fit, and finds starting
// points for the others. It returns the first voxel that it did not take.
func prepare[T float32 | float64](w *laneWorker, params []float64, status []kernel.Status, signal []T, first int) (next int) {
	count := min(ops.TensorBatch, len(status)-first)
	lanes.Load(w.lanes.Design, w.arriving, &w.extent, signal, first, count)
	w.plainFit()
	s0 := w.means()
	w.prepared = w.space[:0]
	for l := range count {
		i := first + l
		switch w.verdict(&s0, l) {
		case verdictUnusual:
			handOver(w, params, status, signal, i)
		case verdictWater:
			writeWater(w.lanes, params, status, signal, i)
		default:
			w.prepared = append(w.prepared, w.prepare(&s0, i, l))
		}
	}
	return first + count
}

// A verdict is what the rules say that need only a plain tensor.
type verdict uint8

const (
	verdictFit     verdict = iota
	verdictUnusual         // the portable code decides
	verdictWater           // free water alone
)

// verdict returns the verdict on a lane of the arriving voxels, after plainFit.
func (w *laneWorker) verdict(means *[7]ops.Lanes, l int) verdict {
	if w.unusual(means, l) {
		return verdictUnusual
	}
	return w.verdictOnDiffusivity(w.plainDiffusivity(w.system, l), 1e-9)
}

// unusual says that the portable code must decide about a lane of the arriving voxels. The normal matrix has been
// factored before.
func (w *laneWorker) unusual(means *[7]ops.Lanes, l int) bool {
	model, energy := w.lanes.model, w.sums[w.lanes.energyPlace()][l]
	return !(means[meanB0][l] > model.MinSignal && means[meanAll][l] > model.MinSignal &&
		energy > 1e-100 && energy < lanes.OrdinaryEnergy && w.system.Least[l] > 1e-10)
}

// plainDiffusivity is the mean diffusivity of the tensor that a system was solved for.
func (w *laneWorker) plainDiffusivity(system *ops.System, l int) float64 {
	plain := &system.Solution
	return math.Ln2 * (plain[0][l] + plain[2][l] + plain[5][l]) / 3
}

// verdictOnDiffusivity applies the rule on the mean diffusivity. It is not sure within the margin, which is relative.
func (w *laneWorker) verdictOnDiffusivity(md, margin float64) verdict {
	limit := w.lanes.model.MDReg
	switch {
	case !(math.Abs(md-limit) > margin*limit):
		return verdictUnusual
	case md > limit:
		return verdictWater
	}
	return verdictFit
}

// prepare returns what is known about the voxel in a lane of those that arrived.
func (w *laneWorker) prepare(means *[7]ops.Lanes, voxel, lane int) preparedVoxel {
	return preparedVoxel{
		voxel: voxel, lane: lane, negative: w.extent.Least[lane] < 0,
		s0: means[meanB0][lane], energy: w.sums[w.lanes.energyPlace()][lane],
	}
}

// writeWater writes a voxel of free water alone.
func writeWater[T float32 | float64](f *laneFitter, params []float64, status []kernel.Status, signal []T, voxel int) {
	p, sum := params[voxel*parameters:][:parameters], 0.0
	for _, i := range f.model.B0 {
		sum += float64(signal[voxel*f.N+i])
	}
	clear(p)
	p[6], p[7] = sum/float64(len(f.model.B0)), 1
	status[voxel] = kernel.Status{Code: kernel.AllFreeWater}
}

// energyPlace returns the place of the sum of weights among the normal sums. With weights s^2 it is the energy.
func (f *laneFitter) energyPlace() int {
	if f.Normal != nil {
		return 21
	}
	return 27
}

// plainFit fits a tensor without water to the arriving voxels, with the squares of the signal as weights. The
// factors of the normal matrix stay in the system.
func (w *laneWorker) plainFit() {
	f := w.lanes
	w.leaveAll()
	clear(w.sums[:])
	w.weightedLogarithms(w.system, w.arriving, w.sums)
	f.NormalMatrix(w.system, w.sums)
	clear(w.system.Damping[:])
	f.Factor(w.system)
	f.Solve(w.system)
}

// leaveAll sets that no water is subtracted from the signals.
func (w *laneWorker) leaveAll() {
	least := w.lanes.model.MinSignal
	for l := range w.rest.C {
		w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = 0, least, least
	}
}

// weightedLogarithms computes the right-hand side of the weighted linear fit to what water leaves of the signals.
// Unless normal is nil, it also computes the sums of the fit's matrix.
func (w *laneWorker) weightedLogarithms(system *ops.System, signal []ops.Lanes, normal *[28]ops.Lanes) {
	f := w.lanes
	clear(system.Right[:])
	for i := 0; i < f.N; i += lanes.Block {
		m := min(lanes.Block, f.N-i)
		f.WeightedLogarithms(&w.u[0], &w.v[0], &signal[i], &f.Rows[ops.DesignFields*i], m, &w.rest)
		f.Project(&system.Right[0], &w.u[0], i, m)
		if normal != nil {
			f.NormalSums(normal, &w.v[0], i, m)
		}
	}
}

// linearMisfit solves the weighted linear fit whose matrix was factored, and sums up the squares of the
// differences of signal and prediction.
func (w *laneWorker) linearMisfit(system *ops.System, signal []ops.Lanes) ops.Lanes {
	f := w.lanes
	w.weightedLogarithms(system, signal, nil)
	f.Solve(system)
	copy(w.point.P[:], system.Solution[:7])
	w.point.C = w.rest.C
	w.point.Squares = ops.Lanes{}
	f.Misfit(&signal[0], &f.Rows[0], f.N, w.point)
	return w.point.Squares
}

// means returns the columns of the table of means.
func (w *laneWorker) means() (m [7]ops.Lanes) {
	clear(w.point.P[:])
	w.lanes.Sums7(&w.point.P[0], &w.lanes.means[0], &w.arriving[0], w.lanes.N)
	return w.point.P
}

// maybeAllWater is a test that every voxel passes whose fraction in the weighted linear fit is 0.99 or more. It has a
// safety margin.
func (w *laneWorker) maybeAllWater(s0 *ops.Lanes) (maybe [ops.TensorBatch]bool) {
	any := false
	high, low := w.misfits(0.9, s0), w.misfits(0.8, s0)
	for l := range maybe {
		maybe[l] = !(high[l] > low[l]*(1+1e-9))
		any = any || maybe[l]
	}
	if !any {
		return maybe
	}
	high, low = w.misfits(0.99, s0), w.misfits(0.98, s0)
	for l := range maybe {
		maybe[l] = maybe[l] && !(high[l] > low[l]*(1+1e-9))
	}
	return maybe
}

// misfits returns the sums of squares of the weighted linear fits with one fraction of water.
func (w *laneWorker) misfits(fraction float64, s0 *ops.Lanes) ops.Lanes {
	f := w.lanes
	for l := range s0 {
		w.rest.C[l], w.rest.Cut[l], w.rest.Floor[l] = fraction*s0[l], 0, f.model.MinSignal
	}
	return w.linearMisfit(w.system, w.arriving)
}

// starts guesses the fraction from the mean of the shell, and the tissue's tensor from the rest.
func (w *laneWorker) starts(means *[7]ops.Lanes) (start [ops.TensorBatch]waterPoint) {
	f := w.lanes
	var c ops.Lanes
	for l := range c {
		s0 := means[meanB0][l]
		fraction := 1 - (means[meanShell][l]/s0-f.water)/(f.tissue-f.water)
		c[l] = min(max(fraction, 0.02), 0.95) * s0
	}
	w.startsAt(&start, w.arriving, &c, &means[meanB0])
	return start
}

// startFloor is the least that water may leave of a signal, relative to S0, when a start is computed.
const startFloor = 0.03

// startsAt subtracts water from the signals and fits the logarithms of the rest with constant weights.
func (w *laneWorker) startsAt(start *[ops.TensorBatch]waterPoint, signal []ops.Lanes, c, s0 *ops.Lanes) {
	f := w.lanes
	w.rest.C = *c
	for l := range s0 {
		w.rest.Floor[l] = startFloor * s0[l]
	}
	w.rest.Cut = w.rest.Floor
	clear(w.point.P[:])
	for i := 0; i < f.N; i += lanes.Block {
		m := min(lanes.Block, f.N-i)
		f.Logarithms(&w.u[0], &signal[i], &f.Rows[ops.DesignFields*i], m, &w.rest)
		f.Sums7(&w.point.P[0], &f.guess[8*i], &w.u[0], m)
	}
	for l := range start {
		for k := range w.point.P {
			start[l].p[k] = w.point.P[k][l]
		}
		start[l].c = c[l]
	}
}
