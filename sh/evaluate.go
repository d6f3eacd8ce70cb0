package sh

import "math"

// Evaluate gives the harmonics up to lmax in each direction: len(directions) x Count(lmax),
// row-major, so that a row times a vector of coefficients is the amplitude in that direction.
//
// Only the direction of a vector counts: it is scaled to unit length first, as DIPY and MRtrix3 do
// by going through angles. A zero or non-finite vector has no direction, and its row is NaN.
//
// No angle is computed. Near the poles the values are therefore exact to a few units in the last
// place, where the arc cosine of DIPY's path loses up to half of the digits.
func (b Basis) Evaluate(lmax int, directions [][3]float64) []float64 {
	b.mustBeKnown()
	n := Count(lmax)
	legendre := newLegendre(lmax)
	values := make([]float64, len(directions)*n)
	for i, d := range directions {
		row := values[i*n : (i+1)*n]
		if d = unit(d); math.IsNaN(d[0]) {
			fill(row, math.NaN()) // also the harmonic of degree 0, which does not depend on d
			continue
		}
		b.evaluateOne(row, legendre, d)
	}
	return values
}

func (b Basis) mustBeKnown() {
	if !b.known() {
		panic("sh: " + b.String() + " is not a basis")
	}
}

func fill(row []float64, value float64) {
	for i := range row {
		row[i] = value
	}
}

// evaluateOne fills one row. With s the sine of the colatitude, (x + iy)^m = s^m e^(im phi), and
// legendre gives the associated function divided by s^m: their product needs neither angle.
func (b Basis) evaluateOne(row []float64, p *legendre, d [3]float64) {
	cosine, sine := 1.0, 0.0 // real and imaginary part of (x + iy)^m
	for m := 0; m <= p.lmax; m++ {
		scale := math.Sqrt2
		if m == 0 {
			scale = 1
		}
		re, im := scale*cosine, scale*sine
		p.column(m, d[2])
		for l := m + m%2; l <= p.lmax; l += 2 {
			value := p.values[l]
			atCosine, atSine := m, -m
			if b == Descoteaux07 {
				atCosine, atSine = -m, m
			}
			row[index(l, atSine)] = value * im
			row[index(l, atCosine)] = value * re // written last, because m = 0 has only a cosine
		}
		cosine, sine = float64(cosine*d[0])-float64(sine*d[1]), float64(cosine*d[1])+float64(sine*d[0])
	}
}

// unit scales a vector to length 1; one without a direction becomes NaN.
func unit(v [3]float64) [3]float64 {
	largest := max(math.Abs(v[0]), math.Abs(v[1]), math.Abs(v[2]))
	if !(largest > 0) || math.IsInf(largest, 1) {
		return [3]float64{math.NaN(), math.NaN(), math.NaN()}
	}
	for i := range v {
		v[i] /= largest // keeps the squares from overflow and underflow
	}
	norm := math.Sqrt(dot(v, v))
	return [3]float64{v[0] / norm, v[1] / norm, v[2] / norm}
}

// dot rounds each product by itself, so that no compiler may fuse it into the sum. The result has the same bits on
// every platform.
func dot(a, b [3]float64) float64 {
	return float64(float64(a[0]*b[0])+float64(a[1]*b[1])) + float64(a[2]*b[2])
}
