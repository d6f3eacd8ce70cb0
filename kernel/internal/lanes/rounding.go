package lanes

import "math"

// UnitRoundoff is the unit roundoff of single precision.
const UnitRoundoff = 1.0 / (1 << 24)

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
	RoundedRest = 1. / 1024
	shortestRow = 1. / (1 << 30)
	longestRow  = 1 << 40
	RoundedUnit = UnitRoundoff * (1 + RoundedRest)
)

// RoundedError returns a bound of the error of any row, relative to the length of f. ok is false for a matrix whose
// units are far from those of signals: it has no bound.
func RoundedError(b []float64, columns int) (bound float64, ok bool) {
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
	return RoundedUnit * math.Sqrt(weighted), columns <= mostColumns && length >= shortestRow && length <= longestRow
}
