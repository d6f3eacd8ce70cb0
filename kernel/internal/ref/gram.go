package ref

// Gram is the Gram matrix of chosen rows of a spherical-harmonic matrix as a linear map of a short
// vector of moments; package kernel's GramMap documents the mathematics and the records.
type Gram struct {
	Moments      int
	Rows         [][2]float64 // directions x Moments, each a cosine and a sine
	Coefficients []float64
	Quads        []GramQuad
	Pairs        []GramPair
	Singles      []GramSingle
}

// GramQuad gives the four entries of two orders that are both not zero.
type GramQuad struct {
	Difference, DifferenceTerms    int32
	Sum, SumTerms                  int32
	CosCos, SinSin, SinCos, CosSin int32
	Coefficients                   int32
	SinSign                        float64
}

// GramPair gives the two entries of order zero and one order that is not.
type GramPair struct {
	Moment, Terms int32
	Cos, Sin      int32
	Coefficients  int32
}

// GramSingle gives the entry of two harmonics of order zero.
type GramSingle struct {
	Moment, Terms int32
	Entry         int32
	Coefficients  int32
}

// Assemble writes base + G c, where both are packed lower triangles. Every entry is written.
func (g *Gram) Assemble(q, base []float64, c [][2]float64) {
	q = q[:len(base)]
	for e := range g.Quads {
		r := &g.Quads[e]
		w := g.Coefficients[r.Coefficients:]
		mc, ms, pc, ps := fourSums(w, c[r.Difference:][:r.DifferenceTerms], c[r.Sum:][:r.SumTerms])
		ms *= r.SinSign
		q[r.CosCos] = base[r.CosCos] + (mc + pc)
		q[r.SinSin] = base[r.SinSin] + (mc - pc)
		q[r.SinCos] = base[r.SinCos] + (ps + ms)
		q[r.CosSin] = base[r.CosSin] + (ps - ms)
	}
	for e := range g.Pairs {
		r := &g.Pairs[e]
		mc, ms := twoSums(g.Coefficients[r.Coefficients:], c[r.Moment:][:r.Terms])
		q[r.Cos] = base[r.Cos] + mc
		q[r.Sin] = base[r.Sin] + ms
	}
	for e := range g.Singles {
		r := &g.Singles[e]
		mc, _ := twoSums(g.Coefficients[r.Coefficients:], c[r.Moment:][:r.Terms])
		q[r.Entry] = base[r.Entry] + mc
	}
}

// twoSums weights a run of moments.
func twoSums(w []float64, run [][2]float64) (cos, sin float64) {
	w = w[:len(run)]
	for t, m := range run {
		cos += float64(w[t] * m[0])
		sin += float64(w[t] * m[1])
	}
	return cos, sin
}

// fourSums weights two runs with consecutive weights. Degrees of the higher order that a product may
// have are a part of those of the lower order, so that the second run is never the longer one.
func fourSums(w []float64, long, short [][2]float64) (lc, ls, sc, ss float64) {
	u, v := w[:len(long)], w[len(long):][:len(short)]
	first := long[:len(short)]
	for t, m := range short {
		n := first[t]
		lc += float64(u[t] * n[0])
		ls += float64(u[t] * n[1])
		sc += float64(v[t] * m[0])
		ss += float64(v[t] * m[1])
	}
	u, long = u[len(short):], long[len(short):]
	for t, m := range long {
		lc += float64(u[t] * m[0])
		ls += float64(u[t] * m[1])
	}
	return lc, ls, sc, ss
}

// Add adds the rows of the listed directions to c, four at a time so that c is loaded and stored
// once for four rows.
func (g *Gram) Add(c [][2]float64, list []int32) {
	for ; len(list) >= 4; list = list[4:] {
		r0, r1, r2, r3 := g.row(list[0]), g.row(list[1]), g.row(list[2]), g.row(list[3])
		r0, r1, r2, r3 = r0[:len(c)], r1[:len(c)], r2[:len(c)], r3[:len(c)]
		for i := range c {
			c[i][0] += (r0[i][0] + r1[i][0]) + (r2[i][0] + r3[i][0])
			c[i][1] += (r0[i][1] + r1[i][1]) + (r2[i][1] + r3[i][1])
		}
	}
	for _, d := range list {
		r := g.row(d)[:len(c)]
		for i := range c {
			c[i][0] += r[i][0]
			c[i][1] += r[i][1]
		}
	}
}

// Subtract takes the rows of the listed directions off c.
func (g *Gram) Subtract(c [][2]float64, list []int32) {
	for ; len(list) >= 4; list = list[4:] {
		r0, r1, r2, r3 := g.row(list[0]), g.row(list[1]), g.row(list[2]), g.row(list[3])
		r0, r1, r2, r3 = r0[:len(c)], r1[:len(c)], r2[:len(c)], r3[:len(c)]
		for i := range c {
			c[i][0] -= (r0[i][0] + r1[i][0]) + (r2[i][0] + r3[i][0])
			c[i][1] -= (r0[i][1] + r1[i][1]) + (r2[i][1] + r3[i][1])
		}
	}
	for _, d := range list {
		r := g.row(d)[:len(c)]
		for i := range c {
			c[i][0] -= r[i][0]
			c[i][1] -= r[i][1]
		}
	}
}

func (g *Gram) row(direction int32) [][2]float64 {
	return g.Rows[int(direction)*g.Moments:][:g.Moments]
}
