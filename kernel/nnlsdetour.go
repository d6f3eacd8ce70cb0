package kernel

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A detour is a shorter way to A^T y in single precision, for matrices whose columns are nearly combinations of
// a few, as those of smooth functions on the sphere are. With A^T = U S V^T, it multiplies y with the leading
// rows of V^T, and what that gives with those columns of U S. What the others would add is lost: the solver
// takes it for a further error of the prices, which are confirmed in double precision where that matters.
type detour struct {
	there projection[float32] // V^T
	back  projection[float32] // U S
	blur  float64             // as ref.NNLS.Blur, for both products
	lost  float64             // the most that an element of A^T y may lose, over the length of y
}

const (
	// detourWork is the share of the direct way's products that a detour may take: with more it gains too
	// little for its larger errors.
	detourWork = 0.75
	// detourLoss is the most that may be lost, over the longest column of A.
	detourLoss = 0x1p-9
)

// findDetour takes the fewest singular vectors, whole tiles of block, that lose little enough. It is nil where
// there is nothing to gain.
func (l *nnlsLanes) findDetour(block, width int) *detour {
	most := int(detourWork * float64(l.values*width) / float64(l.values+width))
	most = min(most, l.unknowns, l.values)
	if block > most {
		return nil
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(l.unknowns, l.length, l.rows), mat.SVDThin) {
		return nil
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	scales := svd.Values(nil)
	for rank := block; rank <= most; rank += block {
		if lost := longestOf(&u, scales, rank); lost <= detourLoss*longestOf(&u, scales, 0) {
			return l.newDetour(&u, &v, scales, rank, block, width, lost)
		}
	}
	return nil
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

func (l *nnlsLanes) newDetour(u, v *mat.Dense, scales []float64, rank, block, width int, lost float64) *detour {
	there, back := make([]float64, rank*l.length), make([]float64, l.unknowns*rank)
	for k := range rank {
		for i, weight := range l.weighted {
			there[k*l.length+i] = float64(weight * v.At(i, k)) // 0 for b0s, but for rounding
		}
	}
	gain := 0.0 // the most that errors of the first product, which has vectors of length 1, are multiplied with
	for j := range l.unknowns {
		sum := 0.0
		for k := range rank {
			back[j*rank+k] = u.At(j, k) * scales[k]
			sum += math.Abs(back[j*rank+k])
		}
		gain = max(gain, sum)
	}
	return &detour{
		there: project[float32](there, l.values, l.length, block, rank),
		back:  project[float32](back, rank, rank, block, width),
		blur:  ref.SingleBlur(gain, len(l.volumes)) + ref.SingleBlur(longestOf(u, scales, 0), rank),
		lost:  lost,
	}
}
