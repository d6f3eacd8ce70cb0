package nnls

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A projector computes A^T y in single precision: either by the product with A^T, or by two products with matrices of
// low rank. The latter are less work where columns are nearly combinations of a few, as those of smooth functions on
// the sphere are. With the singular value decomposition A^T = U S V^T, y is multiplied by the leading rows of V^T, and
// the result by the leading columns of U S. The contribution of the other columns is lost. The solver counts it as a
// further error of the prices, and confirms prices in double precision where the error matters.
type projector struct {
	products []projection[float32] // A^T; or two, V^T and U S
	blur     float64               // the error of the products (see ref.SingleBlur)
	lost     float64               // the most that an element of A^T y may lose, relative to the length of y
}

// bound bounds the error of A^T y. length is the length of the signal, and energy is |y|^2.
func (p *projector) bound(length, energy float64) float64 {
	return float64(p.blur*length) + float64(p.lost*math.Sqrt(max(energy, 0)))
}

const (
	// lowRankWork is the largest share of the work of the product with A^T for which low rank is used. With a larger
	// share it gains too little for its errors.
	lowRankWork = 0.75
	// lowRankLoss is the most that may be lost, relative to the longest column of A.
	lowRankLoss = 0x1p-9
)

// newProjector uses low rank where this gains something, and else A^T itself. Products are in tiles of block rows, and
// results are width numbers apart.
func (l *laneFitter) newProjector(block, width int) projector {
	if w, found := l.findLowRank(block, width); found {
		return w
	}
	return projector{
		products: []projection[float32]{project[float32](l.rows, l.values, l.length, block, width)},
		blur:     ref.SingleBlur(l.problem.Largest(), len(l.volumes)),
	}
}

// findLowRank takes the fewest singular vectors, in whole tiles of block, that lose little enough. It returns false
// where low rank gains nothing.
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

// longestOf returns the length of the longest row of U S, of the columns from first on.
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

// lowRank returns the projector for the leading singular vectors. Its blur is that of the first product alone.
func (l *laneFitter) lowRank(u, v *mat.Dense, scales []float64, block, width int) projector {
	rank := len(scales)
	there, back := make([]float64, rank*l.length), make([]float64, l.unknowns*rank)
	for k := range rank {
		for i, weight := range l.weighted {
			there[k*l.length+i] = float64(weight * v.At(i, k)) // 0 for b0s, up to rounding
		}
	}
	gain := 0.0 // the largest factor by which the second product multiplies errors of the first
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
