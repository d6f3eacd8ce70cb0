package ref

import (
	"cmp"
	"slices"
)

// GramMap is the Gram matrix of chosen rows of a spherical-harmonic matrix, as a linear map of a short vector of
// moments. Package gram documents the mathematics and the fields.
type GramMap struct {
	Moments      int
	Rows         []float64
	Coefficients []float64
	Quads        []GramQuad
	Pairs        []GramPair
	Singles      []GramSingle
}

// GramQuad gives the four entries of two orders that are both not zero. Its sums run over two runs of moments: those of
// the difference and those of the sum of the orders.
type GramQuad struct {
	Difference, DifferenceTerms    int32
	Sum, SumTerms                  int32
	CosCos, SinSin, SinCos, CosSin int32
	Coefficients                   int32
	SinSign                        float64
}

// GramPair gives the two entries of order zero and an order that is not zero, from one run of moments.
type GramPair struct {
	Moment, Terms int32
	Cos, Sin      int32
	Coefficients  int32
}

// GramSingle gives the entry of two harmonics of order zero, from one run of moments.
type GramSingle struct {
	Moment, Terms int32
	Entry         int32
	Coefficients  int32
}

// Gram is a GramMap made ready for fast use. Its work is hundreds of short weighted sums of consecutive moments, each
// over cosines and over sines. One by one, they would spend more time on loops and slices than on arithmetic. Therefore
// sums over nearly the same moments are put side by side, in panels of eight. The entries of the matrix are then
// combined from the results.
type Gram struct {
	moments int
	rows    []float64
	panels  []gramPanel
	weights []float64
	quads   []gramQuad
	pairs   []gramPair
	singles []gramSingle
}

// gramPanel is eight weighted sums over the moments from first to first+length. Its weights begin at weights, panelRows
// for each moment. A weight is zero for a moment that a sum does not have.
type gramPanel struct{ first, length, weights int32 }

// These records of the second step say which sums make which entries.
type gramQuad struct {
	difference, sum                int32
	cosCos, sinSin, sinCos, cosSin int32
	sinSign                        float64
}

type (
	gramPair   struct{ sum, cos, sin int32 }
	gramSingle struct{ sum, entry int32 }
)

// weightedSum is a sum that has no place in a panel yet.
type weightedSum struct {
	first, terms, weights int32
	place                 *int32 // where its place among the results is to be written
}

// NewGram prepares a map whose records have passed Check.
func NewGram(m *GramMap) *Gram {
	g := &Gram{
		moments: m.Moments, rows: m.Rows,
		quads: make([]gramQuad, len(m.Quads)), pairs: make([]gramPair, len(m.Pairs)), singles: make([]gramSingle, len(m.Singles)),
	}
	var sums []weightedSum
	for i, r := range m.Quads {
		q := &g.quads[i]
		*q = gramQuad{cosCos: r.CosCos, sinSin: r.SinSin, sinCos: r.SinCos, cosSin: r.CosSin, sinSign: r.SinSign}
		sums = append(sums,
			weightedSum{r.Difference, r.DifferenceTerms, r.Coefficients, &q.difference},
			weightedSum{r.Sum, r.SumTerms, r.Coefficients + r.DifferenceTerms, &q.sum})
	}
	for i, r := range m.Pairs {
		g.pairs[i] = gramPair{cos: r.Cos, sin: r.Sin}
		sums = append(sums, weightedSum{r.Moment, r.Terms, r.Coefficients, &g.pairs[i].sum})
	}
	for i, r := range m.Singles {
		g.singles[i] = gramSingle{entry: r.Entry}
		sums = append(sums, weightedSum{r.Moment, r.Terms, r.Coefficients, &g.singles[i].sum})
	}
	g.fillPanels(sums, m.Coefficients)
	return g
}

// fillPanels sorts the sums by their moments, and puts them into panels. No panel is longer than the longest sum.
func (g *Gram) fillPanels(sums []weightedSum, coefficients []float64) {
	slices.SortStableFunc(sums, func(a, b weightedSum) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.terms, b.terms))
	})
	longest := int32(0)
	for _, s := range sums {
		longest = max(longest, s.terms)
	}
	for len(sums) > 0 {
		n, first, end := 0, sums[0].first, sums[0].first
		for n < min(panelRows, len(sums)) && sums[n].first+sums[n].terms <= first+longest {
			end = max(end, sums[n].first+sums[n].terms)
			n++
		}
		p := gramPanel{first: first, length: end - first, weights: int32(len(g.weights))}
		g.weights = append(g.weights, make([]float64, panelRows*int(p.length))...)
		for lane, s := range sums[:n] {
			*s.place = int32(panelRows*len(g.panels) + lane)
			for t := range s.terms {
				g.weights[int(p.weights)+panelRows*int(s.first-first+t)+lane] = coefficients[s.weights+t]
			}
		}
		g.panels = append(g.panels, p)
		sums = sums[n:]
	}
}

// GramSums is scratch between the two steps: the sums over cosines and those over sines.
type GramSums struct{ cos, sin []float64 }

// NewSums allocates the scratch of one worker.
func (g *Gram) NewSums() GramSums {
	n := panelRows * len(g.panels)
	return GramSums{cos: make([]float64, n), sin: make([]float64, n)}
}

// Assemble writes base + G c, where base and the result are packed lower triangles. It writes every entry.
func (g *Gram) Assemble(q, base, c []float64, sums GramSums) {
	cos, sin := c[:g.moments], c[g.moments:][:g.moments]
	for i, p := range g.panels {
		w := g.weights[p.weights:]
		panelInto((*[panelRows]float64)(sums.cos[panelRows*i:]), w, cos[p.first:][:p.length])
		panelInto((*[panelRows]float64)(sums.sin[panelRows*i:]), w, sin[p.first:][:p.length])
	}
	g.combine(q, base, sums)
}

// combine makes the entries from the sums.
func (g *Gram) combine(q, base []float64, sums GramSums) {
	q = q[:len(base)]
	cos, sin := sums.cos, sums.sin[:len(sums.cos)]
	for i := range g.quads {
		r := &g.quads[i]
		mc, ms := cos[r.difference], sin[r.difference]*r.sinSign
		pc, ps := cos[r.sum], sin[r.sum]
		q[r.cosCos] = base[r.cosCos] + (mc + pc)
		q[r.sinSin] = base[r.sinSin] + (mc - pc)
		q[r.sinCos] = base[r.sinCos] + (ps + ms)
		q[r.cosSin] = base[r.cosSin] + (ps - ms)
	}
	for _, r := range g.pairs {
		q[r.cos] = base[r.cos] + cos[r.sum]
		q[r.sin] = base[r.sin] + sin[r.sum]
	}
	for _, r := range g.singles {
		q[r.entry] = base[r.entry] + cos[r.sum]
	}
}

// NewMoments allocates moments, all zero: those of the cosines, then those of the sines.
func (g *Gram) NewMoments() []float64 { return make([]float64, 2*g.moments) }

// Add adds the rows of the listed directions to c. It takes four at a time, so that c is loaded and stored once for
// four rows.
func (g *Gram) Add(c []float64, list []int32) {
	for ; len(list) >= 4; list = list[4:] {
		r0, r1, r2, r3 := g.row(c, list[0]), g.row(c, list[1]), g.row(c, list[2]), g.row(c, list[3])
		for i := range c {
			c[i] += (r0[i] + r1[i]) + (r2[i] + r3[i])
		}
	}
	for _, d := range list {
		r := g.row(c, d)
		for i := range c {
			c[i] += r[i]
		}
	}
}

// subtract subtracts the rows of the listed directions from c.
func (g *Gram) subtract(c []float64, list []int32) {
	for ; len(list) >= 4; list = list[4:] {
		r0, r1, r2, r3 := g.row(c, list[0]), g.row(c, list[1]), g.row(c, list[2]), g.row(c, list[3])
		for i := range c {
			c[i] -= (r0[i] + r1[i]) + (r2[i] + r3[i])
		}
	}
	for _, d := range list {
		r := g.row(c, d)
		for i := range c {
			c[i] -= r[i]
		}
	}
}

// row returns the row of a direction, cut to the length of c.
func (g *Gram) row(c []float64, direction int32) []float64 {
	return g.rows[int(direction)*2*g.moments:][:len(c)]
}
