package gram

// TwinFields is how many numbers the record of two quads has, and CoupleFields that of two pairs.
const (
	TwinFields   = 12
	CoupleFields = 6
)

// Records is a Map written as streams of numbers, which ops.CSDIteration.Assemble reads to make a normal matrix from
// moments. The caller sets the first five fields, and Lay fills the others.
type Records struct {
	Vector int32           // the size of a vector in bytes
	Entry  func(int) int32 // returns the offset of an entry, from its place in a packed lower triangle
	Spare  int32           // the offset of an entry for results that nobody needs
	Base   []float64       // the value of each entry without moments
	Unit   float64         // what stands for 1 in the moments; weights are multiplied by it

	// Twins and Couples are the records, TwinFields or CoupleFields numbers each. Weights are those of the twins, then
	// those of the couples, in the order of use.
	Twins, Couples []int32
	Weights        []float64
}

// Lay appends all records of a map, with their weights.
func (r *Records) Lay(g *Map) {
	for _, t := range twinQuads(g.Quads) {
		r.layTwin(g, t)
	}
	for _, c := range couplePairs(g) {
		r.layCouple(g, c)
	}
}

// layCouple appends the record and the weights of one or two pairs.
func (r *Records) layCouple(g *Map, couple []Pair) {
	moments := runOf(couple)
	r.Couples = append(r.Couples, r.moment(moments.first), moments.terms())
	for i := range 2 {
		for k := range 2 {
			entry := int32(noEntry)
			if i < len(couple) {
				entry = [2]int32{couple[i].Cos, couple[i].Sin}[k]
			}
			if entry == noEntry {
				r.Couples, r.Weights = append(r.Couples, r.Spare), append(r.Weights, 0)
				continue
			}
			r.Couples, r.Weights = append(r.Couples, r.Entry(int(entry))), append(r.Weights, r.Base[entry])
		}
	}
	for m := moments.first; m < moments.end; m++ {
		for i := range 2 {
			weight := 0.0
			if i < len(couple) && m >= couple[i].Moment && m < couple[i].Moment+couple[i].Terms {
				weight = g.Coefficients[couple[i].Coefficients+m-couple[i].Moment]
			}
			r.Weights = append(r.Weights, r.Unit*weight)
		}
	}
}

// moment returns the offset of a pair of moments.
func (r *Records) moment(i int32) int32 { return 2 * i * r.Vector }

func (r *Records) layTwin(g *Map, t twin) {
	r.Twins = append(r.Twins, r.moment(t.difference.first), r.moment(t.sum.first),
		t.sum.terms(), t.difference.terms()-t.sum.terms())
	for _, q := range t.quads {
		if q == nil {
			r.Twins = append(r.Twins, r.Spare, r.Spare, r.Spare, r.Spare)
			r.Weights = append(r.Weights, 0, 0, 0, 0)
			continue
		}
		sincos, cossin := q.SinCos, q.CosSin
		if q.SinSign < 0 {
			sincos, cossin = cossin, sincos
		}
		for _, entry := range []int32{q.CosCos, q.SinSin, sincos, cossin} {
			r.Twins = append(r.Twins, r.Entry(int(entry)))
			r.Weights = append(r.Weights, r.Base[entry])
		}
	}
	for step := range t.difference.terms() {
		for _, q := range t.quads {
			r.Weights = append(r.Weights, r.Unit*g.differenceWeight(q, t.difference.first+step))
		}
		if step < t.sum.terms() {
			for _, q := range t.quads {
				r.Weights = append(r.Weights, r.Unit*g.sumWeight(q, t.sum.first+step))
			}
		}
	}
}
