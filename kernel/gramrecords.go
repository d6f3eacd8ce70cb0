package kernel

// How many numbers of the stream describe two quads, and two pairs.
const (
	twinFields   = 12
	coupleFields = 6
)

// gramRecords is a map from moments to entries of a normal matrix as the one stream that ops.CSD.Assemble
// reads.
type gramRecords struct {
	vector int32           // bytes of a vector
	entry  func(int) int32 // the offset of an entry that is named by its place in a packed lower triangle
	spare  int32           // the offset of the entry that takes results that nobody needs
	base   []float64       // what each entry is without any moments
	unit   float64         // of the moments; their weights are multiplied by it

	twins, couples []int32
	weights        []float64
}

// lay appends all records of a map.
func (r *gramRecords) lay(g *GramMap) {
	for _, t := range twinQuads(g.Quads) {
		r.layTwin(g, t)
	}
	for _, c := range couplePairs(g) {
		r.layCouple(g, c)
	}
}

// layCouple appends the record and the weights of one or two pairs.
func (r *gramRecords) layCouple(g *GramMap, couple []GramPair) {
	moments := runOf(couple)
	r.couples = append(r.couples, r.moment(moments.first), moments.terms())
	for i := range 2 {
		for k := range 2 {
			entry := int32(noEntry)
			if i < len(couple) {
				entry = [2]int32{couple[i].Cos, couple[i].Sin}[k]
			}
			if entry == noEntry {
				r.couples, r.weights = append(r.couples, r.spare), append(r.weights, 0)
				continue
			}
			r.couples, r.weights = append(r.couples, r.entry(int(entry))), append(r.weights, r.base[entry])
		}
	}
	for m := moments.first; m < moments.end; m++ {
		for i := range 2 {
			weight := 0.0
			if i < len(couple) && m >= couple[i].Moment && m < couple[i].Moment+couple[i].Terms {
				weight = g.Coefficients[couple[i].Coefficients+m-couple[i].Moment]
			}
			r.weights = append(r.weights, r.unit*weight)
		}
	}
}

// moment is the offset of a pair of moments.
func (r *gramRecords) moment(i int32) int32 { return 2 * i * r.vector }

func (r *gramRecords) layTwin(g *GramMap, t twin) {
	r.twins = append(r.twins, r.moment(t.difference.first), r.moment(t.sum.first),
		t.sum.terms(), t.difference.terms()-t.sum.terms())
	for _, q := range t.quads {
		if q == nil {
			r.twins = append(r.twins, r.spare, r.spare, r.spare, r.spare)
			r.weights = append(r.weights, 0, 0, 0, 0)
			continue
		}
		sincos, cossin := q.SinCos, q.CosSin
		if q.SinSign < 0 {
			sincos, cossin = cossin, sincos
		}
		for _, entry := range []int32{q.CosCos, q.SinSin, sincos, cossin} {
			r.twins = append(r.twins, r.entry(int(entry)))
			r.weights = append(r.weights, r.base[entry])
		}
	}
	for step := range t.difference.terms() {
		for _, q := range t.quads {
			r.weights = append(r.weights, r.unit*g.differenceWeight(q, t.difference.first+step))
		}
		if step < t.sum.terms() {
			for _, q := range t.quads {
				r.weights = append(r.weights, r.unit*g.sumWeight(q, t.sum.first+step))
			}
		}
	}
}
