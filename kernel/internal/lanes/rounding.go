package lanes

import "math"

// UnitRoundoff is the unit roundoff of single precision.
const UnitRoundoff = 1.0 / (1 << 24)

// This bounds what rounding can do to the rows of B times f in single precision. A sum begins with a threshold (or with
// zero), and takes n columns in turn by multiply-adds. The first number of a row and its coefficient are rounded once
// themselves, and then in n sums. The last ones are rounded in one sum:
//
//	|error| <= u (sum_k (n-k+2) |b_k f_k| + (n+1) |threshold|)       k from 0, u = 2^-24
//	        <= u (|((n-k+2) b_k)_k| |f| + (n+1) |threshold|)         (Cauchy and Schwarz)
//
// This is to first order (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). The higher orders, and
// the roundings of double precision and of the bound itself, are at most 2^-11 of it, with no more than mostColumns
// columns. Where |b| |f| and the threshold are below 2^96, nothing overflows with rows of the lengths below, and
// numbers that are too small for relative errors change a sum by less than 2^-100.
const (
	mostColumns = 4096
	RoundedRest = 1. / 1024
	shortestRow = 1. / (1 << 30)
	longestRow  = 1 << 40
	RoundedUnit = UnitRoundoff * (1 + RoundedRest)
)

// RoundedError returns a bound of the error of any row, relative to the length of f. A matrix in units far from those
// of signals has no bound, and ok is false.
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
