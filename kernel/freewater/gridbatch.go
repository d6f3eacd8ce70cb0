package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A gridDesign finds the fraction of water in single precision, sixteen voxels at a time. Its answers are certain:
// where rounding could have led to another fraction, it says that it does not know.
//
// The signals are scaled by a power of two, to an S0 between 1 and 2.
type gridDesign struct {
	*ops.GridSingle
	steps   *ops.TensorSingle
	double  *ops.Tensor
	n       int
	rows    []float32 // the rows of lanes.Design, with what rounding took from water in place of 1
	inverse []float32 // of the signal of water over its S0
}

func newGridDesign(set *ops.Set, d *lanes.Design) *gridDesign {
	f := &gridDesign{GridSingle: set.GridSingle, steps: set.TensorSingle, double: set.Tensor, n: d.N}
	f.rows, f.inverse = make([]float32, len(d.Rows)), make([]float32, d.N)
	for i, v := range d.Rows {
		f.rows[i] = float32(v)
	}
	for i := range f.inverse {
		water := d.Rows[ops.DesignFields*i+7]
		f.inverse[i] = float32(min(1/water, 1e30))
		f.rows[ops.DesignFields*i+6] = float32(water - float64(float32(water)))
	}
	return f
}

// A gridBatch is sixteen voxels. The first eight and the last eight have one system each.
type gridBatch struct {
	design  *gridDesign
	systems [2]*ops.System // with the factors of the normal matrix
	signal  []ops.LanesSingle
	scale   *ops.LanesSingle
	square  *ops.LanesSingle // the inverse square of the scale
	s0      [ops.TensorBatchSingle]float64
	rounded [ops.TensorBatchSingle]float64 // a bound of what roundings add to the root of the sum of squares
	coarse  [ops.TensorBatchSingle]bool    // the signal itself was rounded
	parts   seriesParts
	right   []ops.LanesSingle
	left    *ops.LeftSingle
	point   *ops.PointSingle
	trial   *ops.TrialSingle
	clips   *ops.ClipsSingle
}

func newGridBatch(design *gridDesign, systems [2]*ops.System) *gridBatch {
	return &gridBatch{
		design: design, systems: systems, signal: lanes.Aligned[ops.LanesSingle](design.n), right: lanes.Aligned[ops.LanesSingle](7),
		parts: newSeriesParts(design.n),
		scale: lanes.AlignedOne[ops.LanesSingle](), square: lanes.AlignedOne[ops.LanesSingle](), left: lanes.AlignedOne[ops.LeftSingle](),
		point: lanes.AlignedOne[ops.PointSingle](), trial: lanes.AlignedOne[ops.TrialSingle](), clips: lanes.AlignedOne[ops.ClipsSingle](),
	}
}

// These bound the error of the norm of the differences between signal and fit: signalRoundings times the norm of the
// signal plus, for a fit that is much larger than the signal, fitRoundings times the norm of the fit. A difference
// comes from a sum of eight terms of up to 13 (binary logarithms) and an exponential, so that its error is at most some
// ten roundings of the signal. Errors of the right-hand side, a sum of n terms, are spread by the fit over all
// measurements, and never grow in the norm of the weighted logarithms. A test finds errors that are hardly ever half of
// the bound, and mostly a hundredth.
const (
	signalRoundings = 64 * 0x1p-24
	fitRoundings    = 256 * 0x1p-24
)

// load takes signals and what is known about them: S0 and energy. A lane without a voxel has S0 = 0.
func (b *gridBatch) load(signal [2][]ops.Lanes, s0, energy *[ops.TensorBatchSingle]float64, minSignal float64) {
	for l, s := range s0 {
		exponent := 0
		if s > 0 {
			exponent = math.Ilogb(s)
		}
		scale := math.Ldexp(1, -exponent)
		b.scale[l], b.square[l] = float32(scale), float32(1/(scale*scale))
		b.s0[l] = s * scale
		b.rounded[l] = signalRoundings * math.Sqrt(energy[l]) * scale
		b.left.Cut[l], b.left.Floor[l] = 0, float32(minSignal*scale)
	}
	b.design.steps.Narrow(&signal[0][0], &signal[1][0], &b.signal[0], b.design.n)
	b.design.Scale(&b.signal[0], &b.signal[0], b.design.n, b.scale)
	b.divide()
}

// inRange says whether single precision is enough for a voxel. Its numbers must fit, and its normal matrix must not
// enlarge errors, as it does where hardly more than seven values are not zero. least is the least ratio of a pivot to
// its diagonal element; with more values it is above 0.1 almost always.
func inRange(s0, minSignal, least float64) bool {
	return s0 > 1e-9 && s0 < 1e9 && minSignal > 1e-30*s0 && least > 0.05
}

// solve writes the parameters of the fits for the right-hand sides that were summed up.
func (b *gridBatch) solve(p *[7]ops.LanesSingle) {
	f := b.design
	b.solveWide()
	f.steps.Narrow(&b.systems[0].Solution[0], &b.systems[1].Solution[0], &p[0], 7)
	f.Scale(&p[0], &p[0], 7, b.square)
}

// solveWide solves the systems, in double precision, for the right-hand sides that were summed up.
func (b *gridBatch) solveWide() {
	b.design.steps.Widen(&b.systems[0].Right[0], &b.systems[1].Right[0], &b.right[0], 7)
	for _, system := range b.systems {
		b.design.double.Solve(system)
	}
}

// fit writes the parameters of the fits with the given fractions.
func (b *gridBatch) fit(p *[7]ops.LanesSingle, fractions *[ops.TensorBatchSingle]float64) {
	b.leave(fractions)
	b.rightSide()
	b.solve(p)
}

// norms writes the roots of the sums of squares of the fits with the given fractions.
func (b *gridBatch) norms(norms *[ops.TensorBatchSingle]float64, fractions *[ops.TensorBatchSingle]float64) {
	b.fit(&b.point.P, fractions)
	b.point.C, b.point.Squares = b.left.C, ops.LanesSingle{}
	b.design.steps.Misfit(&b.signal[0], &b.design.rows[0], b.design.n, b.point)
	for l, v := range b.point.Squares {
		norms[l] = math.Sqrt(float64(v))
	}
}

// slopes computes the derivatives of the sums of squares at the given fractions.
func (b *gridBatch) slopes(slopes *[ops.TensorBatchSingle]slope) {
	var fractions [ops.TensorBatchSingle]float64
	for l := range slopes {
		fractions[l] = slopes[l].at
	}
	b.fit(&b.trial.P, &fractions)
	b.rightSlope()
	b.solve(&b.trial.Q)
	b.trial.C = b.left.C
	b.trial.Gradient, b.trial.Curvature = ops.LanesSingle{}, ops.LanesSingle{}
	b.design.Descend(&b.signal[0], &b.design.rows[0], b.design.n, b.trial)
	for l, s0 := range b.s0 {
		slopes[l].first = float64(b.trial.Gradient[l]) * s0
		slopes[l].second = float64(b.trial.Curvature[l]) * s0 * s0
	}
}

// A levelResult is what the evaluation of one level of the grid gave.
type levelResult struct {
	step       [ops.TensorBatchSingle]float64
	fractions  [ops.TensorBatchSingle][reftensor.NextLevel]float64
	norms      [ops.TensorBatchSingle][reftensor.NextLevel]float64
	off        [ops.TensorBatchSingle]float64 // a bound of the error of a norm, without its own roundings
	best       [ops.TensorBatchSingle]int
	candidates [ops.TensorBatchSingle]uint32 // the fractions that may be the best, one bit each
}

// centre returns a voxel's best fraction.
func (v *levelResult) centre(l int) float64 { return v.fractions[l][v.best[l]] }

// sure says that no other fraction can be the best.
func (v *levelResult) sure(l int) bool { return v.candidates[l] == 1<<v.best[l] }

// evaluate computes the norms at n fractions for each voxel. They are points of a grid, step apart.
func (b *gridBatch) evaluate(v *levelResult, n int) {
	var fractions, norms [ops.TensorBatchSingle]float64
	for k := range n {
		for l := range fractions {
			fractions[l] = v.fractions[l][k]
		}
		b.norms(&norms, &fractions)
		for l, norm := range norms {
			v.norms[l][k] = norm
		}
	}
	for l := range v.best {
		v.best[l] = reftensor.Argmin(v.norms[l][:n])
	}
	b.findClips(v)
	for l, best := range v.best {
		v.off[l] = b.rounded[l]
		if b.coarse[l] {
			// Near a clip, the logarithm of what is left, x, has an error of a rounding of c water/x. The norm has this
			// error times the signal, which is c water there.
			v.off[l] += 2 * 0x1p-24 * b.s0[l] / (float64(b.clips.Near[l]) * v.step[l])
		}
		first := v.norms[l][best]
		v.candidates[l] = 0
		for k, norm := range v.norms[l][:n] {
			if !(norm-first > 2*v.off[l]+fitRoundings*(first+norm)) {
				v.candidates[l] |= 1 << k
			}
		}
	}
}

// outOfHand says that even the best fit leaves more than half of the signal's norm. It then extrapolates to
// measurements without a signal, and enlarges errors there.
func (b *gridBatch) outOfHand(v *levelResult, l int) bool {
	return !(v.norms[l][v.best[l]] < 0.5*b.rounded[l]/signalRoundings)
}

// unsure returns the place from which a search goes on that must compare a level's candidates.
func (b *gridBatch) unsure(v *levelResult, l int) searchPlace {
	at := searchPlace{known: ^v.candidates[l], leaves: true}
	for k, norm := range v.norms[l] {
		at.values[k] = norm * norm * float64(b.square[l])
	}
	return at
}

// findClips finds where water uses up measurements, near the best fractions of a level.
func (b *gridBatch) findClips(v *levelResult) {
	c := b.clips
	for l, s0 := range b.s0 {
		c.Centre[l] = float32(v.centre(l) * s0)
		c.Grid[l] = float32(1 / (v.step[l] * s0))
		c.Last[l] = float32(math.Round(1/v.step[l])) - 0.5
		c.Below[l], c.Above[l], c.Near[l] = -nothingLeft, nothingLeft, nothingLeft
	}
	b.design.Clips(c, &b.signal[0], &b.design.inverse[0], b.design.n)
}

// A smoothness says whether water uses up a measurement between two fractions.
type smoothness uint8

const (
	perhapsSmooth smoothness = iota
	surelySmooth
	surelyNotSmooth
)

// smoothnessOf returns the smoothness between the neighbours of the best fraction of a level.
func (b *gridBatch) smoothnessOf(v *levelResult, l int) smoothness {
	const close = 1e-5
	s0 := b.s0[l]
	below, above := float64(b.clips.Below[l])/s0, float64(b.clips.Above[l])/s0
	low, high := v.centre(l)-v.step[l]-reftensor.ClipMargin, v.centre(l)+v.step[l]+reftensor.ClipMargin
	switch {
	case below < low-close && above > high+close:
		return surelySmooth
	case below > low+close || above < high-close:
		return surelyNotSmooth
	}
	return perhapsSmooth
}

// A root is a fraction with the least sum of squares.
type root struct {
	fraction    float64
	thousandths int
	sure        bool // the fields above are certain
	pair        int  // not 0: the root is about half-way between these thousandths and the next
}

// A slope is half the derivative of a sum of squares by the fraction, with what its error depends on.
type slope struct {
	at, first float64
	second    float64 // second derivative as Gauss and Newton approximate it
}

// roots looks for the minima within a tenth of the best fractions of the first level. It evaluates the derivative
// twice: it takes a Newton step with the second derivative of Gauss and Newton, and then a step along the chord.
func (b *gridBatch) roots(found *[ops.TensorBatchSingle]root, v *levelResult, wanted *[ops.TensorBatchSingle]bool) {
	var before, after [ops.TensorBatchSingle]slope
	for l := range before {
		before[l].at = 0.5
		if wanted[l] {
			steps := guess(v.norms[l][:reftensor.FirstLevel], v.best[l])
			before[l].at = min(max(v.centre(l)+v.step[l]*steps, 0.001), 0.999)
		}
	}
	b.slopes(&before)
	for l, s := range before {
		next := s.at - s.first/s.second
		next = min(max(next, s.at-0.05, 0.0005), s.at+0.05, 0.9995)
		if !wanted[l] || math.IsNaN(next) {
			next = 0.5
		}
		after[l].at = next
	}
	b.slopes(&after)
	for l := range found {
		if wanted[l] {
			rounded := b.rounded[l] + fitRoundings*v.norms[l][v.best[l]]
			found[l] = judge(rounded, v.centre(l), &before[l], &after[l])
		}
	}
}

// judge returns the thousandth that is nearest to the root of the derivative, and whether that is certain. rounded is
// the error of the norm of the differences.
func judge(rounded, centre float64, before, after *slope) root {
	moved := after.at - before.at
	second, third := after.second, 0.0
	if math.Abs(moved) > 1e-4 {
		second = (after.first - before.first) / moved
		third = (after.second - before.second) / moved
	}
	zero := after.at - after.first/second
	chord := (zero - after.at) * (zero - before.at)
	bend := third / (2 * second)
	off := math.Abs(chord) * (bendSpread*math.Abs(bend) + bendRest/(1-min(zero, 0.99)))
	zero -= bendMean * bend * chord
	// The error of a slope is that of the differences times the norm of their derivative, plus the error of this
	// derivative times the norm of the differences.
	off += 2*rounded/math.Sqrt(after.second) + 1e-6
	middle := math.Round(1000 * centre)
	low, high := middle-99, middle+99
	k := min(max(math.Round(1000*zero), low), high)
	r := root{fraction: zero, thousandths: int(k)}
	if second > 0.3*after.second && second < 3*after.second && math.Abs(moved) < 0.049 && math.Abs(zero-after.at) < 0.5*math.Abs(moved)+1e-3 {
		lower := math.Floor(1000 * zero)
		r.sure = math.Abs(1000*zero-k) < 0.5-1000*off && k > low && k < high || low == 1 && 1000*zero < 1.5-1000*off
		if off < pairOff && math.Abs(bend) < pairBend && math.Abs(1000*zero-lower-0.5) < 1000*off && lower > low+pairAway && lower < high-pairAway {
			r.pair = int(lower)
		}
	}
	return r
}

// The search with a parabola uses three thousandths that are at most 6 from its vertex and 4 from each other. The
// vertex is off by a third of the bend times 6^2 - 4^2 or 4^2 thousandths, which is less than a tenth here. The search
// therefore compares the two thousandths on both sides of a root that is half-way between them, and goes no further. It
// stays in the range of the level.
const (
	pairOff  = 1e-4
	pairBend = 10
	pairAway = 12
)

// The root of a chord is off by the product of its distances from the two places where the derivative is known, times
// half the bend, which is the ratio of the third and the second derivative. The change of Gauss and Newton's second
// derivative is a part of the third one, and so gives an estimate. Of 5000 bends of simulated voxels, 98 of 100 were
// 0.9 to 2.4 times as large as the estimate. All were within the range that these numbers give, except for fractions
// below 0, which need no root. The last number is in units of 1/(1-f), because at f = 1 water uses up the signals of b
// = 0.
const (
	bendMean   = 1.7
	bendSpread = 1.2
	bendRest   = 0.8
)

// guess returns where the minimum is, in steps from the best point of a level. It is the minimum of the quartic through
// the squares of five norms, if that is near the minimum of the parabola through three.
func guess(norms []float64, best int) float64 {
	var squares [reftensor.NextLevel]float64
	for k, v := range norms {
		squares[k] = v * v
	}
	vertex := reftensor.ParabolaThrough(squares[:len(norms)], best)
	m := min(max(best, 2), len(norms)-3)
	y := squares[m-2 : m+3]
	// The derivatives at the middle, divided by the factorials.
	c1 := (8*(y[3]-y[1]) - (y[4] - y[0])) / 12
	c2 := (16*(y[3]+y[1]) - (y[4] + y[0]) - 30*y[2]) / 24
	c3 := ((y[4] - y[0]) - 2*(y[3]-y[1])) / 12
	c4 := ((y[4] + y[0]) - 4*(y[3]+y[1]) + 6*y[2]) / 24
	x := vertex + float64(best-m)
	for range 3 {
		x -= (c1 + x*(2*c2+x*(3*c3+x*4*c4))) / (2*c2 + x*(6*c3+x*12*c4))
	}
	if x -= float64(best - m); math.Abs(x-vertex) < 0.5 {
		return x
	}
	return vertex
}
