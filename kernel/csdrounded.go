package kernel

import "math"

// csdRounded is B in single precision, and what rounding can do to amplitudes: what ops.CSD.BelowRounded wants.
//
// A sum begins with the threshold and takes n columns in turn, each in one multiply-add. The first number of a
// row, and its coefficient, are rounded once themselves and in n sums after that, the last ones in one:
//
//	|error| <= u (sum_k (n-k+2) |b_k f_k| + (n+1) |threshold|)       k from 0, u = 2^-24
//	        <= u (|((n-k+2) b_k)_k| |f| + (n+1) |threshold|)         (Cauchy and Schwarz)
//
// to first order (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). The orders above, and the
// roundings of double precision and of the bound itself, are at most 2^-11 of that with no more than mostColumns
// columns. Where |b| |f| and the threshold are below 2^96, nothing overflows with rows of the lengths below, and
// numbers that are too small for relative errors change a sum by less than 2^-100. ops.CSD.BelowRounded sees to both.
type csdRounded struct {
	amplitudes panels[float32]
	errors     [2]float64 // relative to the length of f and to the threshold
}

const (
	mostColumns = 4096
	roundedRest = 1. / 1024
	shortestRow = 1. / (1 << 30)
	longestRow  = 1 << 40
)

// newCSDRounded returns nil for a B that has no such bound, in units far from those of signals. The rows that fill up the last panel are the last one
// of B, so that they are not the ones near the threshold.
func newCSDRounded(d *CSDDesign, order []int, panel int) *csdRounded {
	n, rows := d.Coefficients, d.directions()
	longest, weighted := 0.0, 0.0
	for r := range rows {
		square, weightedSquare := 0.0, 0.0
		for k, b := range d.B[r*n:][:n] {
			w := b * float64(n-k+2)
			square, weightedSquare = square+float64(b*b), weightedSquare+float64(w*w)
		}
		longest, weighted = max(longest, square), max(weighted, weightedSquare)
	}
	if length := math.Sqrt(longest); n > mostColumns || !(length >= shortestRow && length <= longestRow) {
		return nil
	}
	const u = unitRoundoff * (1 + roundedRest)
	return &csdRounded{
		amplitudes: newPanels[float32](roundUp(rows, panel), n, panel, func(r, c int) float64 { return d.B[order[min(r, rows-1)]*n+c] }),
		errors:     [2]float64{u * math.Sqrt(weighted), u * float64(n+1)},
	}
}
