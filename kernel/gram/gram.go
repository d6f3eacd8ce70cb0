package gram

import (
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A Map gives the Gram matrix H^T H of any subset H of the rows of a spherical-harmonic matrix, without multiplying the
// rows.
//
// The product of two even harmonics of degrees up to lmax is a sum of even harmonics of degrees up to 2 lmax. Its
// weights are the Gaunt coefficients. Entry (i, j) of H^T H is the sum over the rows of Y_i(v) Y_j(v), and therefore
// depends on the rows only through the moments
//
//	c_k = sum over the rows of Y_k(v),   k = the even harmonics up to 2 lmax
//
// These are 153 numbers for lmax 8, and H^T H is a fixed sparse linear map of them. It takes some 4,400 multiplications
// and additions; to multiply out a hundred rows takes 100,000. A row that enters or leaves the subset is added to c or
// subtracted.
//
// The map is stored by pairs of orders. A real harmonic of order M is a cosine or a sine of M times the azimuth. The
// product of two, of orders a and b, is a sum or difference of the cosines or sines of |a-b| and a+b. A moment is
// therefore a pair: the value of the cosine and that of the sine, for one degree and order. (The sine of order 0 is 0.)
// Moments are sorted by order and then by degree, so that each sum runs over consecutive ones.
//
// An entry of the matrix is named by its place i*(i+1)/2+j, j <= i, in the packed lower triangle. Package model builds
// the map from the table of products in package sh. csd.New checks it against the matrix B that it belongs to.
type Map struct {
	// Moments is the length of c in pairs: 81 for lmax 8.
	Moments int
	// Rows is directions x 2 x Moments, row-major: what each direction adds to c, all cosines and then all sines. It
	// includes the square of the factor that the rows of B carry.
	Rows []float64
	// Coefficients are the weights of all records, one record after another.
	Coefficients []float64
	// Quads, Pairs and Singles are the records. Together they give every entry of the matrix.
	Quads   []Quad
	Pairs   []Pair
	Singles []Single
}

// A Quad is the record of two degrees with orders a and b that are both not zero. Its weights are the DifferenceTerms
// weights of order |a-b|, and then the SumTerms weights of order a+b; Coefficients is the place of the first. (mc, ms)
// is the weighted sum of the moments from Difference on, and (pc, ps) that of the moments from Sum on. The entries are
//
//	CosCos mc+pc    SinSin mc-pc    SinCos ps+s*ms    CosSin ps-s*ms
//
// where s is SinSign: 1 for a >= b and -1 for a < b.
type Quad = ref.GramQuad

// A Pair is the record of a harmonic of order zero and the two of an order that is not zero. The entries Cos and Sin
// are the weighted sums of Terms moments from Moment on. Coefficients is the place of the first weight.
type Pair = ref.GramPair

// A Single is the record of two harmonics of order zero. Its Entry is the weighted sum of the cosines of Terms moments
// from Moment on. Coefficients is the place of the first weight.
type Single = ref.GramSingle

// ShortSums says that no quad's sum has more terms than its difference. This holds for all products of harmonics, and
// the kernels in lanes rely on it.
func (g *Map) ShortSums() bool {
	return !slices.ContainsFunc(g.Quads, func(q Quad) bool { return q.SumTerms > q.DifferenceTerms })
}

// tolerance bounds the difference between the Gram map of one direction and the product of its row with itself,
// relative to the largest entry. In a correct map it is about 1e-15.
const tolerance = 1e-9

// Checked prepares the map for the portable code, and compares it with b, the rows that it was made for: row-major, rows
// of so many columns. It compares one direction at a time. The map is linear, so that it is then correct for every set.
// The error says which record is out of bounds, which entry no record gives, or for which direction the map is wrong.
func (g *Map) Checked(b []float64, columns int) (*ref.Gram, error) {
	n, rows := columns, len(b)/columns
	m := ref.GramMap(*g)
	if m.Moments < 1 || len(m.Rows) != rows*2*m.Moments {
		return nil, fmt.Errorf("Gram.Rows has %d values, expected %d (rows of B) x 2 x %d (Gram.Moments)", len(m.Rows), rows, m.Moments)
	}
	if err := m.Check(n); err != nil {
		return nil, fmt.Errorf("field Gram: %w", err)
	}
	ready := ref.NewGram(&m)
	base, q := make([]float64, ref.Triangle(n)), make([]float64, ref.Triangle(n))
	sums := ready.NewSums()
	for r := range rows {
		row := b[r*n:][:n]
		ready.Assemble(q, base, m.Rows[r*2*m.Moments:][:2*m.Moments], sums)
		largest := 0.0
		for _, v := range row {
			largest = math.Max(largest, v*v)
		}
		for i := range n {
			for j := range i + 1 {
				got, want := q[ref.Triangle(i)+j], row[i]*row[j]
				if math.Abs(got-want) > tolerance*largest {
					return nil, fmt.Errorf("field Gram does not belong to B: direction %d gives %g for coefficients %d and %d, B gives %g", r, got, i, j, want)
				}
			}
		}
	}
	return ready, nil
}
