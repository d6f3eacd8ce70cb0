package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

func TestTensorOrdinaryIsItsFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(31, 32))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			floor, least := b.rest.Floor, b.rest.C
			before, first := b.copied(), least
			k.Ordinary(&b.sums[0], &least, &b.u[0], &b.s[0], &b.table[0], n, &floor)
			b.sentinels(t, before)
			for l := range ops.TensorBatch {
				lowest := first[l]
				sums, scale := [7]float64{}, 1.0
				for k := range sums {
					sums[k] = before.sums[k][l]
				}
				for i := range n {
					lowest = min(lowest, b.s[i][l])
					y := log2(max(b.s[i][l], floor[l]))
					b.close(t, "logarithm", l, b.u[i][l], y, 1e-2)
					for k := range sums {
						sums[k] += y * b.table[8*i+k]
					}
					scale += 10 * math.Abs(y)
				}
				if least[l] != lowest {
					t.Fatalf("%d measurements, lane %d: the least is %g, expected %g", n, l, least[l], lowest)
				}
				for k, want := range sums {
					b.close(t, "sum", l, b.sums[k][l], want, scale)
				}
				if b.sums[7] != before.sums[7] {
					t.Fatalf("%d measurements: an eighth sum was written", n)
				}
			}
		}
	})
}

// The driver recognises signals that are not finite by the sums. Only -Inf does not show there, but in the least value.
func TestTensorOrdinaryTellsWhatIsNotFinite(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(33, 34))
		for n := 1; n < 60; n++ {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				b := newBatch(random, n)
				b.sums = [28]ops.Lanes{}
				clean := b.copied()
				b.s[random.IntN(n)][3] = bad
				floor := b.rest.Floor
				var least, cleanLeast ops.Lanes
				k.Ordinary(&b.sums[0], &least, &b.u[0], &b.s[0], &b.table[0], n, &floor)
				k.Ordinary(&clean.sums[0], &cleanLeast, &clean.u[0], &clean.s[0], &b.table[0], n, &floor)
				for j := range 7 {
					for l := range ops.TensorBatch {
						got := b.sums[j][l]
						if l != 3 && got != clean.sums[j][l] {
							t.Fatalf("%d measurements: %g in lane 3 changes lane %d", n, bad, l)
						}
						if l == 3 && bad != math.Inf(-1) && got*0 == 0 {
							t.Fatalf("%d measurements: sum %d of a signal with %g is %g", n, j, bad, got)
						}
					}
				}
				if math.IsInf(bad, -1) != math.IsInf(least[3], -1) {
					t.Fatalf("%d measurements with %g: the least is %g", n, bad, least[3])
				}
			}
		}
	})
}

func TestTensorReweightIsItsFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(35, 36))
		worst := 0.0
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			for i := range n {
				b.design[8*i+6] = 1
			}
			before := b.copied()
			k.Reweight(&b.sums[0], &b.u[0], &b.v[0], &b.s[0], &b.design[0], n, &b.point.P[0])
			b.sentinels(t, before)
			b.point.P[6] = ops.Lanes{}
			for l := range ops.TensorBatch {
				var sums [7]float64
				scale := 1.0
				for j := range sums {
					sums[j] = before.sums[j][l]
				}
				for i := range n {
					want := b.tissue(i, l)
					worst = max(worst, math.Abs(b.v[i][l]/want-1))
					for j := range sums {
						sums[j] += b.v[i][l] * b.s[i][l] * b.design[8*i+j]
					}
					scale += 10 * math.Abs(want*b.s[i][l])
				}
				for j, want := range sums {
					b.close(t, "sum", l, b.sums[j][l], want, scale)
				}
			}
		}
		t.Logf("weights at most %.2g off", worst)
		if !(worst < 4e-12) {
			t.Errorf("a weight is %g off", worst)
		}
	})
}

func TestTensorReweightTakesAnyExponent(t *testing.T) {
	exponents := []float64{1025, 1e4, 1e18, 1e300, math.Inf(1), -1100, -1e4, -1e18, -1e300, math.Inf(-1), math.NaN()}
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		for _, z := range exponents {
			b := newBatch(rand.New(rand.NewPCG(37, 38)), 3)
			for i := range 3 {
				copy(b.design[8*i:], []float64{1, 0, 0, 0, 0, 0, 1})
			}
			b.point.P[0] = ops.Lanes{3: z}
			k.Reweight(&b.sums[0], &b.u[0], &b.v[0], &b.s[0], &b.design[0], 3, &b.point.P[0])
			for i := range 3 {
				for l, got := range b.v[i] {
					if l != 3 && got != 1 {
						t.Fatalf("2^0 beside 2^%g is %g", z, got)
					}
					if l == 3 && got != 0 && got*0 == 0 {
						t.Errorf("2^%g is %g", z, got)
					}
				}
			}
		}
	})
}

func TestTensorSquaredWeightsAreTheirFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(39, 40))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			before := b.copied()
			k.SquaredWeights(&b.u[0], &b.v[0], &b.x[0], &b.s[0], n, &b.rest)
			b.sentinels(t, before)
			for l := range ops.TensorBatch {
				for i := range n {
					x := max(b.s[i][l], b.rest.Floor[l])
					weight := b.rest.C[l] * x * b.rest.C[l] * x
					b.close(t, "logarithm", l, b.x[i][l], log2(x), 1e-2)
					b.close(t, "weight", l, b.v[i][l], weight, 0)
					b.close(t, "weighted logarithm", l, b.u[i][l], b.v[i][l]*b.x[i][l], 0)
				}
			}
		}
	})
}

func TestTensorTissueIsTheModelWithoutWater(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(41, 42))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			for i := range n {
				b.design[8*i+6] = 1
			}
			before := b.copied()
			k.Tissue(&b.sums[0], &b.u[0], &b.v[0], &b.s[0], &b.design[0], n, &b.point)
			b.sentinels(t, before)
			for l := range ops.TensorBatch {
				squares, scale, energy := before.point.Squares[l], 1.0, 1.0
				var sums [7]float64
				for j := range sums {
					sums[j] = before.sums[j][l]
				}
				for i := range n {
					p := b.tissue(i, l)
					d := b.s[i][l] - p
					squares, energy = squares+d*d, energy+d*d+p*p
					b.close(t, "v", l, b.v[i][l], p*p-b.point.Mix[l]*d*p, 10*(p*p+math.Abs(d*p)))
					for j := range sums {
						sums[j] += d * p * b.design[8*i+j]
					}
					scale += 10 * (math.Abs(d*p) + p*p)
				}
				b.close(t, "the sum of squares", l, b.point.Squares[l], squares, 10*energy)
				for j, want := range sums {
					b.close(t, "sum", l, b.sums[j][l], want, 10*scale)
				}
			}
		}
	})
}
