package kernel

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// SymmetricEigen decomposes n symmetric 3 x 3 matrices. tensors is n x 6 (Dxx, Dxy, Dyy, Dxz, Dyz,
// Dzz); values becomes n x 3, descending; vectors, unless it is nil, becomes n x 9: each a row-major
// 3 x 3 matrix whose columns are the eigenvectors in the order of the values, DIPY's evecs.ravel().
//
// Eigenvectors are orthonormal to rounding. Their signs follow no rule, and the three may be left- or
// right-handed, as LAPACK's; where eigenvalues are equal, any orthonormal vectors of their space may
// come, for a multiple of the identity the unit vectors. A matrix with an element that is not finite
// gets NaN values and unit vectors. Values are right to a few roundings of the largest, at any scale.
//
// It panics when the lengths do not agree.
func SymmetricEigen(values, vectors, tensors []float64) {
	n := len(tensors) / 6
	if len(tensors) != 6*n || len(values) != 3*n || vectors != nil && len(vectors) != 9*n {
		panic(fmt.Sprintf("kernel: eigenvalues of %d tensor elements: %d values and %d vector elements do not fit", len(tensors), len(values), len(vectors)))
	}
	var unwanted [9]float64
	for i := range n {
		into := &unwanted
		if vectors != nil {
			into = (*[9]float64)(vectors[9*i:])
		}
		ref.SymmetricEigen((*[3]float64)(values[3*i:]), into, (*[6]float64)(tensors[6*i:]))
	}
}
