package nnls

import (
	"math"
	"slices"
	"unsafe"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// laneFitter is NNLS made ready for kernels that have the unknowns, or the values of a signal, in the lanes of a
// vector. A^T y is a product of matrices for a block of voxels. In single precision, an element of A^T y is computed
// again in double precision, as a dot product, where the solver asks for it.
type laneFitter struct {
	*fitter
	steps    *ops.NNLS
	single   bool                // A^T y is in single precision, by the projector
	order    []int               // places in the signal of the values that are used; nil where each value is used once
	values   int                 // how many values are used
	places   []int               // places of the volumes among these values
	length   int                 // values rounded up to whole chunks
	rows     []float64           // A^T, unknowns x length, with zeros where b = 0
	weighted []float64           // 1 for the volumes, else 0
	weak     []float64           // 1 for values at b = 0, else 0
	tiles    int                 // of the unknowns, as Price counts them
	wide     projection[float64] // A^T, where all is in double precision

	// These are for single precision.
	projector   projector
	singleTiles int       // of the unknowns, as PriceSingle counts them
	width       int       // length of the arrays of PriceSingle
	gram        []float32 // unknowns x width
}

// projection is a matrix in the layout of ops.NNLS.Project.
type projection[T float32 | float64] struct {
	matrix []T
	values int // how many values of a voxel it is multiplied by
	width  int // how many results a voxel has
	tiles  int
}

// project lays out a matrix with columns columns, whose rows are stride numbers apart, in tiles of block rows. width is
// a multiple of block, and at least the number of rows.
func project[T float32 | float64](matrix []float64, columns, stride, block, width int) projection[T] {
	p := projection[T]{matrix: make([]T, width*columns), values: columns, width: width, tiles: width / block}
	for j := range len(matrix) / stride {
		for i := range columns {
			p.matrix[(j/block*columns+i)*block+j%block] = T(matrix[j*stride+i])
		}
	}
	return p
}

const (
	// Single precision can hold the products of columns whose squared lengths lie between columnLeast and columnMost,
	// and of signals between signalLeast and signalMost.
	columnLeast, columnMost = 1e-12, 1e12
	signalLeast, signalMost = 1e-24, 1e24
	// surveyVectors is how many vectors ops.NNLS.SurveyFloat32 writes.
	surveyVectors = 7
)

func newLaneFitter(n *fitter, rows []float64, precision kernel.Precision, steps *ops.NNLS) *laneFitter {
	l := &laneFitter{fitter: n, steps: steps, single: precision != kernel.Double}
	places := l.placeValues()
	l.length = lanes.RoundUp(l.values, ops.Chunk)
	m := len(n.volumes)
	l.places = places[:m]
	l.rows, l.weighted, l.weak = lanes.Aligned[float64](n.unknowns*l.length), lanes.Aligned[float64](l.length), lanes.Aligned[float64](l.length)
	for i := range n.volumes {
		l.weighted[places[i]] = 1
	}
	for i := range n.b0s {
		l.weak[places[m+i]] = 1
	}
	for j := range n.unknowns {
		square := 0.0
		for i, v := range rows[j*m:][:m] {
			l.rows[j*l.length+places[i]] = v
			square += float64(v * v)
		}
		l.single = l.single && (square == 0 || square > columnLeast && square < columnMost)
	}
	tile := steps.Tile * steps.Lanes
	l.tiles = lanes.RoundUp(n.unknowns, tile) / tile
	n.problem.MakeGram(l.tiles * tile)
	if !l.single {
		l.wide = project[float64](l.rows, l.values, l.length, steps.BlockUnknowns*steps.Lanes, l.problem.Stride)
		return l
	}
	tile = steps.Tile * steps.Singles
	l.singleTiles = lanes.RoundUp(n.unknowns, tile) / tile
	l.width = l.singleTiles * tile
	l.projector = l.newProjector(steps.BlockUnknowns*steps.Singles, l.width)
	l.gram = make([]float32, n.unknowns*l.width)
	for j := range n.unknowns {
		for i, g := range n.problem.Gram[j*n.problem.Stride:][:n.unknowns] {
			l.gram[j*l.width+i] = float32(g)
		}
	}
	return l
}

// placeValues returns the places of the volumes, and then of the b0s, among the values that are used. These are the
// places in the signal if each of its values is used once. Otherwise the values are copied in this order.
func (l *laneFitter) placeValues() []int {
	order := append(append([]int(nil), l.volumes...), l.b0s...)
	used := make([]bool, l.measurements)
	for _, v := range order {
		used[v] = true
	}
	l.values = len(order)
	if len(order) == l.measurements && !slices.Contains(used, false) {
		return order
	}
	l.order = order
	places := make([]int, len(order))
	for i := range places {
		places[i] = i
	}
	return places
}

func (l *laneFitter) NewWorker() kernel.Worker {
	voxels := l.steps.BlockVoxels
	w := &laneWorker{
		laneFitter: l, stagedFloat32: make([]float32, l.length), stagedFloat64: make([]float64, l.length),
		signalsSingle: make([]float32, voxels*l.length), signalsDouble: lanes.Aligned[float64](voxels * l.length),
		sums: lanes.Aligned[float64](voxels * surveyVectors * l.steps.Lanes), productsDouble: make([]float64, voxels*l.wide.width),
		prices: make([]float32, l.width), above: make([]uint64, (l.width+63)/64),
		x: make([]float32, l.unknowns), rowBytes: make([]int, l.unknowns), y: make([]float64, len(l.volumes)),
	}
	for _, p := range l.projector.products {
		w.products = append(w.products, make([]float32, voxels*p.width))
	}
	w.solver = l.problem.NewScratch(w.price)
	return w
}

type laneWorker struct {
	*laneFitter
	solver *ref.NNLSScratch

	// A block of voxels.
	stagedFloat32  []float32 // for a signal that must be copied
	stagedFloat64  []float64
	signalsSingle  []float32 // the signals in both precisions
	signalsDouble  []float64
	sums           []float64
	products       [][]float32 // results of the projector's products; the last is A^T y
	productsDouble []float64   // A^T y where all is in double precision

	// The voxel at hand.
	signal   []float64
	b        []float32
	mean     float64
	prices   []float32
	above    []uint64
	x        []float32
	rowBytes []int
	y        []float64
}

func (w *laneWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitLanes(w, params, status, signal, w.stagedFloat32, w.steps.SurveyFloat32)
}

func (w *laneWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitLanes(w, params, status, signal, w.stagedFloat64, w.steps.SurveyFloat64)
}

func fitLanes[T float32 | float64](w *laneWorker, params []float64, status []kernel.Status, signal []T, staged []T, survey surveyStep[T]) {
	checks.Lengths("NNLS", w, len(params), len(status), len(signal))
	m, each := w.measurements, w.Parameters()
	for first := 0; first < len(status); first += w.steps.BlockVoxels {
		n := min(w.steps.BlockVoxels, len(status)-first)
		for k := range n {
			surveyVoxel(w, k, signal[(first+k)*m:][:m], staged, survey)
		}
		if w.single {
			w.projectBlock()
		} else {
			w.steps.Project(&w.productsDouble[0], &w.wide.matrix[0], &w.signalsDouble[0], w.wide.values, w.length, w.wide.width, w.wide.tiles)
		}
		for k := range n {
			v := first + k
			status[v] = w.fitVoxel(params[v*each:][:each], k)
		}
	}
}

// surveyStep is the type of ops.NNLS.SurveyFloat32 and SurveyFloat64.
type surveyStep[T float32 | float64] func(sums, wide *float64, single *float32, row *T, weighted, weak *float64, n int)

// surveyVoxel copies a signal into the block, as voxel k.
func surveyVoxel[T float32 | float64](w *laneWorker, k int, signal, staged []T, survey surveyStep[T]) {
	if w.order != nil {
		for i, v := range w.order {
			staged[i] = signal[v]
		}
		signal = staged
	} else if len(signal) < w.length {
		copy(staged, signal)
		signal = staged
	}
	survey(&w.sums[k*surveyVectors*w.steps.Lanes], &w.signalsDouble[k*w.length], &w.signalsSingle[k*w.length],
		&signal[0], &w.weighted[0], &w.weak[0], w.length)
}

// projectBlock computes A^T y of the block in single precision.
func (w *laneWorker) projectBlock() {
	values, stride := w.signalsSingle, w.length
	for i, results := range w.products {
		p := &w.projector.products[i]
		w.steps.ProjectSingle(&results[0], &p.matrix[0], &values[0], p.values, stride, p.width, p.tiles)
		values, stride = results, p.width
	}
}

// projected returns A^T y of voxel k of the block.
func (w *laneWorker) projected(k int) []float32 {
	return w.products[len(w.products)-1][k*w.width:][:w.width]
}

// fitVoxel solves for one voxel of the block.
func (w *laneWorker) fitVoxel(row []float64, k int) kernel.Status {
	about := w.inspect(w.sums[k*surveyVectors*w.steps.Lanes:][:surveyVectors*w.steps.Lanes])
	w.signal, w.mean = w.signalsDouble[k*w.length:][:w.length], about.mean
	if about.nonFinite && ref.OnlyTooLarge(w.signal) {
		about.nonFinite, about.tooLarge = false, true
	}
	if status, bad := w.refuse(row, &about); bad {
		return status
	}
	shift := w.l1 * about.s0
	outcome := w.solve(k, shift, &about)
	if outcome == ref.Converged {
		if square, ok := w.solver.SquaredResidual(about.energy, about.gross, shift); ok {
			return w.write(row, w.solver, &about, math.Sqrt(square), outcome)
		}
	}
	for i, place := range w.places {
		w.y[i] = w.signal[place] - about.isotropic
	}
	if outcome == ref.Doubtful {
		outcome = w.solver.SolveCarefully(w.y, shift)
	}
	return w.write(row, w.solver, &about, w.solver.Residual(w.y), outcome)
}

// solve begins in single precision where that can hold the signal.
func (w *laneWorker) solve(k int, shift float64, about *summary) ref.Outcome {
	gross := about.gross
	if w.single && gross > signalLeast && gross < signalMost && shift < signalMost {
		w.b = w.projected(k)
		if w.mean != 0 {
			for j, offset := range w.offsets {
				w.b[j] += float32(w.mean * offset)
			}
		}
		length := math.Sqrt(gross)
		return w.solver.SolveScreened(w, shift, length, w.projector.bound(length, about.energy))
	}
	b, first := w.solver.B[:w.unknowns], 0
	for j := range b {
		if w.single {
			b[j] = w.Product(j)
		} else {
			b[j] = w.productsDouble[k*w.wide.width+j] + w.correction(j)
		}
		b[j] -= shift
		if b[j] > b[first] {
			first = j
		}
	}
	return w.solver.Solve(first, shift, gross)
}

// correction returns what the mean of y contributes to an element of A^T y. The mean is not zero where values are
// negative, because these count as zero in the isotropic part.
func (w *laneWorker) correction(j int) float64 {
	if w.mean == 0 || w.offsets == nil {
		return 0
	}
	return float64(w.mean * w.offsets[j])
}

// inspect combines the partial results of a survey.
func (w *laneWorker) inspect(vectors []float64) summary {
	var total [surveyVectors]float64
	low, high := 0.0, 0.0
	for i := range total {
		total[i] = sumOfLanes(vectors[i*w.steps.Lanes:][:w.steps.Lanes])
	}
	for first := 8; first < w.steps.Lanes; first += 4 { // where a vector has more than eight lanes
		for i := range total {
			total[i] += sumOfLanes(vectors[i*w.steps.Lanes+first:][:4])
		}
	}
	for lane := range w.steps.Lanes { // total[0] has seen NaN, so that min and max, which look for it, are not needed
		if v := vectors[w.steps.Lanes+lane]; v < low {
			low = v
		}
		if v := vectors[2*w.steps.Lanes+lane]; v > high {
			high = v
		}
	}
	return w.about(total[0], low, high, total[3], total[4], total[5], total[6])
}

// sumOfLanes adds up the first four or eight numbers in pairs, which is faster than one after another.
func sumOfLanes(v []float64) float64 {
	four := (*[4]float64)(v)
	sum := (four[0] + four[1]) + (four[2] + four[3])
	if len(v) >= 8 {
		four = (*[4]float64)(v[4:])
		sum += (four[0] + four[1]) + (four[2] + four[3])
	}
	return sum
}

// Screen is a method of ref.Screener.
func (w *laneWorker) Screen(x []float64, places []int, shift, threshold float64) (place int, price float64) {
	for i, p := range places {
		w.x[i], w.rowBytes[i] = float32(x[i]), p*w.width*4
	}
	place = w.steps.PriceSingle(&w.prices[0], (*byte)(unsafe.Pointer(&w.above[0])), &w.b[0], &w.gram[0], &w.x[0], &w.rowBytes[0],
		len(places), float32(shift), float32(threshold), w.singleTiles)
	return place, float64(w.prices[place])
}

// price is the ref.Pricer of the solver.
func (w *laneWorker) price(prices, b, x []float64, places []int) int {
	for i, place := range places {
		w.rowBytes[i] = place * w.problem.Stride * 8
	}
	return w.steps.Price(&prices[0], &b[0], &w.problem.Gram[0], unsafe.SliceData(x), &w.rowBytes[0], len(places), w.tiles)
}

// Above is a method of ref.Screener.
func (w *laneWorker) Above() []uint64 { return w.above }

// Product is a method of ref.Screener.
func (w *laneWorker) Product(place int) float64 {
	return w.steps.Dot(&w.rows[place*w.length], &w.signal[0], w.length) + w.correction(place)
}
