package acq

import (
	"errors"
	"math"
)

// WorldBvecs turns the b-vectors from the image frame into that of the scanner, as MRtrix3 does when it reads FSL
// files: FSL flips x when the affine has a positive determinant, and then the image's axes are rotated to where the
// affine (voxel numbers to millimetres) puts them. When the axes are not quite perpendicular, the rotation is the
// nearest one to them. Lengths are kept, and zero vectors stay zero.
//
// Use these vectors for output in MRtrix3's convention. For maps in the image's own axes, DIPY's convention, use the
// b-vectors as they are. The vectors are NaN when the affine's axes do not span space.
func (g *GradientTable) WorldBvecs(affine [4][4]float64) [][3]float64 {
	world := make([][3]float64, g.Len())
	frame, err := newFrame(affine)
	for i, v := range g.Bvecs {
		world[i] = frame.toWorld(v)
		if err != nil {
			world[i] = [3]float64{math.NaN(), math.NaN(), math.NaN()}
		}
	}
	return world
}

// ImageToWorld is the matrix by which WorldBvecs turns vectors. It is orthogonal, and its determinant is -1, because
// FSL's frame is left-handed. An affine whose axes do not span space is an error.
func ImageToWorld(affine [4][4]float64) ([3][3]float64, error) {
	f, err := newFrame(affine)
	return [3][3]float64(f), err
}

// frame holds the directions of FSL's three axes in the scanner: the columns of an orthogonal matrix
// whose determinant is negative, for FSL's frame is left-handed.
type frame [3][3]float64

func newFrame(affine [4][4]float64) (frame, error) {
	var f frame
	for j := range 3 {
		axis := [3]float64{affine[0][j], affine[1][j], affine[2][j]}
		norm := length(axis)
		for i := range 3 {
			f[i][j] = axis[i] / norm // voxel sizes do not count
		}
	}
	f = f.nearestOrthogonal()
	if math.IsNaN(f.determinant()) {
		return f, errors.New("the axes of the affine do not span space, expected three independent ones")
	}
	if f.determinant() > 0 {
		for i := range 3 {
			f[i][0] = 0 - f[i][0]
		}
	}
	return f, nil
}

func (f frame) toWorld(v [3]float64) (w [3]float64) {
	for i := range 3 {
		w[i] = float64(f[i][0]*v[0]) + float64(f[i][1]*v[1]) + float64(f[i][2]*v[2])
	}
	return w
}

// toImage is the inverse of toWorld, which for an orthogonal matrix is the transpose.
func (f frame) toImage(w [3]float64) (v [3]float64) {
	for j := range 3 {
		v[j] = float64(f[0][j]*w[0]) + float64(f[1][j]*w[1]) + float64(f[2][j]*w[2])
	}
	return v
}

// nearestOrthogonal is the orthogonal factor of the polar decomposition, by Newton's iteration (Higham 1986): the
// mean of the matrix and its inverse transposed, until it no longer changes. It keeps the handedness. A matrix
// without an inverse becomes NaN.
func (f frame) nearestOrthogonal() frame {
	if !(math.Abs(f.determinant()) > 1e-6) {
		return frame{{math.NaN()}}
	}
	for range 100 {
		next := f.inverseTransposed()
		change := 0.0
		for i := range 3 {
			for j := range 3 {
				next[i][j] = (f[i][j] + next[i][j]) / 2
				change = max(change, math.Abs(next[i][j]-f[i][j]))
			}
		}
		f = next
		if change < 1e-15 {
			break
		}
	}
	return f
}

// inverseTransposed is the matrix of cofactors over the determinant.
func (f frame) inverseTransposed() frame {
	var c frame
	det := f.determinant()
	for i := range 3 {
		for j := range 3 {
			c[i][j] = f.cofactor(i, j) / det
		}
	}
	return c
}

// cofactor needs no sign when the other rows and columns are taken in cyclic order.
func (f frame) cofactor(i, j int) float64 {
	i1, i2, j1, j2 := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
	return float64(f[i1][j1]*f[i2][j2]) - float64(f[i1][j2]*f[i2][j1])
}

func (f frame) determinant() float64 {
	return float64(f[0][0]*f.cofactor(0, 0)) + float64(f[0][1]*f.cofactor(0, 1)) + float64(f[0][2]*f.cofactor(0, 2))
}
