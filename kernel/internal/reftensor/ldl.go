package reftensor

// The largest system is that of the free-water model. Its unknowns are six tensor elements, the logarithm of the
// tissue's signal, and the signal of water.
const (
	logLinearSize = 7
	packedSize    = logLinearSize * (logLinearSize + 1) / 2 // lower triangle of 7 x 7, row by row
	waterSize     = logLinearSize + 1
	waterPacked   = packedSize + waterSize
)

// packed returns the place of element (i, j), j <= i, in a packed lower triangle.
func packed(i, j int) int { return i*(i+1)/2 + j }

// factor is a factorisation L D L^T of a symmetric matrix of up to 8 x 8.
type factor struct {
	size    int
	l       [waterPacked]float64 // unit lower triangle, packed; the diagonal is not stored
	d       [waterSize]float64
	inverse [waterSize]float64 // 1/d
}

// decompose factors the packed lower triangle a, and returns the least ratio of a pivot to its diagonal element. It
// measures how near to singular the matrix is: it is 1 for a diagonal matrix, and does not depend on the scaling of
// rows and columns. Where it is not positive, the matrix is not positive definite, and the factors may not be used.
func (f *factor) decompose(a []float64, size int) float64 {
	f.size = size
	least := 1.0
	var scaled [waterSize]float64
	for j := 0; j < size; j++ {
		row := f.l[packed(j, 0) : packed(j, 0)+j]
		pivot := a[packed(j, j)]
		for k, l := range row {
			scaled[k] = l * f.d[k]
			pivot -= float64(l * scaled[k])
		}
		diagonal := a[packed(j, j)]
		if !(pivot > 0) || !(diagonal > 0) {
			return min(0, pivot)
		}
		least = min(least, pivot/diagonal)
		f.d[j], f.inverse[j] = pivot, 1/pivot
		for i := j + 1; i < size; i++ {
			v := a[packed(i, j)]
			for k, l := range f.l[packed(i, 0) : packed(i, 0)+j] {
				v -= float64(l * scaled[k])
			}
			f.l[packed(i, j)] = v * f.inverse[j]
		}
	}
	return least
}

// forward replaces x by L^-1 x.
func (f *factor) forward(x []float64) {
	for i := 1; i < f.size; i++ {
		v := x[i]
		for k, l := range f.l[packed(i, 0) : packed(i, 0)+i] {
			v -= float64(l * x[k])
		}
		x[i] = v
	}
}

// backward replaces x by L^-T x.
func (f *factor) backward(x []float64) {
	for i := f.size - 1; i > 0; i-- {
		v := x[i]
		for k, l := range f.l[packed(i, 0) : packed(i, 0)+i] {
			x[k] -= float64(l * v)
		}
	}
}

// solve replaces x by the solution of the system with right-hand side x.
func (f *factor) solve(x []float64) {
	f.forward(x)
	for i := range f.size {
		x[i] *= f.inverse[i]
	}
	f.backward(x)
}
