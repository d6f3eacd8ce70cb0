package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A nlsWorker fits free water by NLS. Voxels come in lots. With Mixed precision, sixteen at a time have their start,
// the rules and the first Newton steps in single precision. With Double, and where single precision cannot decide,
// eight at a time have their start and the rules in double precision. Each voxel then goes to one of eight lanes, where
// Newton steps in double precision end the fit. A doubtful voxel comes back from there for another start.
type nlsWorker struct {
	*laneWorker
	single *singleWorker // nil where all is in double precision
	linear *gridWorker   // fits by WLS
	slots  [ops.TensorBatch]newtonSlot
	dipy   [ops.TensorBatch]reftensor.Levenberg // of the slots that go DIPY's way

	ready      []nlsVoxel // those that wait for a lane
	readySpace [gridLot]nlsVoxel
	careful    []int      // those that wait for the rules in double precision
	watery     []nlsVoxel // those that wait for their fraction by WLS, which decides about the start or about the whole fit
	linearly   []nlsVoxel // those that have their start from WLS, and wait for a lot in single precision
	doubtful   []nlsVoxel // those that wait for the second start
	lot        int        // how many voxels make a lot
	searched   struct {   // a lot of voxels whose fraction is searched
		signal, params []float64
		status         []kernel.Status
	}
}

// A nlsVoxel is a voxel with a starting point.
type nlsVoxel struct {
	voxel      int
	negative   bool
	s0, energy float64
	fast       [reftensor.FastDecayCount + 1]float64 // sums with decays faster than water's, and with that of water
	start      waterPoint

	// These are about steps in single precision: the point before the last step and its sum of squares (+Inf: there is
	// no such point), the number of steps, the relative reduction that the last step promised, and whether the next
	// step is exact.
	before        waterPoint
	beforeSquares float64
	reduction     float64
	taken         int
	exact         bool

	turn  turn
	noisy bool
	total int // steps from all starts
	best  struct {
		at      waterPoint
		squares float64
		turn    turn
	}
}

// A turn is one fit of a voxel, from one start.
type turn uint8

const (
	firstTurn  turn = iota
	linearTurn      // from the result of WLS
	secondTurn      // from a fraction in the middle
	dipyTurn        // from DIPY's start, in DIPY's way
	lastTurn        // from the end of dipyTurn
)

func (f *laneFitter) newNLSWorker(portable *worker) *nlsWorker {
	w := &nlsWorker{laneWorker: f.newWorker(portable), linear: f.newGridWorker(portable), lot: ops.TensorBatch}
	if f.single != nil {
		w.single, w.lot = f.single.newWorker(f), ops.TensorBatchSingle
	}
	// While a lot waits for lanes, each voxel of it, and of the eight in lanes, may join a queue that is less than a
	// lot.
	const most = 4 * gridLot
	w.careful = make([]int, 0, most)
	for _, queue := range []*[]nlsVoxel{&w.watery, &w.linearly, &w.doubtful} {
		*queue = make([]nlsVoxel, 0, most)
	}
	w.searched.signal = make([]float64, gridLot*f.N)
	w.searched.params = make([]float64, gridLot*parameters)
	w.searched.status = make([]kernel.Status, gridLot)
	return w
}

func (w *nlsWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitNLS(w, params, status, signal)
}

func (w *nlsWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitNLS(w, params, status, signal)
}

func fitNLS[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("free water", w, len(params), len(status), len(signal))
	for l := range w.slots {
		w.slots[l].busy = false
	}
	w.ready, w.careful, w.watery, w.linearly, w.doubtful = nil, w.careful[:0], w.watery[:0], w.linearly[:0], w.doubtful[:0]
	n, next := w.lanes.N, 0
	for {
		busy := 0
		for l := range w.slots {
			slot := &w.slots[l]
			if !slot.busy {
				next = replenish(w, params, status, signal, next, false)
				if len(w.ready) > 0 {
					v := &w.ready[0]
					w.begin(l, v)
					for i, x := range signal[v.voxel*n:][:n] {
						w.signal[i][l] = float64(x)
					}
					w.ready = w.ready[1:]
				}
			}
			if slot.busy {
				busy++
			}
		}
		if busy == 0 {
			if next = replenish(w, params, status, signal, next, true); len(w.ready) == 0 {
				return
			}
			continue
		}
		w.pass()
		for l := range w.slots {
			slot := &w.slots[l]
			if !slot.busy || slot.state == slotRunning {
				continue
			}
			slot.busy = false
			switch i := slot.voxel; slot.state {
			case slotDone:
				status[i] = slot.write(params[i*parameters:][:parameters])
			case slotNoisy:
				w.watery = append(w.watery, slot.nlsVoxel)
			case slotDoubtful:
				w.doubtful = append(w.doubtful, slot.nlsVoxel)
			case slotHandedOver:
				handOver(w.laneWorker, params, status, signal, i)
			}
		}
	}
}

// replenish makes voxels ready if none is. It takes complete lots first, and of these the ones nearest to their end, so
// that queues stay short. Then it takes voxels that were not seen yet and, when everything was asked for, incomplete
// lots.
func replenish[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T, next int, all bool) int {
	for len(w.ready) == 0 {
		w.ready = w.readySpace[:0]
		switch {
		case len(w.doubtful) >= w.lot:
			startAgain(w, params, status, signal)
		case len(w.linearly) >= w.lot:
			refit(w, params, status, signal, &w.linearly)
		case len(w.watery) >= gridLot:
			searchGrid(w, params, status, signal)
		case len(w.careful) >= ops.TensorBatch:
			prepareCareful(w, params, status, signal)
		case next < len(status) && w.single != nil:
			next = prepareSingle(w, params, status, signal, next)
		case next < len(status):
			for range min(ops.TensorBatch, len(status)-next) {
				w.careful = append(w.careful, next)
				next++
			}
		case all && len(w.careful) > 0:
			prepareCareful(w, params, status, signal)
		case all && len(w.watery) > 0:
			searchGrid(w, params, status, signal)
		case all && len(w.linearly) > 0:
			refit(w, params, status, signal, &w.linearly)
		case all && len(w.doubtful) > 0:
			startAgain(w, params, status, signal)
		default:
			return next
		}
	}
	return next
}

// arrive transposes the signals of up to eight voxels. Lanes without a voxel get the first one's signal.
func arrive[T float32 | float64](w *nlsWorker, signal []T, voxels []int) {
	n := w.lanes.N
	for l := range ops.TensorBatch {
		v := voxels[0]
		if l < len(voxels) {
			v = voxels[l]
		}
		for i, x := range signal[v*n:][:n] {
			w.arriving[i][l] = float64(x)
		}
	}
	w.extent = ops.Extent{Least: w.arriving[0], Most: w.arriving[0]}
	w.lanes.Range(&w.extent, &w.arriving[0], n)
}

// prepareCareful applies the rules that need no nonlinear fit to up to eight voxels, and finds starting points. A voxel
// whose fraction in WLS may be 0.99 or more is listed for WLS, because then its result is kept.
func prepareCareful[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T) {
	count := min(ops.TensorBatch, len(w.careful))
	if first := w.careful[0]; count == ops.TensorBatch && w.careful[count-1] == first+count-1 {
		lanes.Load(w.lanes.Design, w.arriving, &w.extent, signal, first, count)
	} else {
		arrive(w, signal, w.careful[:count])
	}
	w.plainFit()
	means := w.means()
	var verdicts [ops.TensorBatch]verdict
	var voxels [ops.TensorBatch]nlsVoxel
	for l := range count {
		verdicts[l] = w.verdict(&means, l)
		v := w.prepare(&means, w.careful[l], l)
		voxels[l] = nlsVoxel{voxel: v.voxel, negative: v.negative, s0: v.s0, energy: v.energy, beforeSquares: math.Inf(1)}
		for k := range voxels[l].fast {
			voxels[l].fast[k] = means[fastSums+k][l]
		}
	}
	start := w.starts(&means)
	maybeWater := w.maybeAllWater(&means[meanB0])
	for l := range count {
		v := &voxels[l]
		v.start = start[l]
		switch {
		case verdicts[l] == verdictUnusual:
			handOver(w.laneWorker, params, status, signal, v.voxel)
		case verdicts[l] == verdictWater:
			writeWater(w.lanes, params, status, signal, v.voxel)
		case maybeWater[l]:
			w.watery = append(w.watery, *v)
		default:
			w.ready = append(w.ready, *v)
		}
	}
	w.careful = append(w.careful[:0], w.careful[count:]...)
}

// startAgain gives a lot of doubtful voxels their second start.
func startAgain[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T) {
	if w.single != nil {
		refit(w, params, status, signal, &w.doubtful)
		return
	}
	prepareSecond(w, signal)
}

// prepareSecond gives up to eight voxels their second start.
func prepareSecond[T float32 | float64](w *nlsWorker, signal []T) {
	count := min(ops.TensorBatch, len(w.doubtful))
	var voxels [ops.TensorBatch]int
	var s0, c ops.Lanes
	for l, v := range w.doubtful[:count] {
		voxels[l], s0[l], c[l] = v.voxel, v.s0, reftensor.SecondFraction*v.s0
	}
	arrive(w, signal, voxels[:count])
	var start [ops.TensorBatch]waterPoint
	w.startsAt(&start, w.arriving, &c, &s0)
	for l := range count {
		v := &w.doubtful[l]
		v.again(v.turn, start[l])
		w.ready = append(w.ready, *v)
	}
	w.doubtful = append(w.doubtful[:0], w.doubtful[count:]...)
}

// again prepares the voxel's next turn.
func (v *nlsVoxel) again(turn turn, start waterPoint) {
	v.turn, v.start, v.beforeSquares, v.taken, v.exact, v.reduction = turn, start, math.Inf(1), 0, false, 0
}

// gridLot is how many voxels are searched for their fraction in one go. They are many, because towards the end of a
// search neither lanes nor lots are full.
const gridLot = 128

// searchGrid fits a lot of voxels by WLS. Voxels that have not been fitted yet keep the result if the fraction is 0.99
// or more, as in DIPY, and otherwise begin where they would have begun. The others begin from the result and go DIPY's
// way, in double precision.
func searchGrid[T float32 | float64](w *nlsWorker, params []float64, status []kernel.Status, signal []T) {
	n, found := w.lanes.N, &w.searched
	count := min(gridLot, len(w.watery))
	for k, v := range w.watery[:count] {
		for i, x := range signal[v.voxel*n:][:n] {
			found.signal[k*n+i] = float64(x)
		}
	}
	w.linear.Fit64(found.params[:count*parameters], found.status[:count], found.signal[:count*n])
	for k := range count {
		v := &w.watery[k]
		p, code := found.params[k*parameters:][:parameters], found.status[k].Code
		switch {
		case code != kernel.OK && code != kernel.NegativeSignal && code != kernel.NegativeEigenvalue:
			handOver(w.laneWorker, params, status, signal, v.voxel)
			continue
		case v.turn == dipyTurn:
			v.again(dipyTurn, startFromLinear(p, v.s0))
		case v.turn == linearTurn:
			v.again(linearTurn, startFromLinear(p, v.s0))
			if w.single != nil {
				w.linearly = append(w.linearly, *v)
				continue
			}
		case p[7] >= reftensor.AllWater:
			copy(params[v.voxel*parameters:], p)
			status[v.voxel] = found.status[k]
			continue
		}
		w.ready = append(w.ready, *v)
	}
	w.watery = append(w.watery[:0], w.watery[count:]...)
}

// startFromLinear returns DIPY's starting point: the tensor of WLS with negative eigenvalues raised to zero, the
// fraction of WLS, and the mean b0 signal.
func startFromLinear(params []float64, s0 float64) (start waterPoint) {
	var values [3]float64
	var vectors [9]float64
	reftensor.SymmetricEigen(&values, &vectors, (*[6]float64)(params))
	for k, value := range values {
		place := 0
		for i := range 3 {
			for j := range i + 1 {
				start.p[place] += math.Log2E * max(value, 0) * vectors[3*i+k] * vectors[3*j+k]
				place++
			}
		}
	}
	fraction := params[7]
	start.p[6], start.c = math.Log2((1-fraction)*s0), fraction*s0
	return start
}
