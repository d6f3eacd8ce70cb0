// Package leastsquares solves linear least squares by singular values, so that columns may be linearly dependent. It
// serves the set-up of models and responses, and is too slow for every voxel.
package leastsquares

import (
	"errors"

	"gonum.org/v1/gonum/mat"
)

// errNone means that LAPACK did not converge. The only known cause are values that are not finite.
var errNone = errors.New("the matrix has no singular value decomposition")

// Solve returns the x of least norm that minimises |a x - b|, as numpy.linalg.lstsq does. Singular values up to cutoff
// times the largest count as zero.
func Solve(a *mat.Dense, b *mat.VecDense, cutoff float64) (*mat.VecDense, error) {
	svd, values, err := decompose(a, cutoff)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		_, columns := a.Dims()
		return mat.NewVecDense(columns, nil), nil
	}
	var x mat.VecDense
	svd.SolveVecTo(&x, b, len(values))
	return &x, nil
}

// PseudoInverse returns the pseudo-inverse of Moore and Penrose, as numpy.linalg.pinv does. Singular values up to
// cutoff times the largest count as zero.
func PseudoInverse(a *mat.Dense, cutoff float64) (*mat.Dense, error) {
	svd, values, err := decompose(a, cutoff)
	if err != nil {
		return nil, err
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	rows, columns := v.Dims()
	for i := range rows {
		for j := range columns {
			scale := 0.0
			if j < len(values) {
				scale = 1 / values[j]
			}
			v.Set(i, j, v.At(i, j)*scale)
		}
	}
	var inverse mat.Dense
	inverse.Mul(&v, u.T())
	return &inverse, nil
}

// decompose returns the decomposition, and the singular values that do not count as zero, the largest first.
func decompose(a *mat.Dense, cutoff float64) (*mat.SVD, []float64, error) {
	svd := new(mat.SVD)
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, nil, errNone
	}
	values := svd.Values(nil)
	rank := 0
	for rank < len(values) && values[rank] > cutoff*values[0] {
		rank++
	}
	return svd, values[:rank], nil
}
