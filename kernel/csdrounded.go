package kernel

import "math"

// What rounding can do to the rows of B times f in single precision, by multiply-adds that begin with a
// threshold (or with zero) and take n columns in turn: the first number of a
// row, and its coefficient, are rounded once themselves and in n sums after that, the last ones in one:
//
//	|error| <= u (sum_k (n-k+2) |b_k f_k| + (n+1) |threshold|)       k from 0, u = 2^-24
//	        <= u (|((n-k+2) b_k)_k| |f| + (n+1) |threshold|)         (Cauchy and Schwarz)
//
// to first order (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). The orders above, and the
// roundings of double precision and of the bound itself, are at most 2^-11 of that with no more than mostColumns
// columns. Where |b| |f| and the threshold are below 2^96, nothing overflows with rows of the lengths below, and
// numbers that are too small for relative errors change a sum by less than 2^-100.
const (
	mostColumns = 4096
	roundedRest = 1. / 1024
	shortestRow = 1. / (1 << 30)
	longestRow  = 1 << 40
	roundedUnit = unitRoundoff * (1 + roundedRest)
)

// roundedError is the bound of the error of any row, relative to the length of f. There is none for a matrix in
// units far from those of signals.
func roundedError(b []float64, columns int) (bound float64, ok bool) {
	longest, weighted := 0.0, 0.0
	for r := 0; r < len(b); r += columns {
		square, weightedSquare := 0.0, 0.0
		for k, v := range b[r:][:columns] {
			w := v * float64(columns-k+2)
			square, weightedSquare = square+float64(v*v), weightedSquare+float64(w*w)
		}
		longest, weighted = max(longest, square), max(weighted, weightedSquare)
	}
	length := math.Sqrt(longest)
	return roundedUnit * math.Sqrt(weighted), columns <= mostColumns && length >= shortestRow && length <= longestRow
}

// newRoundedPanels are the rows of a matrix in single precision. Those that fill up the last panel are the last one
// of the matrix, so that they do not stand out.
func newRoundedPanels(b []float64, columns, panel int, row func(r int) int) panels[float32] {
	rows := len(b) / columns
	return newPanels[float32](roundUp(rows, panel), columns, panel, func(r, c int) float64 { return b[row(min(r, rows-1))*columns+c] })
}

// csdRounded is B in single precision, and what rounding can do to amplitudes: what ops.CSD.BelowRounded wants.
type csdRounded struct {
	amplitudes panels[float32]
	errors     [2]float64 // relative to the length of f and to the threshold
}

// newCSDRounded returns nil for a B that has no bound.
func newCSDRounded(d *CSDDesign, order []int, panel int) *csdRounded {
	bound, ok := roundedError(d.B, d.Coefficients)
	if !ok {
		return nil
	}
	return &csdRounded{
		amplitudes: newRoundedPanels(d.B, d.Coefficients, panel, func(r int) int { return order[r] }),
		errors:     [2]float64{bound, roundedUnit * float64(d.Coefficients+1)},
	}
}
