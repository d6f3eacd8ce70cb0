package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// forEachGridSet runs a test on every set of this processor that searches for the fraction of water.
func forEachGridSet(t *testing.T, test func(t *testing.T, k *ops.GridSingle)) {
	forEachTable(t, func(s *ops.Set) *ops.GridSingle { return s.GridSingle }, test)
}

// A search is made-up input for the steps of the search. In some signals water uses up nearly everything, or more than
// that.
type search struct {
	n       int
	design  []float32
	inverse []float32
	s       []ops.LanesSingle
	left    ops.LeftSingle
	trial   ops.TrialSingle
	clips   ops.ClipsSingle
	sums    [8]ops.LanesSingle
}

func newSearch(random *rand.Rand, n int) *search {
	b := &search{n: n, design: make([]float32, 8*n+8), inverse: make([]float32, n+1), s: make([]ops.LanesSingle, n+1)}
	for l := range ops.TensorBatchSingle {
		c := 0.2 + random.Float64()
		b.left.C[l] = float32(c)
		b.left.Low[l] = float32(c - float64(b.left.C[l]))
		b.left.Cut[l], b.left.Floor[l] = 0.01*float32(l%2), 0.02+random.Float32()
		b.trial.C[l] = b.left.C[l]
		b.trial.Gradient[l], b.trial.Curvature[l] = random.Float32(), random.Float32()
		for k := range 7 {
			b.trial.P[k][l], b.trial.Q[k][l] = float32(random.NormFloat64()/2), float32(random.NormFloat64()/2)
			b.sums[k][l] = random.Float32()
		}
		b.clips.Centre[l], b.clips.Grid[l], b.clips.Last[l] = random.Float32(), 10/(0.5+random.Float32()), 9.5
		b.clips.Above[l], b.clips.Near[l] = 1e30, 1e30
	}
	for i := range n {
		for k := range 6 {
			b.design[8*i+k] = float32(random.NormFloat64())
		}
		water := random.Float64()
		b.design[8*i+7] = float32(water)
		b.design[8*i+6] = float32(water - float64(float32(water)))
		b.inverse[i] = float32(1 / water)
		for l := range ops.TensorBatchSingle {
			b.s[i][l] = float32(2 * random.Float64())
			if random.IntN(4) == 0 { // hardly anything is left
				b.s[i][l] = float32(b.water(i, l) * (1 + 1e-6*random.NormFloat64()))
			}
		}
	}
	return b
}

// water returns the signal of water to more digits than single precision has.
func (b *search) water(i, l int) float64 {
	return (float64(b.left.C[l]) + float64(b.left.Low[l])) * (float64(b.design[8*i+7]) + float64(b.design[8*i+6]))
}

// rest returns what water leaves.
func (b *search) rest(i, l int) float64 {
	rest := float64(b.s[i][l]) - b.water(i, l)
	if float32(rest) <= b.left.Cut[l] {
		return float64(b.left.Floor[l])
	}
	return rest
}

func (b *search) linear(p *[7]ops.LanesSingle, i, l int) float64 {
	z := float64(p[6][l])
	for k := range 6 {
		z += float64(p[k][l]) * float64(b.design[8*i+k])
	}
	return z
}

func isClose(t *testing.T, n int, what string, lane int, got float32, want, scale float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= 2e-6*scale) {
		t.Fatalf("%d measurements, lane %d: %s is %v, the formula gives %v", n, lane, what, got, want)
	}
}

func TestGridSumsAreTheirFormula(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(31, 32))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newSearch(random, n)
			right, slope := b.sums, b.sums
			k.Right(&right[0], &b.s[0], &b.design[0], n, &b.left)
			k.Slope(&slope[0], &b.s[0], &b.design[0], n, &b.left)
			for l := range ops.TensorBatchSingle {
				for j := range 8 {
					wantRight, wantSlope := float64(b.sums[j][l]), float64(b.sums[j][l])
					scaleRight, scaleSlope := 1.0, 1.0
					for i := 0; i < n && j < 7; i++ {
						w, square, rest := 1.0, float64(b.s[i][l])*float64(b.s[i][l]), b.rest(i, l)
						if j < 6 {
							w = float64(b.design[8*i+j])
						}
						// In units of the tolerance: the error of what is left is at most 2^-46 of the water that is
						// subtracted.
						off := 1 + 0x1p-46*b.water(i, l)/rest/2e-6
						y := square * w * log2(rest)
						wantRight, scaleRight = wantRight+y, scaleRight+math.Abs(y)+math.Abs(square*w)*off
						y = square * w * float64(b.design[8*i+7]) / rest
						wantSlope, scaleSlope = wantSlope+y, scaleSlope+math.Abs(y)*off
					}
					isClose(t, n, "the right-hand side", l, right[j][l], wantRight, scaleRight)
					isClose(t, n, "its slope", l, slope[j][l], wantSlope, scaleSlope)
				}
			}
		}
	})
}

func TestGridDescentIsItsFormula(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(33, 34))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newSearch(random, n)
			got := b.trial
			k.Descend(&b.s[0], &b.design[0], n, &got)
			for l := range ops.TensorBatchSingle {
				gradient, curvature := float64(b.trial.Gradient[l]), float64(b.trial.Curvature[l])
				scale := [2]float64{1, 1}
				for i := range n {
					tissue, y, water := math.Exp2(b.linear(&b.trial.P, i, l)), b.linear(&b.trial.Q, i, l), float64(b.design[8*i+7])
					d, e := float64(b.s[i][l])-tissue-float64(b.trial.C[l])*water, tissue*y-water
					gradient, curvature = gradient+d*e, curvature+e*e
					sizeD, sizeE := 10*(2+tissue+water), 10*(tissue*(1+math.Abs(y))+water)
					scale[0], scale[1] = scale[0]+sizeD*sizeE, scale[1]+sizeE*sizeE
				}
				isClose(t, n, "the gradient", l, got.Gradient[l], gradient, scale[0])
				isClose(t, n, "the curvature", l, got.Curvature[l], curvature, scale[1])
			}
			if got.P != b.trial.P || got.Q != b.trial.Q || got.C != b.trial.C {
				t.Fatalf("%d measurements: the fit was written", n)
			}
		}
	})
}

func TestGridClipsAreNextToTheCentreAndTheGrid(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(35, 36))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newSearch(random, n)
			got := b.clips
			k.Clips(&got, &b.s[0], &b.inverse[0], n)
			for l := range ops.TensorBatchSingle {
				below, above, near := float32(0), float32(1e30), float32(1e30)
				for i := range n {
					clip := b.s[i][l] * b.inverse[i]
					if clip > b.clips.Centre[l] {
						above = min(above, clip)
					} else {
						below = max(below, clip)
					}
					x := min(max(clip*b.clips.Grid[l], 0.5), b.clips.Last[l])
					near = min(near, float32(math.Abs(float64(x)-math.RoundToEven(float64(x))))*b.inverse[i])
				}
				if got.Below[l] != below || got.Above[l] != above || got.Near[l] != near {
					t.Fatalf("%d measurements, lane %d: below %v above %v near %v, expected %v %v %v",
						n, l, got.Below[l], got.Above[l], got.Near[l], below, above, near)
				}
			}
		}
	})
}

func TestGridScaleMultiplies(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(37, 38))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newSearch(random, n)
			y := make([]ops.LanesSingle, n+1)
			k.Scale(&y[0], &b.s[0], n, &b.left.C)
			for i := range n + 1 {
				for l := range ops.TensorBatchSingle {
					if want := b.s[i][l] * b.left.C[l]; y[i][l] != want {
						t.Fatalf("%d numbers: lane %d of number %d is %v, expected %v", n, l, i, y[i][l], want)
					}
				}
			}
		}
	})
}

// What is in one lane, NaN included, does not reach another. Memory may begin anywhere.
func TestGridLanesDoNotMix(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		for lane := range ops.TensorBatchSingle {
			run := func(spoil bool) *search {
				b := newSearch(rand.New(rand.NewPCG(39, 40)), 37)
				for i := range b.s {
					if spoil {
						b.s[i][lane] = []float32{float32(math.NaN()), float32(math.Inf(1)), -1e38, 0}[i%4]
					}
				}
				k.Right(&b.sums[0], &b.s[0], &b.design[0], b.n, &b.left)
				k.Slope(&b.sums[0], &b.s[0], &b.design[0], b.n, &b.left)
				k.Descend(&b.s[0], &b.design[0], b.n, &b.trial)
				k.Clips(&b.clips, &b.s[0], &b.inverse[0], b.n)
				return b
			}
			clean, spoilt := run(false), run(true)
			for l := range ops.TensorBatchSingle {
				if l == lane {
					continue
				}
				for j := range clean.sums {
					if clean.sums[j][l] != spoilt.sums[j][l] {
						t.Fatalf("sum %d of lane %d changed when lane %d did", j, l, lane)
					}
				}
				if clean.trial.Gradient[l] != spoilt.trial.Gradient[l] || clean.clips.Above[l] != spoilt.clips.Above[l] || clean.clips.Near[l] != spoilt.clips.Near[l] {
					t.Fatalf("lane %d changed when lane %d did", l, lane)
				}
			}
		}
	})
}
