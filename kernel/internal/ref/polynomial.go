package ref

import "math"

// A Polynomial is a homogeneous polynomial of even degree in x, y and z. On the unit sphere, these are exactly the sums
// of even spherical harmonics up to that degree, and there are as many monomials as harmonics. Unlike harmonics, a
// polynomial has derivatives without poles and without trigonometry. Each monomial is multiplied by the square root of
// its multinomial coefficient, so that the sums are as well conditioned as those of harmonics.
type Polynomial struct {
	degree  int
	scale   []float64 // factors of the monomials
	weights []float64
	px, py  []float64 // powers of the coordinates
	pz      []float64
}

// NewPolynomial makes a polynomial with zero weights.
func NewPolynomial(degree int) *Polynomial {
	p := &Polynomial{
		degree: degree,
		px:     make([]float64, degree+1), py: make([]float64, degree+1), pz: make([]float64, degree+1),
	}
	for i := degree; i >= 0; i-- {
		for j := degree - i; j >= 0; j-- {
			p.scale = append(p.scale, math.Sqrt(multinomial(degree, i, j)))
		}
	}
	p.weights = make([]float64, len(p.scale))
	return p
}

// multinomial is n! / (i! j! (n-i-j)!).
func multinomial(n, i, j int) float64 {
	value := 1.0
	for k := range i {
		value = value * float64(n-k) / float64(k+1)
	}
	for k := range j {
		value = value * float64(n-i-k) / float64(k+1)
	}
	return value
}

// Weights returns the weights of the monomials, which the caller sets: those of x^degree first, then by falling powers
// of x, and of y within those.
func (p *Polynomial) Weights() []float64 { return p.weights }

// Scale returns the factors of the monomials besides their weights.
func (p *Polynomial) Scale() []float64 { return p.scale }

// Monomials writes the value at v of each monomial, times its factor.
func (p *Polynomial) Monomials(dst []float64, v [3]float64) {
	p.powers(v)
	m := 0
	for i := p.degree; i >= 0; i-- {
		for j := p.degree - i; j >= 0; j-- {
			dst[m] = p.scale[m] * p.px[i] * p.py[j] * p.pz[p.degree-i-j]
			m++
		}
	}
}

func (p *Polynomial) powers(v [3]float64) {
	for axis, power := range [3][]float64{p.px, p.py, p.pz} {
		power[0] = 1
		for k := 1; k < len(power); k++ {
			power[k] = power[k-1] * v[axis]
		}
	}
}

// Jet is a value with its first and second derivatives. Hessian is xx, xy, xz, yy, yz, zz.
type Jet struct {
	Value    float64
	Gradient [3]float64
	Hessian  [6]float64
}

// At returns the value and the derivatives of the polynomial at v.
func (p *Polynomial) At(v [3]float64) Jet {
	p.powers(v)
	var t Jet
	m := 0
	for i := p.degree; i >= 0; i-- {
		x0, x1, x2 := derivatives(p.px, i)
		for j := p.degree - i; j >= 0; j-- {
			w := p.weights[m] * p.scale[m]
			y0, y1, y2 := derivatives(p.py, j)
			z0, z1, z2 := derivatives(p.pz, p.degree-i-j)
			t.Value += float64(w * x0 * y0 * z0)
			t.Gradient[0] += float64(w * x1 * y0 * z0)
			t.Gradient[1] += float64(w * x0 * y1 * z0)
			t.Gradient[2] += float64(w * x0 * y0 * z1)
			t.Hessian[0] += float64(w * x2 * y0 * z0)
			t.Hessian[1] += float64(w * x1 * y1 * z0)
			t.Hessian[2] += float64(w * x1 * y0 * z1)
			t.Hessian[3] += float64(w * x0 * y2 * z0)
			t.Hessian[4] += float64(w * x0 * y1 * z1)
			t.Hessian[5] += float64(w * x0 * y0 * z2)
			m++
		}
	}
	return t
}

// derivatives returns t^n and its first two derivatives, from the powers of t.
func derivatives(power []float64, n int) (d0, d1, d2 float64) {
	d0 = power[n]
	if n >= 1 {
		d1 = float64(n) * power[n-1]
	}
	if n >= 2 {
		d2 = float64(n*(n-1)) * power[n-2]
	}
	return d0, d1, d2
}
