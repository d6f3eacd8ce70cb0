package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// qpBench is what a test of one step needs: the steps of the set, numbers, and guarded memory.
type qpBench struct {
	*testing.T
	*ops.QP
	csd   *ops.CSD
	lanes int
	*rand.Rand
	edge guarded.Edge
}

// forEachQPSet runs a test on every set of this processor. Buffers once begin at a page that may not be touched, and
// once end at one.
func forEachQPSet(t *testing.T, test func(b qpBench)) {
	withSteps := func(s *ops.Set) *ops.Set {
		if s.QP == nil {
			return nil
		}
		return s
	}
	forEachTable(t, withSteps, func(t *testing.T, s *ops.Set) {
		for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
			test(qpBench{t, s.QP, s.CSD, s.CSD.Lanes, rand.New(rand.NewPCG(1, 2)), edge})
		}
	})
}

// vectors returns n vectors of positive numbers. All of lane 1 is NaN, to see that no other lane notices.
func (b qpBench) vectors(n int) []float64 {
	values := guarded.Slice[float64](b.T, n*b.lanes, b.edge)
	for i := range values {
		values[i] = 0.1 + b.Float64()
		if i%b.lanes == 1 {
			values[i] = math.NaN()
		}
	}
	return values
}

// problem is the memory of n constraints.
type problem struct {
	n                           int
	sums, records, d, r, adx, v []float64 // v is one vector
}

func (b qpBench) problem(n int) problem {
	p := problem{n, b.vectors(6), b.vectors(n * ops.QPRecord), b.vectors(n), b.vectors(n), b.vectors(n), b.vectors(1)}
	for i := range n { // marks are 0 or 1, steps and gaps have signs
		for lane := range b.lanes {
			record := p.records[i*ops.QPRecord*b.lanes+lane:]
			record[ops.QPHeld*b.lanes] = float64(b.IntN(2))
			for _, signed := range []int{ops.QPGap, ops.QPMultiplierStep, ops.QPSlackStep, ops.QPProduct} {
				record[signed*b.lanes] -= 0.6
			}
			p.adx[i*b.lanes+lane] -= 0.6
		}
	}
	return p
}

// constraint is one constraint of one lane.
type constraint struct {
	f         [ops.QPRecord]float64
	d, r, adx float64
}

func (p problem) constraint(i, lane, lanes int) constraint {
	c := constraint{d: p.d[i*lanes+lane], r: p.r[i*lanes+lane], adx: p.adx[i*lanes+lane]}
	for k := range c.f {
		c.f[k] = p.records[(i*ops.QPRecord+k)*lanes+lane]
	}
	return c
}

// check runs a step on every number of constraints up to 130, and compares each lane with a plain loop. visit is the
// step on one constraint, and returns what it adds to sums.
func (b qpBench) check(sums int, start func(sums []float64), step func(p problem), visit func(c *constraint, v float64, sums []float64)) {
	b.Helper()
	for _, n := range kerneltest.Sizes(0, 130) {
		p := b.problem(n)
		var before []constraint
		for lane := range b.lanes {
			for i := range n {
				before = append(before, p.constraint(i, lane, b.lanes))
			}
		}
		step(p)
		for lane := range b.lanes {
			want := make([]float64, sums)
			if start != nil {
				start(want)
			}
			for i := range n {
				c := before[lane*n+i]
				visit(&c, p.v[lane], want)
				if got := p.constraint(i, lane, b.lanes); lane != 1 && got != c {
					b.Fatalf("%d constraints, constraint %d, lane %d:\n%v, want\n%v", n, i, lane, got, c)
				}
			}
			for k, w := range want {
				if got := p.sums[k*b.lanes+lane]; lane != 1 && got != w {
					b.Fatalf("%d constraints, lane %d: sum %d is %v, want %v", n, lane, k, got, w)
				}
			}
		}
	}
}

const testEpsilon = 1e-3

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestAdvanceTakesTheStepAndMakesTheNextReady(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		b.check(1, nil, func(p problem) {
			b.Advance(&p.sums[0], first(p.records), first(p.d), first(p.r), &p.v[0], testEpsilon, p.n)
		}, advanced)
	})
}

// advanced, and the functions that follow, are the steps on one constraint of one lane, and what they add to the sums.
func advanced(c *constraint, t float64, sums []float64) {
	s := math.FMA(t, c.f[ops.QPSlackStep], c.f[ops.QPSlack])
	l := math.FMA(t, c.f[ops.QPMultiplierStep], c.f[ops.QPMultiplier])
	g := math.FMA(-t, c.f[ops.QPGap], c.f[ops.QPGap])
	w := 1 / math.FMA(testEpsilon, l, s)
	c.f[ops.QPSlack], c.f[ops.QPMultiplier], c.f[ops.QPGap], c.f[ops.QPWeight] = s, l, g, w
	c.d = w * l
	c.r = math.FMA(-c.d, g+s, 0)
	sums[0] = math.FMA(l, s, sums[0])
}

func TestPredictFindsTheStepAndMarksConstraintsThatHold(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		b.check(6, func(sums []float64) { sums[1] = 1 }, func(p problem) {
			b.Predict(&p.sums[0], first(p.records), first(p.d), first(p.adx), testEpsilon, p.n)
			for lane := range b.lanes {
				p.sums[b.lanes+lane]++ // the kernel's last operation was - 1
			}
		}, predicted)
	})
}

func predicted(c *constraint, _ float64, sums []float64) {
	s, l := c.f[ops.QPSlack], c.f[ops.QPMultiplier]
	h := c.adx + c.f[ops.QPGap]
	x := math.FMA(testEpsilon, l, -h)
	next := float64(c.d * x)
	dl := next - l
	ds := math.FMA(testEpsilon, dl, h)
	sums[0] = math.Min(sums[0], ds/s)
	sums[1] = math.Min(sums[1], float64(c.f[ops.QPWeight]*x)-1+1) // never fused
	sums[2], sums[3], sums[4] = math.FMA(l, ds, sums[2]), math.FMA(s, dl, sums[3]), math.FMA(ds, dl, sums[4])
	held := truth(next*s > (s+ds)*l)
	sums[5] += (held - c.f[ops.QPHeld]) * (held - c.f[ops.QPHeld])
	c.f[ops.QPMultiplierStep], c.f[ops.QPSlackStep], c.f[ops.QPHeld] = dl, ds, held
}

func TestCentreAimsAtTheTarget(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		b.check(0, nil, func(p problem) { b.Centre(first(p.records), first(p.r), &p.v[0], p.n) }, centred)
	})
}

func centred(c *constraint, target float64, _ []float64) {
	l := c.f[ops.QPMultiplier]
	c.f[ops.QPProduct] = math.FMA(l, c.f[ops.QPSlack], math.FMA(c.f[ops.QPMultiplierStep], c.f[ops.QPSlackStep], -target))
	c.r = math.FMA(-c.f[ops.QPWeight], math.FMA(l, c.f[ops.QPGap], c.f[ops.QPProduct]), 0)
}

func TestCorrectFindsTheCentredStep(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		b.check(2, nil, func(p problem) {
			b.Correct(&p.sums[0], first(p.records), first(p.adx), testEpsilon, p.n)
		}, corrected)
	})
}

func corrected(c *constraint, _ float64, sums []float64) {
	l, h := c.f[ops.QPMultiplier], c.adx+c.f[ops.QPGap]
	dl := math.FMA(-c.f[ops.QPWeight], math.FMA(l, h, c.f[ops.QPProduct]), 0)
	ds := math.FMA(testEpsilon, dl, h)
	c.f[ops.QPMultiplierStep], c.f[ops.QPSlackStep] = dl, ds
	sums[0], sums[1] = math.Min(sums[0], ds/c.f[ops.QPSlack]), math.Min(sums[1], dl/l)
}

func TestHoldPressAndShiftSolveForASet(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		b.check(0, nil, func(p problem) { b.Hold(first(p.records), first(p.d), 1/testEpsilon, p.n) }, held)
		b.check(0, nil, func(p problem) { b.Press(first(p.records), first(p.d), first(p.r), testEpsilon, p.n) }, pressed)
		b.check(0, nil, func(p problem) { b.Shift(first(p.records), first(p.d), first(p.adx), testEpsilon, p.n) }, shifted)
	})
}

func held(c *constraint, _ float64, _ []float64) { c.d = 1 / testEpsilon * c.f[ops.QPHeld] }

func pressed(c *constraint, _ float64, _ []float64) {
	l := c.f[ops.QPMultiplier]
	c.r = math.FMA(-c.d, math.FMA(testEpsilon, l, c.f[ops.QPSlack]), l)
}

func shifted(c *constraint, _ float64, _ []float64) {
	l := c.f[ops.QPMultiplier]
	c.f[ops.QPSlack] += c.adx
	c.f[ops.QPMultiplier] = math.FMA(-c.d, math.FMA(testEpsilon, l, c.f[ops.QPSlack]), l)
}

func TestJudgeMeasuresAndCorrectsTheSet(t *testing.T) {
	const tolerance = 0.2
	forEachQPSet(t, func(b qpBench) {
		b.check(5, nil, func(p problem) {
			for i := range p.n * b.lanes { // slacks and multipliers of both signs; l = 0 among them
				record := p.records[i/b.lanes*ops.QPRecord*b.lanes+i%b.lanes:]
				record[ops.QPMultiplier*b.lanes] = math.Round(4*(record[ops.QPMultiplier*b.lanes]-0.6)) / 4
				record[ops.QPSlack*b.lanes] -= 0.6
			}
			b.Judge(&p.sums[0], first(p.records), tolerance, testEpsilon, p.n)
		}, func(c *constraint, _ float64, sums []float64) {
			c.f[ops.QPMultiplier] = math.Round(4*(c.f[ops.QPMultiplier]-0.6)) / 4
			c.f[ops.QPSlack] -= 0.6
			judgedWithin(tolerance, c, sums)
		})
	})
}

func judgedWithin(tolerance float64, c *constraint, sums []float64) {
	s, l, held := c.f[ops.QPSlack], c.f[ops.QPMultiplier], c.f[ops.QPHeld]
	v := math.FMA(testEpsilon, l, s)
	sums[0], sums[1] = math.Min(sums[0], v), math.Max(sums[1], math.Abs(l*v))
	sums[2], sums[3] = math.Min(sums[2], l), math.Max(sums[3], l)
	next := truth(held == 1 && l > 0 || held == 0 && s < -tolerance)
	sums[4] += math.Abs(next - held)
	c.f[ops.QPMultiplier], c.f[ops.QPHeld] = l*next, next
}

func TestForwardSolvesWithTheFactor(t *testing.T) {
	forEachQPSet(t, func(b qpBench) {
		for tiles := range 12 {
			n := tiles * b.csd.Tile
			q, inverse := b.vectors(tiles*(tiles+1)/2*b.csd.Tile*b.csd.Tile), b.vectors(n)
			y := b.vectors(n)
			entry := func(i, j int) int {
				t := b.csd.Tile
				return (i/t*(i/t+1)/2+j/t)*t*t + j%t*t + i%t
			}
			want := append([]float64(nil), y...)
			for lane := range b.lanes {
				for i := range n {
					for j := range i {
						want[i*b.lanes+lane] = math.FMA(-q[entry(i, j)*b.lanes+lane], want[j*b.lanes+lane], want[i*b.lanes+lane])
					}
					want[i*b.lanes+lane] *= inverse[i*b.lanes+lane]
				}
			}
			b.Forward(first(y), first(q), first(inverse), tiles)
			for i, w := range want {
				if i%b.lanes != 1 && y[i] != w {
					b.Fatalf("%d tiles: unknown %d of lane %d is %v, want %v", tiles, i/b.lanes, i%b.lanes, y[i], w)
				}
			}
		}
	})
}

// first returns the address of the first number of a slice, or nil where there is none.
func first(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	return &values[0]
}
