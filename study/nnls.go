package study

import "math"

// nnls finds the x >= 0 with the least |a x - y| (Lawson and Hanson 1974, on the normal equations).
func nnls(a []float64, rows, columns int, y []float64) (x []float64, residual float64, err error) {
	gram, right := make([]float64, columns*columns), make([]float64, columns)
	for r := range rows {
		for i := range columns {
			right[i] += a[r*columns+i] * y[r]
			for j := range columns {
				gram[i*columns+j] += a[r*columns+i] * a[r*columns+j]
			}
		}
	}
	x = make([]float64, columns)
	in := make([]bool, columns)
	for range 3 * columns {
		best, at := 1e-12, -1
		for i := range columns {
			g := right[i]
			for j := range columns {
				g -= gram[i*columns+j] * x[j]
			}
			if !in[i] && g > best {
				best, at = g, i
			}
		}
		if at < 0 {
			break
		}
		in[at] = true
		for {
			z := solveWithin(gram, right, in)
			step, leaving := 1.0, -1
			for i := range columns {
				if in[i] && z[i] <= 0 && x[i]/(x[i]-z[i]) < step {
					step, leaving = x[i]/(x[i]-z[i]), i
				}
			}
			for i := range x {
				x[i] += step * (z[i] - x[i])
			}
			if leaving < 0 {
				break
			}
			x[leaving], in[leaving] = 0, false
		}
	}
	for r := range rows {
		e := -y[r]
		for i := range columns {
			e += a[r*columns+i] * x[i]
		}
		residual += e * e
	}
	return x, math.Sqrt(residual), nil
}

// solveWithin solves the normal equations of the columns in use by Gauss's elimination.
func solveWithin(gram, right []float64, in []bool) []float64 {
	n := len(right)
	m, b := append([]float64(nil), gram...), append([]float64(nil), right...)
	z := make([]float64, n)
	for i := range n {
		if !in[i] {
			continue
		}
		for j := i + 1; j < n; j++ {
			if in[j] && m[i*n+i] > 0 {
				f := m[j*n+i] / m[i*n+i]
				for k := i; k < n; k++ {
					m[j*n+k] -= f * m[i*n+k]
				}
				b[j] -= f * b[i]
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		if in[i] && m[i*n+i] > 0 {
			z[i] = b[i]
			for k := i + 1; k < n; k++ {
				if in[k] {
					z[i] -= m[i*n+k] * z[k]
				}
			}
			z[i] /= m[i*n+i]
		}
	}
	return z
}
