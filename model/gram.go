package model

import (
	"slices"

	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/sh"
)

// newGramMap builds the gram.Map for the harmonics up to lmax in the directions, each multiplied by factor. The map
// gives the Gram matrix of any set of the directions. Its numbers come from the basis's table of products.
func newGramMap(basis sh.Basis, lmax int, directions [][3]float64, factor float64) gram.Map {
	b := gramBuilder{lmax: lmax, products: basis.Products(lmax), place: map[harmonic]int{}}
	b.nameHarmonics()
	b.orderMoments()
	b.quads()
	b.pairs()
	b.singles()
	b.gram.Rows = b.rows(basis, directions, factor*factor)
	return b.gram
}

// A harmonic is named by its degree, the magnitude of its order, and whether it goes with the sine of the azimuth.
// Unlike the sign of m, this name means the same in every basis.
type harmonic struct {
	degree, order int
	sine          bool
}

type gramBuilder struct {
	lmax     int
	products *sh.Products
	place    map[harmonic]int // in storage, up to degree 2 lmax
	first    []int32          // the first moment of each order
	moments  []harmonic       // the cosine of each moment
	gram     gram.Map
}

// nameHarmonics fills in the places. It finds from the table of products which sign of m the basis gives to cosines:
// the square of a harmonic of order 2, be it sine or cosine, holds the cosine of order 4 and never the sine.
func (b *gramBuilder) nameHarmonics() {
	terms := sh.Terms(2 * b.lmax)
	square, _ := b.products.Of(1, 1) // l = 2, m = -2: holds the cosine of order 4
	if b.lmax == 0 {
		square = nil
	}
	cosine := 1
	for _, k := range square {
		if terms[k].M == -4 {
			cosine = -1
		}
	}
	for i, t := range terms {
		b.place[harmonic{t.L, max(t.M, -t.M), t.M*cosine < 0}] = i
	}
}

// orderMoments sorts the moments by order, then degree.
func (b *gramBuilder) orderMoments() {
	for order := 0; order <= 2*b.lmax; order++ {
		b.first = append(b.first, int32(len(b.moments)))
		for degree := order + order%2; degree <= 2*b.lmax; degree += 2 {
			b.moments = append(b.moments, harmonic{degree, order, false})
		}
	}
	b.gram.Moments = len(b.moments)
}

// run says which moments of one order the product of degrees l1 and l2 can have. It returns the lowest degree, the
// moment of that degree, and how many moments there are.
func (b *gramBuilder) run(l1, l2, order int) (degree int, moment, terms int32) {
	degree = max(l1-l2, l2-l1, order+order%2)
	if degree > l1+l2 {
		return degree, 0, 0
	}
	return degree, b.first[order] + int32((degree-order-order%2)/2), int32((l1+l2-degree)/2 + 1)
}

// entry is the place of two harmonics in the packed lower triangle of a Gram matrix.
func (b *gramBuilder) entry(x, y harmonic) int32 {
	i, j := b.place[x], b.place[y]
	if j > i {
		i, j = j, i
	}
	return int32(i*(i+1)/2 + j)
}

// appendWeights appends the weights that the cosines of one order have in the product of the cosines x and y. It
// returns the first of their moments, and how many there are.
func (b *gramBuilder) appendWeights(x, y harmonic, order int) (moment, terms int32) {
	index, weight := b.products.Of(b.place[x], b.place[y])
	degree, moment, terms := b.run(x.degree, y.degree, order)
	for t := range int(terms) {
		w := 0.0
		if n, ok := slices.BinarySearch(index, b.place[harmonic{degree + 2*t, order, false}]); ok {
			w = weight[n]
		}
		b.gram.Coefficients = append(b.gram.Coefficients, w)
	}
	return moment, terms
}

// quads writes the records of two harmonics that both have an order above zero.
func (b *gramBuilder) quads() {
	cosines := b.cosines()
	for i, x := range cosines {
		for _, y := range cosines[:i+1] {
			b.gram.Quads = append(b.gram.Quads, b.quad(x, y))
		}
	}
}

// cosines lists the cosine harmonics of order 1 and more.
func (b *gramBuilder) cosines() []harmonic {
	var list []harmonic
	for order := 1; order <= b.lmax; order++ {
		for degree := order + order%2; degree <= b.lmax; degree += 2 {
			list = append(list, harmonic{degree, order, false})
		}
	}
	return list
}

func (b *gramBuilder) quad(x, y harmonic) gram.Quad {
	xs, ys := sine(x), sine(y)
	q := gram.Quad{
		CosCos: b.entry(x, y), SinSin: b.entry(xs, ys), SinCos: b.entry(xs, y), CosSin: b.entry(x, ys),
		Coefficients: int32(len(b.gram.Coefficients)),
		SinSign:      1,
	}
	if x.order < y.order {
		q.SinSign = -1
	}
	q.Difference, q.DifferenceTerms = b.appendWeights(x, y, max(x.order-y.order, y.order-x.order))
	q.Sum, q.SumTerms = b.appendWeights(x, y, x.order+y.order)
	return q
}

func sine(h harmonic) harmonic { return harmonic{h.degree, h.order, true} }

// pairs writes the records of a harmonic of order zero with one of an order above zero.
func (b *gramBuilder) pairs() {
	for degree := 0; degree <= b.lmax; degree += 2 {
		for _, y := range b.cosines() {
			x := harmonic{degree, 0, false}
			p := gram.Pair{Cos: b.entry(x, y), Sin: b.entry(x, sine(y)), Coefficients: int32(len(b.gram.Coefficients))}
			p.Moment, p.Terms = b.appendWeights(x, y, y.order)
			b.gram.Pairs = append(b.gram.Pairs, p)
		}
	}
}

// singles writes the records of two harmonics of order zero.
func (b *gramBuilder) singles() {
	for l1 := 0; l1 <= b.lmax; l1 += 2 {
		for l2 := 0; l2 <= l1; l2 += 2 {
			x, y := harmonic{l1, 0, false}, harmonic{l2, 0, false}
			s := gram.Single{Entry: b.entry(x, y), Coefficients: int32(len(b.gram.Coefficients))}
			s.Moment, s.Terms = b.appendWeights(x, y, 0)
			b.gram.Singles = append(b.gram.Singles, s)
		}
	}
}

// rows evaluates the harmonics up to degree 2 lmax in each direction, in the order of the moments: all cosines, then
// all sines.
func (b *gramBuilder) rows(basis sh.Basis, directions [][3]float64, scale float64) []float64 {
	values := basis.Evaluate(2*b.lmax, directions)
	n := sh.Count(2 * b.lmax)
	rows := make([]float64, 0, 2*len(directions)*len(b.moments))
	for ; len(values) > 0; values = values[n:] {
		for _, m := range b.moments {
			rows = append(rows, scale*values[b.place[m]])
		}
		for _, m := range b.moments {
			if m.order == 0 {
				rows = append(rows, 0)
				continue
			}
			rows = append(rows, scale*values[b.place[sine(m)]])
		}
	}
	return rows
}
