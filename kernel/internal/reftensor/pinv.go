package reftensor

import "math"

// pseudoInverse7 writes the Moore-Penrose inverse of a symmetric 7 x 7 matrix, given as a packed lower triangle. It
// leaves out eigenvalues up to 1e-15 of the largest, as numpy.linalg.pinv does in DIPY's free-water fit. It serves
// matrices without an inverse. The result depends on the scaling of rows and columns, so that these are not rescaled
// first. Cyclic Jacobi rotations find the eigenvalues.
func pseudoInverse7(inverse *[logLinearSize][logLinearSize]float64, matrix []float64) {
	const n = logLinearSize
	var a, vectors [n][n]float64
	for i := range n {
		vectors[i][i] = 1
		for j := range i + 1 {
			a[i][j], a[j][i] = matrix[packed(i, j)], matrix[packed(i, j)]
		}
	}
	for range 30 {
		if off, diagonal := jacobiSums(&a); !(off > 1e-36*diagonal) {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				jacobiRotate(&a, &vectors, p, q)
			}
		}
	}
	largest := 0.0
	for k := range n {
		largest = max(largest, math.Abs(a[k][k]))
	}
	*inverse = [n][n]float64{}
	for k := range n {
		if !(math.Abs(a[k][k]) > 1e-15*largest) {
			continue
		}
		for i := range n {
			for j := range n {
				inverse[i][j] += float64(vectors[i][k] * vectors[j][k] / a[k][k])
			}
		}
	}
}

// jacobiSums returns the sums of the squares off the diagonal and on it.
func jacobiSums(a *[logLinearSize][logLinearSize]float64) (off, diagonal float64) {
	for i := range logLinearSize {
		diagonal += float64(a[i][i] * a[i][i])
		for j := range i {
			off += float64(a[i][j] * a[i][j])
		}
	}
	return off, diagonal
}

// jacobiRotate makes element (p, q) zero.
func jacobiRotate(a, vectors *[logLinearSize][logLinearSize]float64, p, q int) {
	off := a[p][q]
	if off == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * off)
	tangent := 1 / (math.Abs(theta) + math.Sqrt(1+float64(theta*theta)))
	if theta < 0 {
		tangent = -tangent
	}
	cosine := 1 / math.Sqrt(1+float64(tangent*tangent))
	sine := tangent * cosine
	for k := range logLinearSize {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = float64(cosine*x)-float64(sine*y), float64(sine*x)+float64(cosine*y)
		x, y = vectors[k][p], vectors[k][q]
		vectors[k][p], vectors[k][q] = float64(cosine*x)-float64(sine*y), float64(sine*x)+float64(cosine*y)
	}
	for k := range logLinearSize {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = float64(cosine*x)-float64(sine*y), float64(sine*x)+float64(cosine*y)
	}
	a[p][q], a[q][p] = 0, 0
}
