package sh

import (
	"fmt"
	"math"
)

// A Rotation turns functions on the sphere, by a matrix that turns their coefficients. The matrix has one block for
// each degree, because a turned harmonic is a sum of harmonics of its own degree.
type Rotation struct {
	lmax   int
	blocks [][]float64 // one for each even degree l, (2l+1) x (2l+1), row-major
}

// orthogonalityTolerance is how far the columns of a rotation may be from orthonormal.
const orthogonalityTolerance = 1e-6

// NewRotation makes the rotation of functions of degree up to lmax by an orthogonal matrix: a function f becomes the
// function that has at r v the value of f at v. Reflections are taken, too: even functions do not tell r from -r. The
// elements are integrals over the sphere, found exactly by quadrature. A matrix that is not orthogonal is an error.
func NewRotation(b Basis, lmax int, r [3][3]float64) (*Rotation, error) {
	b.mustBeKnown()
	for i := range r {
		for j := range r {
			product := 0.0
			for k := range r {
				product += float64(r[k][i] * r[k][j])
			}
			if i == j {
				product--
			}
			if !(math.Abs(product) <= orthogonalityTolerance) {
				return nil, fmt.Errorf("sh: the matrix %v is not orthogonal, expected a rotation or reflection", r)
			}
		}
	}
	q := newQuadrature(lmax)
	turned := make([][3]float64, len(q.directions))
	for i, v := range q.directions {
		for k := range r {
			turned[i][k] = float64(r[k][0]*v[0]) + float64(r[k][1]*v[1]) + float64(r[k][2]*v[2])
		}
	}
	before, after := b.columns(lmax, q.directions), b.columns(lmax, turned)
	for _, column := range before {
		for i, weight := range q.weights {
			column[i] *= weight
		}
	}
	rotation := &Rotation{lmax: lmax}
	for l := 0; l <= lmax; l += 2 {
		first, n := index(l, -l), 2*l+1
		block := make([]float64, n*n)
		for i := range n {
			for j := range n {
				block[i*n+j] = sumOfProducts(after[first+i], before[first+j])
			}
		}
		rotation.blocks = append(rotation.blocks, block)
	}
	return rotation, nil
}

// Apply turns coefficients: n voxels x Count(lmax) each in src and dst, voxel-major. dst may be src. It panics when
// the lengths do not agree or are not a whole number of voxels.
func (r *Rotation) Apply(dst, src []float64) {
	n := Count(r.lmax)
	if len(dst) != len(src) || len(src)%n != 0 {
		panic(fmt.Sprintf("sh: turning %d coefficients into %d, expected equal multiples of %d (lmax %d)", len(src), len(dst), n, r.lmax))
	}
	var old [maxRow]float64
	for ; len(src) > 0; dst, src = dst[n:], src[n:] {
		for degree, block := range r.blocks {
			first, size := index(2*degree, -2*degree), 4*degree+1
			values := append(old[:0], src[first:first+size]...)
			for i := range size {
				dst[first+i] = sumOfProducts(block[i*size:][:size], values)
			}
		}
	}
}

// maxRow is the number of harmonics of degree 16. Higher degrees need memory from the heap.
const maxRow = 33
