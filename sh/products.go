package sh

import "math"

// Products is the multiplication table of the even harmonics up to LMax. Their products are sums of the even harmonics
// up to 2 LMax,
//
//	Y_i Y_j = sum over k of g_ijk Y_k,   g_ijk = integral of Y_i Y_j Y_k over the sphere
//
// and nearly all g_ijk (the Gaunt coefficients of the real basis) are exactly zero. A g_ijk that is not zero has a k of
// order |m_i - m_j| or |m_i + m_j|, and of a degree between |l_i - l_j| and l_i + l_j. Whether k is a cosine or a sine
// also follows from i and j. Only the g_ijk that are not zero are stored.
type Products struct {
	LMax int
	// Start has Count(LMax)*(Count(LMax)+1)/2 + 1 values: pair (i, j) with j <= i has the terms
	// Start[i*(i+1)/2+j] to Start[i*(i+1)/2+j+1] of Index and Coefficient.
	Start []int
	// Index are the places k in Terms(2*LMax), ascending within a pair.
	Index []int
	// Coefficient are the g_ijk.
	Coefficient []float64
}

// Of returns the terms of Y_i Y_j, in either order of i and j: the places in Terms(2*LMax) and their
// weights. The slices share the table's memory.
func (p *Products) Of(i, j int) (index []int, coefficient []float64) {
	if j > i {
		i, j = j, i
	}
	pair := i*(i+1)/2 + j
	begin, end := p.Start[pair], p.Start[pair+1]
	return p.Index[begin:end], p.Coefficient[begin:end]
}

// zeroProduct is the limit below which a coefficient counts as zero. Rounding in the quadrature leaves 1e-15. The
// smallest coefficients that are not zero are about 1e-7 for lmax 12.
const zeroProduct = 1e-12

// Products computes the table for this basis by quadrature: Gauss-Legendre in the cosine of the
// colatitude and equal steps in the azimuth, which is exact for polynomials of degree 4 lmax but for
// rounding. lmax 8 takes some milliseconds, 12 some tenths of a second.
func (b Basis) Products(lmax int) *Products {
	nodes := newQuadrature(lmax)
	wide := b.columns(2*lmax, nodes.directions)
	narrow := wide[:Count(lmax)] // the storage order begins with the lower degrees
	wideTerms := Terms(2 * lmax)
	p := &Products{LMax: lmax, Start: []int{0}}
	weighted := make([]float64, len(nodes.directions))
	for i := range narrow {
		for j := range i + 1 {
			for n, w := range nodes.weights {
				weighted[n] = w * narrow[i][n] * narrow[j][n]
			}
			for _, k := range candidates(wideTerms[i], wideTerms[j]) {
				if g := sumOfProducts(weighted, wide[k]); math.Abs(g) > zeroProduct {
					p.Index = append(p.Index, k)
					p.Coefficient = append(p.Coefficient, g)
				}
			}
			p.Start = append(p.Start, len(p.Index))
		}
	}
	return p
}

// candidates lists the places that the selection rules leave for a product, ascending.
func candidates(a, b Term) []int {
	difference, sum := magnitude(magnitude(a.M)-magnitude(b.M)), magnitude(a.M)+magnitude(b.M)
	var list []int
	for l := magnitude(a.L - b.L); l <= a.L+b.L; l += 2 {
		for m := -l; m <= l; m++ {
			if order := magnitude(m); order == difference || order == sum {
				list = append(list, index(l, m))
			}
		}
	}
	return list
}

// quadrature is a set of nodes on the upper half of the sphere whose weights sum to the whole
// sphere's 4 pi: even functions are the same on the other half.
type quadrature struct {
	directions [][3]float64
	weights    []float64
}

func newQuadrature(lmax int) quadrature {
	rings, steps := 2*lmax+2, 4*lmax+1 // an even number of rings has none on the equator
	var q quadrature
	for i := range rings / 2 {
		z, weight := gaussLegendre(rings, i)
		radius := math.Sqrt((1 - z) * (1 + z))
		for s := range steps {
			azimuth := 2 * math.Pi * float64(s) / float64(steps)
			q.directions = append(q.directions, [3]float64{radius * math.Cos(azimuth), radius * math.Sin(azimuth), z})
			q.weights = append(q.weights, 2*weight*2*math.Pi/float64(steps))
		}
	}
	return q
}

// gaussLegendre gives node i of n, counted from the highest, and its weight on [-1, 1]. Newton's method
// on the Legendre polynomial starts from a good guess and settles in a few steps. (The tables of gonum
// v0.17 are not used: their weights for 26 nodes, those of lmax 12, sum to 1.979.)
func gaussLegendre(n, i int) (node, weight float64) {
	x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
	for range 10 {
		p, derivative := legendrePolynomial(n, x)
		x -= p / derivative
	}
	_, derivative := legendrePolynomial(n, x)
	return x, 2 / ((1 - x) * (1 + x) * derivative * derivative)
}

// legendrePolynomial is the polynomial of degree n and its derivative at |x| < 1.
func legendrePolynomial(n int, x float64) (value, derivative float64) {
	before, value := 1.0, x
	for k := 2; k <= n; k++ {
		before, value = value, (float64(2*k-1)*x*value-float64(k-1)*before)/float64(k)
	}
	return value, float64(n) * (before - x*value) / ((1 - x) * (1 + x))
}

// columns evaluates the basis, with one slice for each harmonic.
func (b Basis) columns(lmax int, directions [][3]float64) [][]float64 {
	n := Count(lmax)
	rows := b.Evaluate(lmax, directions)
	columns := make([][]float64, n)
	for k := range columns {
		columns[k] = make([]float64, len(directions))
		for d := range directions {
			columns[k][d] = rows[d*n+k]
		}
	}
	return columns
}

func sumOfProducts(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

func magnitude(i int) int { return max(i, -i) }
