package ref

import (
	"math"
	"math/bits"
)

// A Screener computes prices of all columns in single precision. For a few columns it also computes products with A^T
// in double precision.
type Screener interface {
	// Screen returns the place of the largest price for the solution x, and that price.
	Screen(x []float64, places []int, shift, threshold float64) (place int, price float64)
	// Above has a bit for each column whose price was above the threshold.
	Above() []uint64
	// Product returns the element of A^T y for one column.
	Product(place int) float64
}

// single is the unit roundoff of single precision.
const single = 0x1p-24

// SolveScreened is Solve for a B that is not known. Prices in single precision are wrong by no more than a margin. A
// price above the margin lets a column in. A price below the negative margin keeps the column out. All others are
// computed again in double precision. The weights of the columns in use are solved for in double precision, so that the
// solution is that of Solve. length is the length of y before anything was subtracted from it. blur bounds the error of
// the Screener's A^T y.
func (s *NNLSScratch) SolveScreened(screen Screener, shift, length, blur float64) Outcome {
	s.reset()
	margin := s.margin(length, blur, shift)
	place, price := screen.Screen(nil, nil, shift, -margin)
	if !(price > -margin) {
		return Converged
	}
	scale := 0.0 // the largest element of A^T y
	for {
		if !(price > margin) || s.inUse[place] {
			var w float64
			place, w = s.closest(screen, shift)
			if scale == 0 {
				scale = w + shift
			}
			if w <= max(entering*scale, float64(rounding*s.problem.largest)*length) {
				return s.conclude(w, scale)
			}
		}
		s.B[place] = screen.Product(place) - shift
		if scale == 0 {
			scale = s.B[place] + shift
		}
		if s.Entered == rounds*s.problem.Unknowns || !s.enter(place) || !s.descend() {
			return Doubtful
		}
		margin = s.margin(length, blur, shift)
		place, price = screen.Screen(s.X, s.Places, shift, -margin)
	}
}

// SingleBlur bounds the rounding error of the product of two vectors in single precision. One has the given length, and
// the other length 1; both have so many elements.
func SingleBlur(length float64, elements int) float64 {
	return single * float64(length*float64(elements+16))
}

// margin bounds the error of a price in single precision.
func (s *NNLSScratch) margin(length, blur, shift float64) float64 {
	sum := 0.0
	for i, place := range s.Places {
		sum += float64(s.X[i] * s.problem.norms[place])
	}
	k := float64(len(s.Places))
	return blur + float64(single*(float64(s.problem.largest*(float64(k*length)+float64((k+8)*sum)))+float64((k+8)*shift)))
}

// closest computes the prices of the candidates that are not in use in double precision, and returns the largest. Where
// none is positive, place is -1 and price is 0.
func (s *NNLSScratch) closest(screen Screener, shift float64) (place int, price float64) {
	place = -1
	for i, word := range screen.Above() {
		for ; word != 0; word &= word - 1 {
			j := 64*i + bits.TrailingZeros64(word)
			if j >= s.problem.Unknowns || s.inUse[j] {
				continue
			}
			s.B[j] = screen.Product(j) - shift
			if w := s.exactPrice(j); w > price {
				place, price = j, w
			}
		}
	}
	return place, price
}

// exactPrice returns the price of a column for which B is known.
func (s *NNLSScratch) exactPrice(j int) float64 {
	w := s.B[j]
	for i, place := range s.Places {
		w -= float64(s.X[i] * s.problem.Gram[place*s.problem.Stride+j])
	}
	return w
}

// conclude judges the solution. price is the largest price of a column that is not in use.
func (s *NNLSScratch) conclude(price, scale float64) Outcome {
	if len(s.Places) == 0 {
		return Converged
	}
	s.KKT = price
	for _, place := range s.Places {
		s.KKT = max(s.KKT, math.Abs(s.exactPrice(place)))
	}
	s.KKT /= scale
	if price > noise*scale || !(s.KKT <= resting) || s.amplifies() {
		return Doubtful
	}
	return Converged
}
