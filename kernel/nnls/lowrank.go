package nnls

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A projector makes A^T y in single precision: by the product with A^T, or by two products with matrices of low rank.
// These are less work where the columns are nearly combinations of a few, as those of smooth functions on the sphere
// are. With A^T = U S V^T, y is multiplied with the leading rows of V^T, and what that gives with those columns of U S.
// What the other columns would add is lost: the solver takes it for a further error of the prices, which are confirmed
// in double precision where that matters.
type projector struct {
	products []projection[float32] // A^T; or V^T, then U S
	blur     float64               // of all products, see ref.SingleBlur
	lost     float64               // the most that an element of A^T y may lose, over the length of y
}

// bound is how far A^T y may be from the right one. length is that of the signal, energy the square of that of y.
func (p *projector) bound(length, energy float64) float64 {
	return float64(p.blur*length) + float64(p.lost*math.Sqrt(max(energy, 0)))
}

const (
	// lowRankWork is the share of the work of the product with A^T that low rank may take: with more it gains too
	// little for its larger errors.
	lowRankWork = 0.75
	// lowRankLoss is the most that may be lost, over the longest column of A.
	lowRankLoss = 0x1p-9
)

// newProjector is of low rank where that gains something, else A^T itself. Products are in tiles of block rows, results
// width numbers apart.
func (l *laneFitter) newProjector(block, width int) projector {
	if w, found := l.findLowRank(block, width); found {
		return w
	}
	return projector{
		products: []projection[float32]{project[float32](l.rows, l.values, l.length, block, width)},
		blur:     ref.SingleBlur(l.problem.Largest(), len(l.volumes)),
	}
}

// findLowRank takes the fewest singular vectors, whole tiles of block, that lose little enough; none are found where
// that gains nothing.
func (l *laneFitter) findLowRank(block, width int) (w projector, found bool) {
	most := int(lowRankWork * float64(l.values*width) / float64(l.values+width))
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
		if lost := longestOf(&u, scales, rank); lost <= lowRankLoss*longest {
			w = l.lowRank(&u, &v, scales[:rank], block, width)
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

// lowRank is the projector by the singular vectors of the given scales. Its blur is that of the first product alone.
func (l *laneFitter) lowRank(u, v *mat.Dense, scales []float64, block, width int) projector {
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
	return projector{
		products: []projection[float32]{project[float32](there, l.values, l.length, block, rank), project[float32](back, rank, rank, block, width)},
		blur:     ref.SingleBlur(gain, len(l.volumes)),
	}
}
