package sh

import (
	"fmt"
	"math"
	"math/big"
)

// epsilon is half the distance from 1 to the next float64.
const epsilon = 0x1p-53

// convexHull gives the triangles of the convex hull of points on the unit sphere, each turning anticlockwise seen
// from outside. Every point must be a corner of the hull, as distinct points of a sphere are; where four or more
// corners lie in one plane, they are divided into triangles in some way.
//
// It adds one point at a time: the faces that the point can see are taken away, and their outline is joined to the
// point. The function above decides exactly which faces a point sees. With rounding errors, symmetric sets, in which
// many points lie almost in one plane, could tear the surface. The time is quadratic in the number of points: some
// 50 ms for 724.
func convexHull(points [][3]float64) ([][3]int, error) {
	h, err := startHull(points)
	if err != nil {
		return nil, err
	}
	for p := range points {
		if !h.isStart(p) {
			h.add(p)
		}
	}
	return h.faces, h.check()
}

type hull struct {
	points [][3]float64
	start  [4]int
	faces  [][3]int
	seen   map[[2]int]bool // directed edges of the faces being removed, in add
}

// startHull makes the first tetrahedron: of the first two points, and the first two others that do
// not lie on one line or plane with them.
func startHull(points [][3]float64) (*hull, error) {
	if len(points) < 4 {
		return nil, fmt.Errorf("found %d vertices, expected at least 4", len(points))
	}
	// Three distinct points of a sphere are never on one line.
	for d := 3; d < len(points); d++ {
		switch side := above(points, [3]int{0, 1, 2}, d); {
		case side > 0:
			return newHull(points, [4]int{0, 2, 1, d}), nil
		case side < 0:
			return newHull(points, [4]int{0, 1, 2, d}), nil
		}
	}
	return nil, fmt.Errorf("found %d vertices in one plane, expected a set that fills space", len(points))
}

// newHull takes a tetrahedron whose fourth point lies below the face of the first three.
func newHull(points [][3]float64, t [4]int) *hull {
	return &hull{
		points: points,
		start:  t,
		faces:  [][3]int{{t[0], t[1], t[2]}, {t[0], t[3], t[1]}, {t[1], t[3], t[2]}, {t[2], t[3], t[0]}},
		seen:   map[[2]int]bool{},
	}
}

func (h *hull) isStart(p int) bool {
	return p == h.start[0] || p == h.start[1] || p == h.start[2] || p == h.start[3]
}

func (h *hull) add(p int) {
	clear(h.seen)
	kept := h.faces[:0]
	for _, f := range h.faces {
		if above(h.points, f, p) <= 0 {
			kept = append(kept, f)
			continue
		}
		for k := range f {
			h.seen[[2]int{f[k], f[(k+1)%3]}] = true
		}
	}
	h.faces = h.join(kept, p)
}

// join adds a face from p to every edge of the outline: the edges of removed faces whose other side
// was not removed. Their order, and so the order of the faces, does not matter to any caller.
func (h *hull) join(faces [][3]int, p int) [][3]int {
	for e := range h.seen {
		if !h.seen[[2]int{e[1], e[0]}] {
			faces = append(faces, [3]int{e[0], e[1], p})
		}
	}
	return faces
}

// check holds the faces to Euler's formula for a closed surface that has all points as corners.
func (h *hull) check() error {
	used := map[int]bool{}
	for _, f := range h.faces {
		for _, p := range f {
			used[p] = true
		}
	}
	if len(used) != len(h.points) || len(h.faces) != 2*len(h.points)-4 {
		return fmt.Errorf("the convex hull has %d vertices and %d faces, expected %d and %d",
			len(used), len(h.faces), len(h.points), 2*len(h.points)-4)
	}
	return nil
}

// above is positive when point p lies strictly on the outer side of a face, negative when strictly on
// the inner side, and 0 when it is in the plane. The sign is always the true one for the coordinates as
// stored: where rounding could have changed it, the determinant is computed again in whole fractions
// (the filter of Shewchuk 1997, with a bound far on the safe side for coordinates of at most 1).
func above(points [][3]float64, face [3]int, p int) int {
	a, b, c, d := points[face[0]], points[face[1]], points[face[2]], points[p]
	ab, ac, ad := minus(b, a), minus(c, a), minus(d, a)
	det := dot(cross(ab, ac), ad)
	if math.Abs(det) > 512*epsilon*size(ab)*size(ac)*size(ad)+1e-300 {
		if det > 0 {
			return 1
		}
		return -1
	}
	return aboveExactly(a, b, c, d)
}

func minus(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{
		float64(a[1]*b[2]) - float64(a[2]*b[1]),
		float64(a[2]*b[0]) - float64(a[0]*b[2]),
		float64(a[0]*b[1]) - float64(a[1]*b[0]),
	}
}

// size is the largest coordinate, which bounds each product in the determinant.
func size(v [3]float64) float64 { return max(math.Abs(v[0]), math.Abs(v[1]), math.Abs(v[2])) }

func aboveExactly(a, b, c, d [3]float64) int {
	u, v, w := exactMinus(b, a), exactMinus(c, a), exactMinus(d, a)
	det := new(big.Rat)
	for k := range 3 {
		i, j := (k+1)%3, (k+2)%3
		minor := new(big.Rat).Sub(new(big.Rat).Mul(u[i], v[j]), new(big.Rat).Mul(u[j], v[i]))
		det.Add(det, minor.Mul(minor, w[k]))
	}
	return det.Sign()
}

func exactMinus(a, b [3]float64) [3]*big.Rat {
	var d [3]*big.Rat
	for k := range d {
		x, y := new(big.Rat).SetFloat64(a[k]), new(big.Rat).SetFloat64(b[k])
		d[k] = x.Sub(x, y)
	}
	return d
}
