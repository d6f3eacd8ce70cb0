package peaks

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// laneDesign is a Design made ready for kernels that look at one function in each lane of a vector.
//
// Functions that are sums of harmonics are sampled in single precision. The error of a sample has a bound, which tells
// which vertices can be peaks. There are few of them. Their values, which are part of the results, are computed again
// as the portable code does it. Where two neighbours differ by less than the bound, the portable code takes the
// function. Functions that are given by their values need no bound.
type laneDesign struct {
	design *Design
	steps  *ops.Peaks
	csd    *ops.CSD

	samples    lanes.Panels[float32] // B
	rounding   float64               // the error of a sample, relative to the length of f
	neighbours []int32               // byte offsets of the neighbours of each vertex
	eights     int                   // neighbours of a vertex over 8; the first is repeated where there are fewer
	spread     *spread               // nil where functions are given by their values
	rows       []int32               // offsets of consecutive vectors in double precision
}

// mostNeighbours bounds the lists of neighbours, which are all as long as the longest.
const mostNeighbours = 32

// newLaneDesign returns nil for a design that only the portable code can serve. It has too many vertices or neighbours,
// or vertices without a connection, or a B in units far from those of signals.
func newLaneDesign(d *Design, steps *ops.Peaks, csd *ops.CSD) *laneDesign {
	l := &laneDesign{design: d, steps: steps, csd: csd}
	if len(d.Directions) > math.MaxUint16 || !l.layNeighbours() {
		return nil
	}
	for i := range d.Coefficients {
		l.rows = append(l.rows, int32(i*8*csd.Lanes))
	}
	if d.B == nil {
		return l
	}
	var ok bool
	if l.rounding, ok = lanes.RoundedError(d.B, d.Coefficients); !ok {
		return nil
	}
	l.samples = lanes.NewRoundedPanels(d.B, d.Coefficients, steps.Panel, func(r int) int { return r })
	l.spread = newSpread(d, csd.Panel)
	return l
}

// sampled says whether functions are given by their values instead of coefficients.
func (l *laneDesign) sampled() bool { return l.design.B == nil }

// block returns how many functions are looked at together.
func (l *laneDesign) block() int {
	if l.sampled() {
		return l.steps.Double.Lanes
	}
	return l.steps.Single.Lanes
}

// layNeighbours returns false where vertices have too many neighbours, or where some vertex cannot be reached along
// edges. In the latter case the highest of all vertices need not be a maximum.
func (l *laneDesign) layNeighbours() bool {
	lists := make([][]int32, len(l.design.Directions))
	for _, e := range l.design.Edges {
		if e[0] != e[1] {
			lists[e[0]] = append(lists[e[0]], int32(e[1]))
			lists[e[1]] = append(lists[e[1]], int32(e[0]))
		}
	}
	most := 0
	for _, list := range lists {
		most = max(most, len(list))
	}
	if most > mostNeighbours || !connected(lists) {
		return false
	}
	l.eights = lanes.RoundUp(max(most, 1), 8) / 8
	vector := int32(8 * l.steps.Double.Lanes)
	for _, list := range lists {
		for k := range 8 * l.eights {
			if k >= len(list) {
				k = 0
			}
			l.neighbours = append(l.neighbours, vector*list[k])
		}
	}
	return true
}

// connected says whether there are at least two vertices, and all can be reached from the first.
func connected(neighbours [][]int32) bool {
	reached := make([]bool, len(neighbours))
	reached[0] = true
	list := []int32{0}
	for i := 0; i < len(list); i++ {
		for _, v := range neighbours[list[i]] {
			if !reached[v] {
				reached[v] = true
				list = append(list, v)
			}
		}
	}
	return len(list) == len(neighbours) && len(list) > 1
}
