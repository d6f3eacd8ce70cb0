package peaks

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"gonum.org/v1/gonum/mat"
)

// spread computes the generalised fractional anisotropy of functions without their values in all directions. It needs
// the mean of the values, and the sum of squares of their differences from it. The mean is the product of f with the
// mean of B's rows. The sum of squares is |R f|^2, where R is the triangle of the QR factorisation of B less this mean.
// R has no more rows than there are coefficients.
//
// This is as accurate as sums over the values, but it does not give the same bits. Results are rounded to single
// precision. Where the error could change a rounded result, the sums over the values are taken instead.
type spread struct {
	panels [][]float64 // the mean, then the rows of R; a panel has only the columns that are not all zero
	rows   int         // of all panels
	error  float64     // of the root of the sum of squares, relative to the length of f
}

func newSpread(d *Design, panel int) *spread {
	n, k := len(d.Directions), d.Coefficients
	mean, centred := make([]float64, k), mat.NewDense(max(n, k), k, nil)
	for i, v := range d.B {
		mean[i%k] += v / float64(n)
	}
	longest := 0.0
	for r := range n {
		square := 0.0
		for c, v := range d.B[r*k:][:k] {
			centred.Set(r, c, v-mean[c])
			square += v * v
		}
		longest = max(longest, square)
	}
	var qr mat.QR
	var triangle mat.Dense
	qr.Factorize(centred)
	qr.RTo(&triangle)
	// The error of a sum of n values is at most n roundings, that of a value k, and that of R a few times k. The bound
	// is four times all of these.
	const unit = 1. / (1 << 53)
	s := &spread{error: unit * float64(4*n+16*k+1024) * math.Sqrt(float64(n)*longest)}
	for first := 0; first < k+1; first += panel {
		begin := s.begin(len(s.panels), panel)
		p := lanes.NewPanels[float64](panel, k-begin, panel, func(r, c int) float64 {
			switch row := first + r - 1; {
			case row < 0:
				return mean[c]
			case row < k:
				return triangle.At(row, begin+c)
			}
			return 0
		})
		s.panels = append(s.panels, p.Data)
		s.rows += panel
	}
	return s
}

// begin returns the first column of a panel.
func (s *spread) begin(number, panel int) int { return max(number*panel-1, 0) }

// spreadInLanes computes the GFA of all functions that were loaded.
func (w *Worker) spreadInLanes() {
	l := w.lanes
	lanes := l.steps.Double.Lanes
	if l.sampled() {
		l.steps.Spread(&l.sums[0], &l.packed[0], l.design.Coefficients)
		for i := range w.n {
			w.gfa[i] = float32(ref.GFAOfSums(l.sums[i], l.sums[lanes+i], l.design.Coefficients))
		}
		return
	}
	for first := 0; first < w.n; first += lanes {
		l.spreadHalf(l.packed[first*l.width:])
		for i := first; i < min(first+lanes, w.n); i++ {
			var ok bool
			if w.gfa[i], ok = l.gfa(i, l.spreads[i-first], l.sums[lanes+i-first]); !ok {
				w.gfa[i] = w.portableGFA(i)
			}
		}
	}
}

// spreadHalf writes the rows of spread times the functions of a lot. It also writes the sums of squares of R f, as the
// second vector of sums.
func (w *laneWorker) spreadHalf(packed []float64) {
	lanes, panel := w.steps.Double.Lanes, w.csd.Panel
	for i, p := range w.spread.panels {
		begin := w.spread.begin(i, panel)
		w.csd.Multiply(&w.spreads[i*panel*lanes], &p[0], &packed[begin*lanes], &w.rows[0], 1, w.design.Coefficients-begin)
	}
	w.steps.Spread(&w.sums[0], &w.spreads[lanes], w.spread.rows-1)
}

// gfa computes the result of a function from the mean and the sum of squares of differences. ok says whether the
// result, rounded to single precision, is certain.
func (w *laneWorker) gfa(i int, mean, differences float64) (gfa float32, ok bool) {
	n := float64(len(w.design.Directions))
	length := float64(w.square[i])
	squares := differences + n*mean*mean
	if !(length >= lengthLeast && length <= lengthMost && squares > 0) || n < 2 {
		return 0, false
	}
	const rest = 1. / (1 << 40) // the error of the last operations
	value := math.Sqrt(n * differences / ((n - 1) * squares))
	error := w.spread.error*math.Sqrt(length*(1+lanes.RoundedRest)/squares)*2*math.Sqrt(n/(n-1)) + rest*value
	gfa = float32(value - error)
	return gfa, gfa == float32(value+error)
}
