package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// seriesParts divides the measurements of sixteen voxels into two parts. Where water is a large part of the signal of
// any of the voxels (mostly at b-values up to 1000), the right-hand side of each fit needs new logarithms. For the
// other measurements it is a power series. c is the signal of water at b = 0, m is the middle of its range, and u =
// water/(s - m water):
//
//	log2(s - c water) = log2(s - m water) + log2(1 - (c-m) u) = log2(s - m water) - (1/ln 2) sum_j ((c-m) u)^j / j
//
// Seven sums for each power therefore give the right-hand sides for all fractions. The voxels of a lot decide together
// which measurements need logarithms. The search is certain in either way.
type seriesParts struct {
	large  int // measurements with much water, which come first
	signal []ops.LanesSingle
	rows   []float32         // of the design, in the same order
	u, v   []ops.LanesSingle // of the measurements with little water
	limit  *ops.LanesSingle
	middle [ops.TensorBatchSingle]float64
	beyond *ops.LanesSingle     // the distance of c from the middle
	right  [][7]ops.LanesSingle // the coefficients of the right-hand side
	slope  [][7]ops.LanesSingle // the coefficients of what Slope sums up
	factor [seriesTerms]*ops.LanesSingle
}

// A measurement has little water if water is at most littleWater of the signal at f = 1. On the grid |f - 0.5| is at
// most 0.4, and (c-m) u is then at most 0.13. The error of the series of seven terms is 1.5e-7 there, two roundings of
// a number between 1 and 2. For all f from 0 to 1 it is 8e-7, and the relative error of the slope is 2e-5, far less
// than the error of the slope's product with the differences may be.
const (
	littleWater = 0.28
	seriesTerms = 7
)

func newSeriesParts(n int) seriesParts {
	p := seriesParts{
		signal: lanes.Aligned[ops.LanesSingle](n + 1), rows: lanes.Aligned[float32](ops.DesignFields * (n + 1)),
		u: lanes.Aligned[ops.LanesSingle](n + 1), v: lanes.Aligned[ops.LanesSingle](n + 1),
		limit: lanes.AlignedOne[ops.LanesSingle](), beyond: lanes.AlignedOne[ops.LanesSingle](),
		right: lanes.Aligned[[7]ops.LanesSingle](seriesTerms), slope: lanes.Aligned[[7]ops.LanesSingle](seriesTerms - 1),
	}
	for j := 1; j < seriesTerms; j++ {
		p.factor[j] = lanes.AlignedOne[ops.LanesSingle]()
		for l := range p.factor[j] {
			p.factor[j][l] = float32(-1 / (math.Ln2 * float64(j)))
		}
	}
	return p
}

// nothingLeft is what water leaves of a measurement, by definition, where water uses it up. Its logarithm then no
// longer depends on the fraction.
const nothingLeft = 1e30

// divide divides the measurements and makes the series. Lanes without a voxel have no say.
func (b *gridBatch) divide() {
	p, d := &b.parts, b.design
	var middle [ops.TensorBatchSingle]float64
	for l, s0 := range b.s0 {
		p.limit[l], p.middle[l], middle[l] = float32(s0/littleWater), 0.5*s0, 0.5
		if !(s0 > 0) {
			p.limit[l] = -nothingLeft
		}
	}
	p.large = d.Part(&p.signal[0], &p.rows[0], &b.signal[0], &d.rows[0], d.n, p.limit)
	signal, rows, little := &p.signal[p.large], &p.rows[ops.DesignFields*p.large], d.n-p.large
	b.leave(&middle)
	clear(p.right)
	clear(p.slope)
	d.Right(&p.right[0][0], signal, rows, little, b.left)
	d.Ratios(&p.u[0], &p.v[0], signal, rows, little, b.left)
	for j := 1; j < seriesTerms; j++ {
		d.Moments(&p.slope[j-1][0], &p.v[0], &p.u[0], rows, little)
		d.Scale(&p.right[j][0], &p.slope[j-1][0], 7, p.factor[j])
	}
}

// leave sets what the fractions subtract from the signals.
func (b *gridBatch) leave(fractions *[ops.TensorBatchSingle]float64) {
	for l, f := range fractions {
		c := f * b.s0[l]
		b.left.C[l] = float32(c)
		b.left.Low[l] = float32(c - float64(b.left.C[l]))
		b.parts.beyond[l] = float32(c - b.parts.middle[l])
	}
}

// rightSide makes the right-hand side of the fits to what is left.
func (b *gridBatch) rightSide() {
	p, d := &b.parts, b.design
	d.Series(&b.right[0], &p.right[0][0], len(p.right), p.beyond)
	d.Right(&b.right[0], &p.signal[0], &p.rows[0], p.large, b.left)
}

// rightSlope makes the derivative of the right-hand side by c, times -ln 2.
func (b *gridBatch) rightSlope() {
	p, d := &b.parts, b.design
	floor := b.left.Floor
	for l := range b.left.Floor {
		b.left.Floor[l] = nothingLeft
	}
	d.Series(&b.right[0], &p.slope[0][0], len(p.slope), p.beyond)
	d.Slope(&b.right[0], &p.signal[0], &p.rows[0], p.large, b.left)
	b.left.Floor = floor
}

// plainFit solves the systems for fits without water. Their solutions still have to be multiplied by the square.
func (b *gridBatch) plainFit() {
	b.leave(new([ops.TensorBatchSingle]float64))
	b.rightSide()
	b.solveWide()
}
