package gram

import (
	"cmp"
	"slices"
)

// A run is the consecutive moments first to end-1.
type run struct{ first, end int32 }

func (r run) terms() int32 { return r.end - r.first }

// and returns the shortest run that contains both.
func (r run) and(other run) run {
	switch {
	case r.terms() == 0:
		return other
	case other.terms() == 0:
		return r
	}
	return run{min(r.first, other.first), max(r.end, other.end)}
}

// twin is two quads that are computed together. Its runs of moments contain those of both, and a weight is zero where a
// quad has no such term.
type twin struct {
	quads           [2]*Quad // the second is nil when one is left over
	difference, sum run
}

func twinOf(a, b *Quad) twin {
	t := twin{quads: [2]*Quad{a, b}}
	for _, q := range t.quads {
		if q != nil {
			t.difference = t.difference.and(run{q.Difference, q.Difference + q.DifferenceTerms})
			t.sum = t.sum.and(run{q.Sum, q.Sum + q.SumTerms})
		}
	}
	return t
}

// cost returns how many steps a twin takes. In the loops the sum must be the shorter run.
func (t twin) cost() int32 {
	if t.sum.terms() > t.difference.terms() {
		return 1 << 20
	}
	return t.difference.terms() + t.sum.terms()
}

// twinQuads pairs the quads: each one, the longest first, with the quad that shares the most moments with it. Twins are
// sorted by their lengths, so that a processor predicts where the loops end.
func twinQuads(quads []Quad) []twin {
	left := make([]*Quad, len(quads))
	for i := range quads {
		left[i] = &quads[i]
	}
	slices.SortStableFunc(left, func(a, b *Quad) int {
		return cmp.Compare(b.DifferenceTerms+b.SumTerms, a.DifferenceTerms+a.SumTerms)
	})
	var twins []twin
	for len(left) > 0 {
		t := twinOf(left[0], nil)
		longest := t.cost()
		left = left[1:]
		partner, least := -1, longest
		for i, q := range left {
			alone := twinOf(q, nil).cost()
			if extra := twinOf(t.quads[0], q).cost() - alone; extra < least {
				partner, least = i, extra
			}
		}
		if partner >= 0 {
			t = twinOf(t.quads[0], left[partner])
			left = slices.Delete(left, partner, partner+1)
		}
		twins = append(twins, t)
	}
	slices.SortStableFunc(twins, func(a, b twin) int {
		return cmp.Or(cmp.Compare(a.difference.terms(), b.difference.terms()), cmp.Compare(a.sum.terms(), b.sum.terms()))
	})
	return twins
}

// differenceWeight is the weight of a moment in a quad's sum over the difference of its orders.
func (g *Map) differenceWeight(q *Quad, moment int32) float64 {
	if q == nil || moment < q.Difference || moment >= q.Difference+q.DifferenceTerms {
		return 0
	}
	return g.Coefficients[q.Coefficients+moment-q.Difference]
}

// sumWeight does the same for the sum of its orders.
func (g *Map) sumWeight(q *Quad, moment int32) float64 {
	if q == nil || moment < q.Sum || moment >= q.Sum+q.SumTerms {
		return 0
	}
	return g.Coefficients[q.Coefficients+q.DifferenceTerms+moment-q.Sum]
}

// noEntry is the place of an entry that does not exist, because sines are zero.
const noEntry = -1

// couplePairs puts pairs together two by two: neighbours in the order of their moments. A single is a pair whose sines
// are zero. Couples are sorted by their lengths.
func couplePairs(g *Map) (couples [][]Pair) {
	pairs := slices.Clone(g.Pairs)
	for _, r := range g.Singles {
		pairs = append(pairs, Pair{Moment: r.Moment, Terms: r.Terms, Cos: r.Entry, Sin: noEntry, Coefficients: r.Coefficients})
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Moment, b.Moment), cmp.Compare(a.Terms, b.Terms))
	})
	couples = slices.Collect(slices.Chunk(pairs, 2))
	slices.SortStableFunc(couples, func(a, b []Pair) int { return cmp.Compare(runOf(a).terms(), runOf(b).terms()) })
	return couples
}

// runOf returns the moments of a couple.
func runOf(couple []Pair) (r run) {
	for _, p := range couple {
		r = r.and(run{p.Moment, p.Moment + p.Terms})
	}
	return r
}
