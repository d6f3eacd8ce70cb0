package nifti

import "math"

// Affine returns the transform from voxel numbers to millimetres, row-major with (0, 0, 0, 1) as its last row. It
// follows nibabel: it is the sform if its code is not 0, else the qform if its code is not 0, else the zooms alone,
// with x flipped and the origin at the middle of the image.
func (h *Header) Affine() [4][4]float64 {
	switch {
	case h.SFormCode != 0:
		return h.sform()
	case h.QFormCode != 0:
		return h.qform()
	}
	return h.base()
}

func (h *Header) affineSource() string {
	switch {
	case h.SFormCode != 0:
		return "sform"
	case h.QFormCode != 0:
		return "qform"
	}
	return "zooms"
}

func (h *Header) sform() [4][4]float64 {
	return [4][4]float64{h.SRows[0], h.SRows[1], h.SRows[2], {3: 1}}
}

func (h *Header) base() [4][4]float64 {
	var a [4][4]float64
	a[3][3] = 1
	for i := range 3 {
		zoom := h.Zooms[i]
		if i == 0 {
			zoom = -zoom
		}
		a[i][i] = zoom
		a[i][3] = -zoom * float64(h.Shape[i]-1) / 2
	}
	return a
}

// qform computes the rotation of the unit quaternion (a, b, c, d), of which the file leaves out a >= 0 (nifti1.h,
// method 2), times the zooms, with z times QFactor.
func (h *Header) qform() [4][4]float64 {
	rotation := rotationOf(h.Quaternion, h.quaternionNoise())
	var a [4][4]float64
	a[3][3] = 1
	for i := range 3 {
		for j := range 3 {
			a[i][j] = rotation[i][j] * h.Zooms[j]
		}
		a[i][2] *= h.QFactor
		a[i][3] = h.QOffset[i]
	}
	return a
}

// quaternionNoise is the value of a^2 = 1 - b^2 - c^2 - d^2 below which a is taken as zero: three times the precision
// of the stored numbers, as in nibabel.
func (h *Header) quaternionNoise() float64 {
	if h.Version == 2 {
		return 3 * 0x1p-52
	}
	return 3 * 0x1p-23
}

// shortenQuaternion scales a quaternion that is longer than 1 beyond rounding to length 1, as the NIfTI C library does,
// in the precision of the file: an image that is written with this header can then be read by nibabel, which refuses
// longer ones.
func (h *Header) shortenQuaternion() {
	q := &h.Quaternion
	square := q[0]*q[0] + q[1]*q[1] + q[2]*q[2]
	if !(square > 1+h.quaternionNoise()) || math.IsInf(square, 1) {
		return
	}
	for i := range q {
		if q[i] /= math.Sqrt(square); h.Version == 1 {
			q[i] = float64(float32(q[i]))
		}
	}
}

// rotationOf returns the rotation matrix of a quaternion from its last three numbers. If rounding has made these longer
// than 1, a is 0.
func rotationOf(bcd [3]float64, noise float64) [3][3]float64 {
	b, c, d := bcd[0], bcd[1], bcd[2]
	var a float64
	if w := 1 - (b*b + c*c + d*d); w >= noise {
		a = math.Sqrt(w)
	}
	s := 2 / (a*a + b*b + c*c + d*d)
	return [3][3]float64{
		{1 - s*(c*c+d*d), s * (b*c - a*d), s * (b*d + a*c)},
		{s * (b*c + a*d), 1 - s*(b*b+d*d), s * (c*d - a*b)},
		{s * (b*d - a*c), s * (c*d + a*b), 1 - s*(b*b+c*c)},
	}
}

// setAffine stores an affine as the sform, its column lengths as zooms, and, where the columns are
// orthogonal, the same transform as the qform.
func (h *Header) setAffine(affine [4][4]float64) {
	h.SFormCode = 1
	copy(h.SRows[:], affine[:3])
	var r [3][3]float64
	for j := range 3 {
		length := math.Sqrt(affine[0][j]*affine[0][j] + affine[1][j]*affine[1][j] + affine[2][j]*affine[2][j])
		h.Zooms[j] = length
		for i := range 3 {
			r[i][j] = affine[i][j] / length
		}
		h.QOffset[j] = affine[j][3]
	}
	h.QFactor = 1
	if determinant(r) < 0 {
		h.QFactor = -1
		for i := range 3 {
			r[i][2] = -r[i][2]
		}
	}
	if !orthogonal(r) {
		return
	}
	h.QFormCode = 1
	h.Quaternion = quaternionOf(r)
}

func determinant(r [3][3]float64) float64 {
	return r[0][0]*(r[1][1]*r[2][2]-r[1][2]*r[2][1]) -
		r[0][1]*(r[1][0]*r[2][2]-r[1][2]*r[2][0]) +
		r[0][2]*(r[1][0]*r[2][1]-r[1][1]*r[2][0])
}

// orthogonal tells whether a quaternion can represent the unit columns of r. Affines that were stored in float32 are
// orthogonal to about 1e-6. A shear that matters is far above 1e-4.
func orthogonal(r [3][3]float64) bool {
	for j := range 3 {
		k := (j + 1) % 3
		dot := r[0][j]*r[0][k] + r[1][j]*r[1][k] + r[2][j]*r[2][k]
		if !(math.Abs(dot) < 1e-4) { // also false for NaN
			return false
		}
	}
	return true
}

// quaternionOf returns (b, c, d) of a rotation matrix, with a >= 0. It divides by the largest of
// the four numbers (Shepperd 1978), so that no half-turn loses precision.
func quaternionOf(r [3][3]float64) [3]float64 {
	squares := [4]float64{ // four times the squares of a, b, c, d
		1 + r[0][0] + r[1][1] + r[2][2],
		1 + r[0][0] - r[1][1] - r[2][2],
		1 - r[0][0] + r[1][1] - r[2][2],
		1 - r[0][0] - r[1][1] + r[2][2],
	}
	largest := 0
	for i, s := range squares {
		if s > squares[largest] {
			largest = i
		}
	}
	var q [4]float64
	switch largest {
	case 0:
		q = [4]float64{squares[0], r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]}
	case 1:
		q = [4]float64{r[2][1] - r[1][2], squares[1], r[0][1] + r[1][0], r[0][2] + r[2][0]}
	case 2:
		q = [4]float64{r[0][2] - r[2][0], r[0][1] + r[1][0], squares[2], r[1][2] + r[2][1]}
	default:
		q = [4]float64{r[1][0] - r[0][1], r[0][2] + r[2][0], r[1][2] + r[2][1], squares[3]}
	}
	scale := 1 / (2 * math.Sqrt(squares[largest]))
	if q[0] < 0 {
		scale = -scale
	}
	return [3]float64{q[1] * scale, q[2] * scale, q[3] * scale}
}
