package peaks

import (
	"math"
	"math/bits"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// laneWorker is the scratch that a worker needs besides that of the portable code.
type laneWorker struct {
	*laneDesign
	width  int       // length of a staged function: Coefficients, but not below the lanes
	staged []float64 // for functions that must be copied
	packed []float64 // the functions in lanes: one or two lots, in double precision
	round  []float32 // the same in single precision, as one lot
	square []float32 // sums of the squares of round

	single   search[float32]
	double   search[float64]
	lane     []lane
	wanted   []wanted
	spreads  []float64 // rows of spread times the functions of a lot
	sums     []float64 // what ops.Peaks.Spread writes
	climbers *climbers // nil where peaks are not refined
}

// search is the memory of ops.PeakSearch.
type search[T float32 | float64] struct {
	values   []T
	extremes []T // what Samples writes, or for functions that are given by their values Inspect
	limits   []T
	found    []ops.Found
}

// lane is what is known of the function in a lane.
type lane struct {
	peaks    *ref.Peaks
	floor    float64 // the smallest value, or 0 where that is negative
	portable bool    // the portable code decides
}

// wanted says which value is to be computed again, of which vertex and of the function in which lane.
type wanted struct {
	lane, vertex int
	floor        bool // the vertex may have the smallest value; otherwise it may be a maximum
}

func newSearch[T float32 | float64](rows, vertices, width int) search[T] {
	return search[T]{
		values: lanes.Aligned[T](rows * width), extremes: lanes.Aligned[T](3 * width), limits: lanes.Aligned[T](3 * width),
		found: make([]ops.Found, vertices+1),
	}
}

func newLaneWorker(l *laneDesign) *laneWorker {
	n, width, block := len(l.design.Directions), l.steps.Double.Lanes, l.block()
	w := &laneWorker{
		laneDesign: l, width: max(l.design.Coefficients, width), lane: make([]lane, block),
		sums: lanes.Aligned[float64](2 * width),
	}
	w.staged, w.packed = make([]float64, block*w.width), lanes.Aligned[float64](block*w.width)
	for i := range w.lane {
		w.lane[i].peaks = ref.NewPeaks(n)
	}
	if l.sampled() {
		w.double = newSearch[float64](0, n, width)
		w.double.values = w.packed
		return w
	}
	w.round, w.square = lanes.Aligned[float32](block*w.width), lanes.Aligned[float32](block)
	w.single = newSearch[float32](l.samples.Rows, n, block)
	w.wanted = make([]wanted, 0, 2*n)
	w.spreads = lanes.Aligned[float64](l.spread.rows * width)
	return w
}

// load transposes functions to lanes. Functions that are sampled in single precision are also rounded to it.
func (w *laneWorker) load(functions []float64, stride, n int) {
	c, lanes := w.design.Coefficients, w.steps.Double.Lanes
	if n < w.block() || c < lanes {
		clear(w.staged)
		for i := range n {
			copy(w.staged[i*w.width:], functions[i*stride:][:c])
		}
		functions, stride = w.staged, w.width
	}
	for first := 0; first < w.block(); first += lanes {
		w.csd.PackFloat64(&w.packed[first*w.width], &functions[first*stride], w.width, stride)
	}
	if !w.sampled() {
		w.steps.Round(&w.round[0], &w.square[0], &w.packed[0], w.width)
	}
}

// findInLanes finds the peaks of all functions that were loaded.
func (w *Worker) findInLanes() {
	l := w.lanes
	for i := range l.lane {
		l.lane[i].peaks.Reset()
		l.lane[i].floor, l.lane[i].portable = 0, false
	}
	if l.sampled() {
		w.searchValues()
	} else {
		w.searchSamples()
	}
	d := &w.finder.design
	for i := range w.n {
		if lane := &l.lane[i]; lane.portable {
			w.findPortably(i)
		} else {
			lane.peaks.Choose(lane.floor, d.Directions, d.RelativeThreshold, w.finder.minCosine)
			w.keep(i, lane.peaks)
		}
	}
}

// searchSamples finds the maxima of functions that are sums of harmonics.
func (w *Worker) searchSamples() {
	l := w.lanes
	s := &l.single
	l.steps.Samples(&s.values[0], &s.extremes[0], &l.samples.Data[0], &l.round[0], l.samples.Count, l.design.Coefficients)
	for i := range w.n {
		l.limitSamples(i)
	}
	count := l.steps.Single.Maxima(&s.found[0], &s.values[0], &s.limits[0], &l.neighbours[0], len(l.design.Directions), l.eights)
	l.wanted = l.wanted[:0]
	doubtful, inUse := uint16(0), uint16(1)<<(w.n-1)<<1-1
	for _, f := range s.found[:count] {
		doubtful |= f[ops.FoundDoubtful]
		l.want(f[ops.FoundMaximum]&inUse, f[ops.FoundVertex], false)
		l.want(f[ops.FoundLowest]&inUse, f[ops.FoundVertex], true)
	}
	for i := range w.n {
		if doubtful>>i&1 == 1 {
			l.lane[i].portable = true
		}
	}
	w.evaluate()
}

func (w *laneWorker) want(lanes, vertex uint16, floor bool) {
	for ; lanes != 0; lanes &= lanes - 1 {
		w.wanted = append(w.wanted, wanted{bits.TrailingZeros16(lanes), int(vertex), floor})
	}
}

const (
	// Single precision can hold samples and squares where the sum of squares of f lies between lengthLeast and
	// lengthMost.
	lengthLeast, lengthMost = 1. / (1 << 40), 1 << 60
	smallestRest            = 1. / (1 << 50) / (1 << 50) // the error of numbers that are too small for relative errors
)

// limitSamples says which vertices of the function in a lane can be peaks. Samples are right up to a bound. A maximum
// may therefore be lower than a neighbour by twice the bound, and the smallest value may be higher by as much.
func (w *laneWorker) limitSamples(i int) {
	s, width := &w.single, len(w.lane)
	margin, least, lowest := &s.limits[i], &s.limits[width+i], &s.limits[2*width+i]
	*margin, *least, *lowest = 0, float32(math.Inf(1)), float32(math.Inf(-1))
	squares := float64(w.square[i])
	if !(squares >= lengthLeast && squares <= lengthMost) {
		w.lane[i].portable = true
		return
	}
	low, high := float64(s.extremes[i]), float64(s.extremes[width+i])
	bound := w.rounding*(1+lanes.RoundedRest)*math.Sqrt(squares) + smallestRest
	switch {
	case high+bound <= 0:
		return // the function is nowhere positive
	case high-bound <= 0:
		w.lane[i].portable = true
		return
	}
	floor := max(low-bound, 0)
	if low+bound > 0 {
		w.lane[i].floor = math.Inf(1)
		*lowest = float32(low+2*bound) + float32(high)*lanes.UnitRoundoff
	}
	rest := 2 * lanes.UnitRoundoff * max(-low, high) // the rounding of the numbers below
	*margin = float32(2*bound + 2*rest)
	*least = float32(floor + w.design.RelativeThreshold*(high-bound-floor) - bound - rest)
}

// evaluate computes the values that are wanted as the portable code does.
func (w *Worker) evaluate() {
	l, n := w.lanes, w.finder.design.Coefficients
	var rows, functions [4][]float64
	for k := 0; k < len(l.wanted); k += 4 {
		for i := range rows {
			wanted := l.wanted[min(k+i, len(l.wanted)-1)]
			rows[i], functions[i] = l.design.B[wanted.vertex*n:][:n], w.functions[wanted.lane*w.stride:][:n]
		}
		values := fourProducts(&rows, &functions)
		for i, wanted := range l.wanted[k:min(k+4, len(l.wanted))] {
			lane := &l.lane[wanted.lane]
			if wanted.floor {
				lane.floor = min(lane.floor, values[i])
			} else {
				lane.peaks.Insert(wanted.vertex, values[i])
			}
		}
	}
}

// fourProducts returns four dot products, each added up in order. Four take as long as one, because each sum only waits
// for itself.
func fourProducts(rows, columns *[4][]float64) (sums [4]float64) {
	b0, b1, b2, b3 := rows[0], rows[1], rows[2], rows[3]
	f0, f1, f2, f3 := columns[0], columns[1], columns[2], columns[3]
	n := len(b0)
	b1, b2, b3, f0, f1, f2, f3 = b1[:n], b2[:n], b3[:n], f0[:n], f1[:n], f2[:n], f3[:n]
	var s0, s1, s2, s3 float64
	for k, b := range b0 {
		s0 += float64(b * f0[k])
		s1 += float64(b1[k] * f1[k])
		s2 += float64(b2[k] * f2[k])
		s3 += float64(b3[k] * f3[k])
	}
	return [4]float64{s0, s1, s2, s3}
}

// searchValues finds the maxima of functions that are given by their values.
func (w *Worker) searchValues() {
	l, n := w.lanes, len(w.finder.design.Directions)
	s, lanes := &l.double, l.steps.Double.Lanes
	l.csd.Inspect(&s.extremes[0], &s.values[0], &l.rows[0], n)
	for i := range w.n {
		margin, least, lowest := &s.limits[i], &s.limits[lanes+i], &s.limits[2*lanes+i]
		*margin, *least, *lowest = 0, math.Inf(1), math.Inf(-1)
		low, high := max(s.extremes[lanes+i], 0), s.extremes[2*lanes+i]
		switch {
		case s.extremes[i] != 0: // NaN
			l.lane[i].portable = true
		case high > 0:
			l.lane[i].floor = low
			const rest = 1. / (1 << 48) // Choose has the last word
			*least = low + l.design.RelativeThreshold*(high-low) - rest*high
		}
	}
	count := l.steps.Double.Maxima(&s.found[0], &s.values[0], &s.limits[0], &l.neighbours[0], n, l.eights)
	inUse := uint16(1)<<(w.n-1)<<1 - 1
	for _, f := range s.found[:count] {
		for set := f[ops.FoundMaximum] & inUse; set != 0; set &= set - 1 {
			i, v := bits.TrailingZeros16(set), int(f[ops.FoundVertex])
			l.lane[i].peaks.Insert(v, s.values[v*lanes+i])
			if f[ops.FoundDoubtful]>>i&1 == 1 {
				l.lane[i].portable = true // it is as high as a neighbour
			}
		}
	}
}
