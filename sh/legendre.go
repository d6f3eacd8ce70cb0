package sh

import "math"

// legendre evaluates normalised associated Legendre functions divided by sin^m, one phase factor m
// at a time:
//
//	values[l] = (-1)^m sqrt((2l+1)/(4 pi) (l-m)!/(l+m)!) P(l,m)(z) / (1-z^2)^(m/2)
//
// with P free of the Condon-Shortley phase, which the leading sign brings in. Carrying the
// normalisation through the recursion in l keeps every number near 1: factorials, which overflow
// or cancel at high orders, never appear (Holmes and Featherstone 2002 compare such recursions).
type legendre struct {
	lmax   int
	values []float64 // by l, from m to lmax, after a call of column
}

func newLegendre(lmax int) *legendre {
	return &legendre{lmax: lmax, values: make([]float64, lmax+1)}
}

// column computes values[m..lmax] at the cosine z of the colatitude.
func (p *legendre) column(m int, z float64) {
	p.values[m] = sectoral(m)
	if m < p.lmax {
		p.values[m+1] = math.Sqrt(float64(2*m+3)) * z * p.values[m]
	}
	for l := m + 2; l <= p.lmax; l++ {
		a := math.Sqrt(float64(4*l*l-1) / float64(l*l-m*m))
		b := math.Sqrt(float64((l-1)*(l-1)-m*m) / float64(4*(l-1)*(l-1)-1))
		p.values[l] = a * (float64(z*p.values[l-1]) - float64(b*p.values[l-2]))
	}
}

// sectoral is the value for l = m, which does not depend on the direction.
func sectoral(m int) float64 {
	value := 1 / math.Sqrt(4*math.Pi)
	for k := 1; k <= m; k++ {
		value *= -math.Sqrt(float64(2*k+1) / float64(2*k))
	}
	return value
}
