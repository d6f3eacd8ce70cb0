package sh

import (
	"fmt"
	"math"
	"slices"
)

// A Sphere is a set of unit vectors with the edges between neighbours, on which functions are
// sampled and their peaks found.
//
// In a hemisphere (NewHemisphere) every vertex also stands for its antipode, and an edge joins two
// vertices when it joins any of their representatives.
type Sphere struct {
	Name     string
	Vertices [][3]float64 // of unit length
	Edges    [][2]int     // vertex numbers, the smaller first; ascending by the larger, then the smaller
}

// duplicateCosine is the cosine of the angle within which two vertices count as one: DIPY's 1e-5
// degrees. Written out as a number because math.Cos may differ between platforms.
const duplicateCosine = 0.9999999999999848

// NewSphere makes a sphere of at least four vertices that are not all in one plane. Its edges are
// those of the convex hull, which for points on a sphere is their Delaunay triangulation (as DIPY's
// Sphere.edges). Vertices are scaled to unit length. A vertex that is zero or not finite, two
// within 1e-5 degrees of each other, and vertices in one plane are errors.
func NewSphere(name string, vertices [][3]float64) (*Sphere, error) {
	unit, err := unitVertices(name, vertices)
	if err != nil {
		return nil, err
	}
	if i, j, found := firstPair(unit, sameDirection); found {
		return nil, fmt.Errorf("sphere %s: vertices %d and %d (counted from 0) are the same, expected distinct ones", name, i, j)
	}
	faces, err := convexHull(unit)
	if err != nil {
		return nil, fmt.Errorf("sphere %s: %w", name, err)
	}
	return &Sphere{Name: name, Vertices: unit, Edges: edgesOf(faces, len(unit))}, nil
}

// NewHemisphere makes a hemisphere as DIPY's HemiSphere does: of vertices that are the same up to
// sign (within 1e-5 degrees) the first is kept, those with z < 0 are turned to their antipodes, and
// the edges are those of the convex hull of all vertices and their antipodes. The errors are those
// of NewSphere, except that equal vertices are not one.
func NewHemisphere(name string, vertices [][3]float64) (*Sphere, error) {
	unit, err := unitVertices(name, vertices)
	if err != nil {
		return nil, err
	}
	half := upperHalf(withoutAntipodes(unit))
	faces, err := convexHull(append(slices.Clip(half), antipodes(half)...))
	if err != nil {
		return nil, fmt.Errorf("hemisphere %s: %w", name, err)
	}
	return &Sphere{Name: name, Vertices: half, Edges: edgesOf(faces, len(half))}, nil
}

func unitVertices(name string, vertices [][3]float64) ([][3]float64, error) {
	scaled := make([][3]float64, len(vertices))
	for i, v := range vertices {
		scaled[i] = v
		if math.Abs(dot(v, v)-1) > 4*epsilon { // else dividing would only move the last bit
			scaled[i] = unit(v)
		}
		if math.IsNaN(scaled[i][0]) {
			return nil, fmt.Errorf("sphere %s: vertex %d (counted from 0) is %v, expected a direction", name, i, v)
		}
	}
	return scaled, nil
}

func sameDirection(a, b [3]float64) bool { return dot(a, b) > duplicateCosine }
func sameAxis(a, b [3]float64) bool      { return math.Abs(dot(a, b)) > duplicateCosine }

func firstPair(vertices [][3]float64, same func(a, b [3]float64) bool) (int, int, bool) {
	for j := range vertices {
		for i := range j {
			if same(vertices[i], vertices[j]) {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

func withoutAntipodes(vertices [][3]float64) [][3]float64 {
	var kept [][3]float64
	for _, v := range vertices {
		if !slices.ContainsFunc(kept, func(k [3]float64) bool { return sameAxis(k, v) }) {
			kept = append(kept, v)
		}
	}
	return kept
}

func upperHalf(vertices [][3]float64) [][3]float64 {
	up := make([][3]float64, len(vertices))
	for i, v := range vertices {
		up[i] = v
		if v[2] < 0 {
			up[i] = antipode(v)
		}
	}
	return up
}

func antipodes(vertices [][3]float64) [][3]float64 {
	opposite := make([][3]float64, len(vertices))
	for i, v := range vertices {
		opposite[i] = antipode(v)
	}
	return opposite
}

// antipode subtracts from zero so that a coordinate of 0 stays +0.
func antipode(v [3]float64) [3]float64 { return [3]float64{0 - v[0], 0 - v[1], 0 - v[2]} }

// edgesOf lists the distinct edges of triangles whose vertices are numbered modulo n.
func edgesOf(faces [][3]int, n int) [][2]int {
	var edges [][2]int
	for _, f := range faces {
		for k := range f {
			i, j := f[k]%n, f[(k+1)%3]%n
			edges = append(edges, [2]int{min(i, j), max(i, j)})
		}
	}
	slices.SortFunc(edges, func(a, b [2]int) int {
		if a[1] != b[1] {
			return a[1] - b[1]
		}
		return a[0] - b[0]
	})
	return slices.Compact(edges)
}
