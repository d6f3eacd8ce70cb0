package kernel

import (
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// nnlsLanes is an nnls made ready for kernels: A^T y of one voxel in each lane of a vector, then
// each voxel's set of columns with the unknowns in lanes.
type nnlsLanes struct {
	*nnls
	shared  *ops.CSD
	steps   *ops.NNLS
	rows    panels  // A^T, or that of columns with mean zero where b = 0 is known
	listed  []int32 // offsets of the volumes in the packed signal
	weak    []int32 // those of b = 0
	all     []int32 // both
	tiles   int     // of the unknowns
	vectors int     // of A^T y: of all lanes, whole tiles and panels
}

func newNNLSLanes(n *nnls, rows []float64, set *ops.Set) *nnlsLanes {
	l := &nnlsLanes{nnls: n, shared: set.CSD, steps: set.NNLS}
	m, tile := len(n.volumes), set.NNLS.Tile*set.CSD.Lanes
	offset := func(v int) int32 { return int32(v * l.shared.Lanes * 8) }
	for _, v := range n.b0s {
		l.weak = append(l.weak, offset(v))
	}
	for _, v := range n.volumes {
		l.listed = append(l.listed, offset(v))
	}
	l.all = append(append(l.all, l.weak...), l.listed...)
	l.rows = newPanels(n.unknowns, m, l.shared.Panel, func(r, c int) float64 { return rows[r*m+c] })
	l.tiles = roundUp(n.unknowns, tile) / tile
	l.vectors = max(l.rows.rows, l.tiles*tile)
	n.problem.MakeGram(l.tiles * tile)
	return l
}

func (l *nnlsLanes) NewWorker() Worker {
	lanes, stride := l.shared.Lanes, l.stride()
	w := &nnlsLaneWorker{
		nnlsLanes: l,
		staged32:  make([]float32, lanes*stride), staged64: make([]float64, lanes*stride),
		signal: alignedFloats(stride * lanes), seen: alignedFloats(3 * lanes),
		sums: alignedFloats(3 * lanes), weakSums: alignedFloats(3 * lanes),
		b: alignedFloats(l.vectors * lanes), turned: alignedFloats(l.tiles * l.steps.Tile * lanes * lanes),
		rowBytes: make([]int, l.unknowns), y: make([]float64, len(l.volumes)),
	}
	w.solver = l.problem.NewScratch(w.price)
	return w
}

// stride is the length of a staged signal: as long as a signal, but never shorter than a vector.
func (l *nnlsLanes) stride() int { return max(l.measurements, l.shared.Lanes) }

type nnlsLaneWorker struct {
	*nnlsLanes
	solver *ref.NNLSScratch

	staged32 []float32 // signals, where they are not whole and in one piece
	staged64 []float64
	signal   []float64 // in lanes
	seen     []float64
	sums     []float64
	weakSums []float64 // of b = 0
	b        []float64 // A^T y, in lanes
	turned   []float64 // the same in squares of lanes x lanes, each with a vector for each voxel
	rowBytes []int     // offsets of rows of the Gram matrix
	y        []float64 // of one voxel, where it is needed
}

func (w *nnlsLaneWorker) Fit(params []float64, status []Status, signal []float32) {
	fitNNLSLanes(w, params, status, signal, w.staged32, w.shared.PackFloat32)
}

func (w *nnlsLaneWorker) Fit64(params []float64, status []Status, signal []float64) {
	fitNNLSLanes(w, params, status, signal, w.staged64, w.shared.PackFloat64)
}

func fitNNLSLanes[T float32 | float64](w *nnlsLaneWorker, params []float64, status []Status, signal []T, staged []T, pack func(*float64, *T, int, int)) {
	w.checkLengths(len(params), len(status), len(signal))
	m, lanes, stride, each := w.measurements, w.shared.Lanes, w.stride(), w.Parameters()
	for first := 0; first < len(status); first += lanes {
		n := min(lanes, len(status)-first)
		rows := signal[first*m:]
		if n < lanes || m < stride {
			for lane := range n {
				copy(staged[lane*stride:], rows[lane*m:][:m])
			}
			rows = staged
		}
		pack(&w.signal[0], &rows[0], stride, stride)
		w.multiply()
		for lane := range n {
			v := first + lane
			status[v] = w.fitLane(params[v*each:][:each], lane)
		}
	}
}

// multiply computes A^T y and the sums that the solver needs, of all lanes.
func (w *nnlsLaneWorker) multiply() {
	s, m := w.shared, len(w.volumes)
	s.Inspect(&w.seen[0], &w.signal[0], &w.all[0], len(w.all))
	w.steps.Sums(&w.sums[0], &w.signal[0], &w.listed[0], m)
	if len(w.weak) > 0 {
		w.steps.Sums(&w.weakSums[0], &w.signal[0], &w.weak[0], len(w.weak))
	}
	s.Multiply(&w.b[0], &w.rows.data[0], &w.signal[0], &w.listed[0], w.rows.count, m)
	if w.offsets != nil {
		for lane := range s.Lanes {
			if total, positive := w.sums[lane], w.sums[s.Lanes+lane]; total != positive {
				w.centre(lane, (total-positive)/float64(m))
			}
		}
	}
	w.turn()
}

// fitLane solves for the voxel in one lane.
func (w *nnlsLaneWorker) fitLane(row []float64, lane int) Status {
	about := w.inspectLane(lane)
	if status, bad := w.refuse(row, &about); bad {
		return status
	}
	shift := w.l1 * about.s0
	outcome := w.solver.Solve(w.takeB(lane, shift), shift)
	square, ok := 0.0, false
	if outcome == ref.Converged {
		square, ok = w.solver.SquaredResidual(about.energy, about.gross, shift)
	}
	if !ok {
		w.takeY(lane, about.isotropic)
		if outcome == ref.Doubtful {
			outcome = w.solver.SolveCarefully(w.y, shift)
		}
		r := w.solver.Residual(w.y)
		square = float64(r * r)
	}
	return w.write(row, w.solver, &about, square, outcome)
}

func (w *nnlsLaneWorker) inspectLane(lane int) nnlsSignal {
	lanes := w.shared.Lanes
	poison, low, high := w.seen[lane], w.seen[lanes+lane], w.seen[2*lanes+lane]
	total, positive, squares := w.sums[lane], w.sums[lanes+lane], w.sums[2*lanes+lane]
	about := nnlsSignal{
		nonFinite: poison != 0, zero: low == 0 && high == 0,
		s0: 1, energy: squares, gross: squares,
	}
	if w.b0s != nil {
		m := float64(len(w.volumes))
		about.negative = low < 0
		about.s0 = w.weakSums[lane] / float64(len(w.b0s))
		about.isotropic = positive / m
		about.mean = (total - positive) / m
		about.energy += float64(m*float64(about.isotropic*about.isotropic)) - 2*float64(about.isotropic*total)
	}
	return about
}

// centre adds to A^T y in one lane what the mean of y contributes: it is not zero where values are
// negative, which count as zero in the isotropic part.
func (w *nnlsLaneWorker) centre(lane int, mean float64) {
	for j, offset := range w.offsets {
		w.b[j*w.shared.Lanes+lane] += float64(mean * offset)
	}
}

// turn makes vectors of the unknowns out of vectors of voxels.
func (w *nnlsLaneWorker) turn() {
	lanes := w.shared.Lanes
	for square := range w.tiles * w.steps.Tile {
		from := square * lanes * lanes
		w.shared.Transpose(&w.turned[from], &w.b[from], lanes, lanes)
	}
}

// takeB makes B for the solver out of one lane of A^T y, and returns the place of its largest
// element.
func (w *nnlsLaneWorker) takeB(lane int, shift float64) int {
	lanes := w.shared.Lanes
	return w.steps.Price(&w.solver.B[0], &w.turned[lane*lanes], &w.problem.Gram[0], &w.seen[0], unsafe.SliceData(w.rowBytes),
		0, lanes*lanes*8, shift, w.tiles)
}

// price is the solver's ref.Pricer.
func (w *nnlsLaneWorker) price(prices, b, x []float64, places []int) int {
	for i, place := range places {
		w.rowBytes[i] = place * w.problem.Stride * 8
	}
	return w.steps.Price(&prices[0], &b[0], &w.problem.Gram[0], unsafe.SliceData(x), unsafe.SliceData(w.rowBytes),
		len(places), w.shared.Lanes*8, 0, w.tiles)
}

// takeY is y of one lane.
func (w *nnlsLaneWorker) takeY(lane int, isotropic float64) {
	lanes := w.shared.Lanes
	for i, v := range w.volumes {
		w.y[i] = w.signal[v*lanes+lane] - isotropic
	}
}
