package ref

import "math"

// tile is the edge of the square of sums that the factorisation keeps in registers. Nine sums, three operands and a
// product fit into sixteen registers. Four by four sums would not.
const tile = 3

// Triangle is the length of the packed lower triangle of an n x n matrix. Row i starts at Triangle(i) and ends with the
// diagonal.
func Triangle(n int) int { return n * (n + 1) / 2 }

// tilePadded is n rounded up to whole tiles. The rows that are added to a triangle are those of the identity (see
// identityRows). They are their own factor, and never change a result.
func tilePadded(n int) int { return (n + tile - 1) / tile * tile }

// identityRows writes rows n to tilePadded(n) of the packed lower triangle q as rows of the identity.
func identityRows(q []float64, n int) {
	for i := n; i < tilePadded(n); i++ {
		row := q[Triangle(i):Triangle(i+1)]
		clear(row)
		row[i] = 1
	}
}

// tileRows returns three rows of a packed lower triangle, from row i on, each up to its diagonal.
func tileRows(q []float64, i int) (r0, r1, r2 []float64) {
	r0 = q[Triangle(i):][:i+1]
	r1 = q[Triangle(i+1):][:i+2]
	r2 = q[Triangle(i+2):][:i+3]
	return r0, r1, r2
}

// cholesky factorises the symmetric matrix q = L L^T in place. q is a packed lower triangle of whole tiles, and so is
// L. It writes the reciprocals of L's diagonal to inverse, and solves L y = z in place of y. It returns false at the
// first pivot that is not positive, as LAPACK's potrf does. q, inverse and y are then undefined up to that row.
func cholesky(q, inverse, y []float64) bool {
	n := len(inverse)
	for i := 0; i < n; i += tile {
		r0, r1, r2 := tileRows(q, i)
		for j := 0; j < i; j += tile {
			s0, s1, s2 := tileRows(q, j)
			offDiagonal(r0, r1, r2, s0, s1, s2, j, (*[tile]float64)(inverse[j:]))
		}
		if !diagonal(r0, r1, r2, i, inverse, y) {
			return false
		}
	}
	return true
}

// offDiagonal finishes the tile of rows r at columns j to j+2. It subtracts what the earlier columns contribute, in
// nine sums, and then solves the tile against the finished diagonal tile of rows s.
func offDiagonal(r0, r1, r2, s0, s1, s2 []float64, j int, inverse *[tile]float64) {
	a := (*[tile]float64)(r0[j:])
	b := (*[tile]float64)(r1[j:])
	c := (*[tile]float64)(r2[j:])
	a0, a1, a2 := a[0], a[1], a[2]
	b0, b1, b2 := b[0], b[1], b[2]
	c0, c1, c2 := c[0], c[1], c[2]
	d1, d2 := s1[j], (*[2]float64)(s2[j:])
	x0 := r0[:j]
	x1, x2, t0, t1, t2 := r1[:len(x0)], r2[:len(x0)], s0[:len(x0)], s1[:len(x0)], s2[:len(x0)]
	for k := 0; k <= len(x0)-tile; k += tile {
		u, v, w := x0[k], x1[k], x2[k]
		t := t0[k]
		a0 -= float64(u * t)
		b0 -= float64(v * t)
		c0 -= float64(w * t)
		t = t1[k]
		a1 -= float64(u * t)
		b1 -= float64(v * t)
		c1 -= float64(w * t)
		t = t2[k]
		a2 -= float64(u * t)
		b2 -= float64(v * t)
		c2 -= float64(w * t)
		u, v, w = x0[k+1], x1[k+1], x2[k+1]
		t = t0[k+1]
		a0 -= float64(u * t)
		b0 -= float64(v * t)
		c0 -= float64(w * t)
		t = t1[k+1]
		a1 -= float64(u * t)
		b1 -= float64(v * t)
		c1 -= float64(w * t)
		t = t2[k+1]
		a2 -= float64(u * t)
		b2 -= float64(v * t)
		c2 -= float64(w * t)
		u, v, w = x0[k+2], x1[k+2], x2[k+2]
		t = t0[k+2]
		a0 -= float64(u * t)
		b0 -= float64(v * t)
		c0 -= float64(w * t)
		t = t1[k+2]
		a1 -= float64(u * t)
		b1 -= float64(v * t)
		c1 -= float64(w * t)
		t = t2[k+2]
		a2 -= float64(u * t)
		b2 -= float64(v * t)
		c2 -= float64(w * t)
	}
	a0 *= inverse[0]
	b0 *= inverse[0]
	c0 *= inverse[0]
	a1 = (a1 - float64(a0*d1)) * inverse[1]
	b1 = (b1 - float64(b0*d1)) * inverse[1]
	c1 = (c1 - float64(c0*d1)) * inverse[1]
	a[0], a[1], a[2] = a0, a1, (a2-float64(a0*d2[0])-float64(a1*d2[1]))*inverse[2]
	b[0], b[1], b[2] = b0, b1, (b2-float64(b0*d2[0])-float64(b1*d2[1]))*inverse[2]
	c[0], c[1], c[2] = c0, c1, (c2-float64(c0*d2[0])-float64(c1*d2[1]))*inverse[2]
}

// diagonal finishes the tile on the diagonal of rows i to i+2, and the three values of y that belong to them.
func diagonal(r0, r1, r2 []float64, i int, inverse, y []float64) bool {
	a := (*[1]float64)(r0[i:])
	b := (*[2]float64)(r1[i:])
	c := (*[3]float64)(r2[i:])
	a0, b0, b1, c0, c1, c2 := a[0], b[0], b[1], c[0], c[1], c[2]
	end := (*[tile]float64)(y[i:])
	y0, y1, y2 := end[0], end[1], end[2]
	x0 := r0[:i]
	x1, x2, known := r1[:len(x0)], r2[:len(x0)], y[:len(x0)]
	for k, u := range x0 {
		v, w, t := x1[k], x2[k], known[k]
		a0 -= float64(u * u)
		b0 -= float64(u * v)
		c0 -= float64(u * w)
		y0 -= float64(u * t)
		b1 -= float64(v * v)
		c1 -= float64(v * w)
		y1 -= float64(v * t)
		c2 -= float64(w * w)
		y2 -= float64(w * t)
	}
	inv := (*[tile]float64)(inverse[i:])
	if !(a0 > 0) {
		return false
	}
	s := 1 / math.Sqrt(a0)
	a0, b0, c0, y0 = a0*s, b0*s, c0*s, y0*s
	inv[0] = s
	b1 -= float64(b0 * b0)
	if !(b1 > 0) {
		return false
	}
	s = 1 / math.Sqrt(b1)
	c1 -= float64(c0 * b0)
	y1 -= float64(y0 * b0)
	b1, c1, y1 = b1*s, c1*s, y1*s
	inv[1] = s
	c2 = c2 - float64(c0*c0) - float64(c1*c1)
	if !(c2 > 0) {
		return false
	}
	s = 1 / math.Sqrt(c2)
	y2 = (y2 - float64(y0*c0) - float64(y1*c1)) * s
	inv[2] = s
	a[0] = a0
	b[0], b[1] = b0, b1
	c[0], c[1], c[2] = c0, c1, c2*s
	end[0], end[1], end[2] = y0, y1, y2
	return true
}

// forwardSolve solves L y = z in place of y, with a factor and reciprocals that cholesky made.
func forwardSolve(l, inverse, y []float64) {
	for i := 0; i < len(inverse); i += tile {
		r0, r1, r2 := tileRows(l, i)
		end := (*[tile]float64)(y[i:])
		y0, y1, y2 := end[0], end[1], end[2]
		x0 := r0[:i]
		x1, x2, known := r1[:len(x0)], r2[:len(x0)], y[:len(x0)]
		for k, t := range known {
			y0 -= float64(x0[k] * t)
			y1 -= float64(x1[k] * t)
			y2 -= float64(x2[k] * t)
		}
		inv := (*[tile]float64)(inverse[i:])
		y0 *= inv[0]
		y1 = (y1 - float64(y0*r1[i])) * inv[1]
		y2 = (y2 - float64(y0*r2[i]) - float64(y1*r2[i+1])) * inv[2]
		end[0], end[1], end[2] = y0, y1, y2
	}
}

// backSolve solves L^T f = y in place of y, with the same.
func backSolve(l, inverse, y []float64) {
	for i := len(inverse) - tile; i >= 0; i -= tile {
		r0, r1, r2 := tileRows(l, i)
		end := (*[tile]float64)(y[i:])
		inv := (*[tile]float64)(inverse[i:])
		f2 := end[2] * inv[2]
		f1 := (end[1] - float64(r2[i+1]*f2)) * inv[1]
		f0 := (end[0] - float64(r2[i]*f2) - float64(r1[i]*f1)) * inv[0]
		end[0], end[1], end[2] = f0, f1, f2
		x0 := r0[:i]
		x1, x2, rest := r1[:len(x0)], r2[:len(x0)], y[:len(x0)]
		for k, t := range rest {
			rest[k] = t - float64(x0[k]*f0) - (float64(x1[k]*f1) + float64(x2[k]*f2))
		}
	}
}
