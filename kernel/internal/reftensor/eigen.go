package reftensor

import "math"

// SymmetricEigen writes the eigenvalues, descending, and the eigenvectors of the symmetric 3 x 3 matrix t = (xx, xy,
// yy, xz, yz, zz). vectors is row-major, and its columns are the eigenvectors in the order of the values. They are
// orthonormal to rounding. As in LAPACK, no rule gives their signs or handedness. A multiple of the identity has the
// unit vectors. Values that are not finite give NaN.
//
// The method is cyclic Jacobi rotations. The matrix is first scaled by a power of two where something would overflow or
// be lost.
func SymmetricEigen(values *[3]float64, vectors *[9]float64, t *[6]float64) {
	largest := 0.0
	for _, v := range t {
		largest = max(largest, math.Abs(v)) // NaN is kept by max
	}
	*vectors = [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}
	if !(largest <= math.MaxFloat64) {
		*values = [3]float64{math.NaN(), math.NaN(), math.NaN()}
		return
	}
	if largest == 0 {
		*values = [3]float64{}
		return
	}
	exponent := 0
	if largest > 0x1p300 || largest < 0x1p-300 { // squares would overflow or vanish
		_, exponent = math.Frexp(largest)
		largest = math.Ldexp(largest, -exponent)
	}
	var a [3][3]float64
	for i := range 3 {
		for j := range i + 1 {
			a[i][j] = t[packed(i, j)]
			if exponent != 0 {
				a[i][j] = math.Ldexp(a[i][j], -exponent)
			}
			a[j][i] = a[i][j]
		}
	}
	negligible := largest * 0x1p-110
	for range 16 { // four or five suffice, because convergence is quadratic
		if a[1][0] == 0 && a[2][0] == 0 && a[2][1] == 0 {
			break
		}
		rotate(&a, vectors, 0, 1, 2, negligible)
		rotate(&a, vectors, 0, 2, 1, negligible)
		rotate(&a, vectors, 1, 2, 0, negligible)
	}
	for i := range 3 {
		values[i] = a[i][i]
		if exponent != 0 {
			values[i] = math.Ldexp(values[i], exponent)
		}
	}
	sortDescending(values, vectors)
}

// rotate makes element (p, q) zero by a rotation in the plane of the axes p and q. r is the third axis.
func rotate(a *[3][3]float64, vectors *[9]float64, p, q, r int, negligible float64) {
	off := a[p][q]
	if off == 0 {
		return
	}
	if math.Abs(off) <= max(negligible, 0x1p-60*min(math.Abs(a[p][p]), math.Abs(a[q][q]))) {
		a[p][q], a[q][p] = 0, 0 // a rotation would change no bit of the diagonal
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * off)
	tangent := 1 / (math.Abs(theta) + math.Sqrt(1+float64(theta*theta)))
	if theta < 0 {
		tangent = -tangent
	}
	cosine := 1 / math.Sqrt(1+float64(tangent*tangent))
	sine := tangent * cosine
	a[p][p] -= float64(tangent * off)
	a[q][q] += float64(tangent * off)
	a[p][q], a[q][p] = 0, 0
	x, y := a[p][r], a[q][r]
	a[p][r] = float64(cosine*x) - float64(sine*y)
	a[q][r] = float64(sine*x) + float64(cosine*y)
	a[r][p], a[r][q] = a[p][r], a[q][r]
	for k := range 3 {
		x, y := vectors[3*k+p], vectors[3*k+q]
		vectors[3*k+p] = float64(cosine*x) - float64(sine*y)
		vectors[3*k+q] = float64(sine*x) + float64(cosine*y)
	}
}

// sortDescending sorts three values and their columns.
func sortDescending(values *[3]float64, vectors *[9]float64) {
	swap := func(i, j int) {
		if values[i] >= values[j] {
			return
		}
		values[i], values[j] = values[j], values[i]
		for k := 0; k < 9; k += 3 {
			vectors[k+i], vectors[k+j] = vectors[k+j], vectors[k+i]
		}
	}
	swap(0, 1)
	swap(1, 2)
	swap(0, 1)
}
