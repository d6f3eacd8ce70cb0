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

// laneFitter is NNLS made ready for kernels that have the unknowns, or the values of a signal, in the
// lanes of a vector. A^T y is a product of matrices for a block of voxels at once. Where that is in single
// precision, columns that ask for it have a dot product in double precision besides.
type laneFitter struct {
	*fitter
	steps    *ops.NNLS
	single   bool                // A^T y is in single precision, by the projector
	order    []int               // of the values of a signal; nil where each is used once
	values   int                 // that are used
	places   []int               // of the volumes among them
	length   int                 // values rounded up to whole chunks
	rows     []float64           // of A^T, unknowns x length, with zeros where b = 0
	weighted []float64           // 1 for the volumes
	weak     []float64           // 1 for b = 0
	tiles    int                 // of the unknowns, of Price
	wide     projection[float64] // where all is in double precision

	// In single precision.
	projector   projector
	singleTiles int       // of PriceSingle
	width       int       // of its arrays
	gram        []float32 // unknowns x width
}

// projection is a matrix in the layout of ops.NNLS.Project.
type projection[T float32 | float64] struct {
	matrix []T
	values int // of a voxel that it is multiplied with
	width  int // of a voxel's results
	tiles  int
}

// project lays out a matrix of so many columns, whose rows are stride numbers apart, in tiles of block rows.
// width is a multiple of that, and not below the number of rows.
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
	// columnLeast and columnMost are between what squared lengths of columns must lie for single
	// precision to hold their products; signalLeast and signalMost are the same for signals.
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

// placeValues says where volumes, then b0s, are among the values that are used: where they are in a signal
// if each value there is used once, else one after another.
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
	stagedFloat32  []float32 // a signal that cannot be read as it lies
	stagedFloat64  []float64
	signalsSingle  []float32 // the signals in both precisions
	signalsDouble  []float64
	sums           []float64
	products       [][]float32 // of the projector, the last of which is A^T y
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

// surveyStep is ops.NNLS.SurveyFloat32 or SurveyFloat64.
type surveyStep[T float32 | float64] func(sums, wide *float64, single *float32, row *T, weighted, weak *float64, n int)

// surveyVoxel takes a signal into the block, as voxel k.
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

// projectBlock is A^T y in single precision.
func (w *laneWorker) projectBlock() {
	values, stride := w.signalsSingle, w.length
	for i, results := range w.products {
		p := &w.projector.products[i]
		w.steps.ProjectSingle(&results[0], &p.matrix[0], &values[0], p.values, stride, p.width, p.tiles)
		values, stride = results, p.width
	}
}

// projected is A^T y of voxel k of the block.
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

// correction is what the mean of y contributes to A^T y: it is not zero where values are negative, which
// count as zero in the isotropic part.
func (w *laneWorker) correction(j int) float64 {
	if w.mean == 0 || w.offsets == nil {
		return 0
	}
	return float64(w.mean * w.offsets[j])
}

// inspect adds up partial results.
func (w *laneWorker) inspect(vectors []float64) summary {
	var total [surveyVectors]float64
	low, high := 0.0, 0.0
	for i := range total {
		total[i] = sumOfLanes(vectors[i*w.steps.Lanes:][:w.steps.Lanes])
	}
	for first := 8; first < w.steps.Lanes; first += 4 { // of vectors that are wider still
		for i := range total {
			total[i] += sumOfLanes(vectors[i*w.steps.Lanes+first:][:4])
		}
	}
	for lane := range w.steps.Lanes { // NaN, which min and max would look for, is in total[0]
		if v := vectors[w.steps.Lanes+lane]; v < low {
			low = v
		}
		if v := vectors[2*w.steps.Lanes+lane]; v > high {
			high = v
		}
	}
	return w.about(total[0], low, high, total[3], total[4], total[5], total[6])
}

// sumOfLanes adds up four numbers or the first eight, in pairs: one after another would take longer.
func sumOfLanes(v []float64) float64 {
	four := (*[4]float64)(v)
	sum := (four[0] + four[1]) + (four[2] + four[3])
	if len(v) >= 8 {
		four = (*[4]float64)(v[4:])
		sum += (four[0] + four[1]) + (four[2] + four[3])
	}
	return sum
}

// Screen is for the solver, see ref.Screener.
func (w *laneWorker) Screen(x []float64, places []int, shift, threshold float64) (place int, price float64) {
	for i, p := range places {
		w.x[i], w.rowBytes[i] = float32(x[i]), p*w.width*4
	}
	place = w.steps.PriceSingle(&w.prices[0], (*byte)(unsafe.Pointer(&w.above[0])), &w.b[0], &w.gram[0], &w.x[0], &w.rowBytes[0],
		len(places), float32(shift), float32(threshold), w.singleTiles)
	return place, float64(w.prices[place])
}

// price is the solver's ref.Pricer.
func (w *laneWorker) price(prices, b, x []float64, places []int) int {
	for i, place := range places {
		w.rowBytes[i] = place * w.problem.Stride * 8
	}
	return w.steps.Price(&prices[0], &b[0], &w.problem.Gram[0], unsafe.SliceData(x), &w.rowBytes[0], len(places), w.tiles)
}

// Above is for the solver.
func (w *laneWorker) Above() []uint64 { return w.above }

// Product is for the solver.
func (w *laneWorker) Product(place int) float64 {
	return w.steps.Dot(&w.rows[place*w.length], &w.signal[0], w.length) + w.correction(place)
}
