package textbook

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

func vector(data []float64) blas64.Vector { return blas64.Vector{N: len(data), Inc: 1, Data: data} }

func newVector(n int) blas64.Vector { return vector(make([]float64, n)) }

func newSymmetric(n int) blas64.Symmetric {
	return blas64.Symmetric{N: n, Stride: n, Data: make([]float64, n*n), Uplo: blas.Lower}
}

// solve solves L L^T x = b in place of b, given the lower factor L.
func solve(l blas64.Triangular, b blas64.Vector) {
	blas64.Trsv(blas.NoTrans, l, b)
	blas64.Trsv(blas.Trans, l, b)
}

// transposed copies a row-major matrix, column after column.
func transposed(a []float64, rows, columns int) []float64 {
	return mat.DenseCopyOf(mat.NewDense(rows, columns, a).T()).RawMatrix().Data
}
