package nnls

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A singleWay is a way to A^T y in single precision: the product with A^T, or a detour. That is shorter for matrices
// whose columns are nearly combinations of a few, as those of smooth functions on the sphere are. With A^T = U S V^T,
// it multiplies y with the leading rows of V^T, and what that gives with those columns of U S. What the others would
// add is lost: the solver takes it for a further error of the prices, which are confirmed in double precision where
// that matters.
type singleWay struct {
	products []projection[float32] // A^T; or V^T, then U S
	blur     float64               // of all products, see ref.SingleBlur
	lost     float64               // the most that an element of A^T y may lose, over the length of y
}

// bound is how far A^T y may be from the right one. length is that of the signal, energy the square of that of y.
func (w *singleWay) bound(length, energy float64) float64 {
	return float64(w.blur*length) + float64(w.lost*math.Sqrt(max(energy, 0)))
}

const (
	// detourWork is the share of the direct way's products that a detour may take: with more it gains too
	// little for its larger errors.
	detourWork = 0.75
	// detourLoss is the most that may be lost, over the longest column of A.
	detourLoss = 0x1p-9
)

// shortestWay is a detour where there is one, else the direct way. Products are in tiles of block rows, results width
// numbers apart.
func (l *laneFitter) shortestWay(block, width int) singleWay {
	if w, found := l.findDetour(block, width); found {
		return w
	}
	return singleWay{
		products: []projection[float32]{project[float32](l.rows, l.values, l.length, block, width)},
		blur:     ref.SingleBlur(l.problem.Largest(), len(l.volumes)),
	}
}

// findDetour takes the fewest singular vectors, whole tiles of block, that lose little enough; none are found where
// that gains nothing.
func (l *laneFitter) findDetour(block, width int) (w singleWay, found bool) {
	most := int(detourWork * float64(l.values*width) / float64(l.values+width))
	most = min(most, l.unknowns, l.values)
	if block > most {
		return w, false
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(l.unknowns, l.length, l.rows), mat.SVDThin) {
		return w, false
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	scales := svd.Values(nil)
	longest := longestOf(&u, scales, 0)
	for rank := block; rank <= most; rank += block {
		if lost := longestOf(&u, scales, rank); lost <= detourLoss*longest {
			w = l.detour(&u, &v, scales[:rank], block, width)
			w.blur += ref.SingleBlur(longest, rank)
			w.lost = lost
			return w, true
		}
	}
	return w, false
}

// longestOf is the length of the longest row of U S, of its columns from first on.
func longestOf(u *mat.Dense, scales []float64, first int) float64 {
	longest := 0.0
	for j := range u.RawMatrix().Rows {
		square := 0.0
		for k, scale := range scales[first:] {
			v := u.At(j, first+k) * scale
			square += float64(v * v)
		}
		longest = max(longest, square)
	}
	return math.Sqrt(longest)
}

// detour goes by the singular vectors of the given scales. Its blur is that of the first product alone.
func (l *laneFitter) detour(u, v *mat.Dense, scales []float64, block, width int) singleWay {
	rank := len(scales)
	there, back := make([]float64, rank*l.length), make([]float64, l.unknowns*rank)
	for k := range rank {
		for i, weight := range l.weighted {
			there[k*l.length+i] = float64(weight * v.At(i, k)) // 0 for b0s, but for rounding
		}
	}
	gain := 0.0 // the most that errors of the first product, which has vectors of length 1, are multiplied with
	for j := range l.unknowns {
		sum := 0.0
		for k, scale := range scales {
			back[j*rank+k] = u.At(j, k) * scale
			sum += math.Abs(back[j*rank+k])
		}
		gain = max(gain, sum)
	}
	return singleWay{
		products: []projection[float32]{project[float32](there, l.values, l.length, block, rank), project[float32](back, rank, rank, block, width)},
		blur:     ref.SingleBlur(gain, len(l.volumes)),
	}
}
