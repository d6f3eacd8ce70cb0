package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// partLimit is chosen so that both parts have measurements.
const partLimit = 0.02

func TestGridPartPutsMeasurementsOfLittleWaterLast(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(41, 42))
		mixed, sizes := 0, kerneltest.Sizes(0, 130)
		for _, n := range sizes {
			b := newSearch(random, n)
			var limit ops.LanesSingle
			for l := range limit {
				limit[l] = partLimit * (1 + random.Float32())
			}
			limit[3] = float32(math.NaN()) // decides nothing
			to, rows := make([]ops.LanesSingle, n+1), make([]float32, 8*n+8)
			others := k.Part(&to[0], &rows[0], &b.s[0], &b.design[0], n, &limit)
			first, last := 0, n
			for i := range n {
				little := true
				for l, s := range b.s[i] {
					// One rounding, as in the kernels.
					little = little && !(float32(float64(s)-float64(limit[l])*float64(b.design[8*i+7])) <= 0)
				}
				place := first
				if little {
					last--
					place = last
				} else {
					first++
				}
				if to[place] != b.s[i] || [8]float32(rows[8*place:]) != [8]float32(b.design[8*i:]) {
					t.Fatalf("%d measurements: number %d is not in place %d", n, i, place)
				}
			}
			if others != first {
				t.Fatalf("%d measurements: %d with much water, expected %d", n, others, first)
			}
			if to[n] != (ops.LanesSingle{}) || [8]float32(rows[8*n:]) != [8]float32{} {
				t.Fatalf("%d measurements: wrote behind the arrays", n)
			}
			if 0 < first && first < n {
				mixed++
			}
		}
		if 3*mixed < len(sizes) {
			t.Errorf("only %d of %d signals had both kinds", mixed, len(sizes))
		}
	})
}

func TestGridRatiosAndMomentsAreTheirFormula(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(43, 44))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newSearch(random, n)
			for i := range b.s {
				for l := range b.s[i] {
					b.s[i][l] += 2 // nothing is used up
				}
			}
			u, v, sums := make([]ops.LanesSingle, n+1), make([]ops.LanesSingle, n+1), b.sums
			k.Ratios(&u[0], &v[0], &b.s[0], &b.design[0], n, &b.left)
			before := append([]ops.LanesSingle(nil), v...)
			k.Moments(&sums[0], &v[0], &u[0], &b.design[0], n)
			for l := range ops.TensorBatchSingle {
				for i := range n {
					s, water := float64(b.s[i][l]), float64(b.design[8*i+7])
					ratio := water / (s - float64(b.left.C[l])*water)
					isClose(t, n, "the ratio", l, u[i][l], ratio, ratio)
					isClose(t, n, "the weighted ratio", l, before[i][l], s*s*ratio, s*s*ratio)
					if want := before[i][l] * u[i][l]; v[i][l] != want {
						t.Fatalf("%d measurements, lane %d: the next power is %v, expected %v", n, l, v[i][l], want)
					}
				}
				for j := range 8 {
					want, scale := float64(b.sums[j][l]), 1.0
					for i := 0; i < n && j < 7; i++ {
						w := 1.0
						if j < 6 {
							w = float64(b.design[8*i+j])
						}
						want, scale = want+w*float64(before[i][l]), scale+math.Abs(w)*float64(before[i][l])
					}
					isClose(t, n, "a moment", l, sums[j][l], want, scale)
				}
			}
			if u[n] != (ops.LanesSingle{}) || v[n] != (ops.LanesSingle{}) {
				t.Fatalf("%d measurements: wrote behind the arrays", n)
			}
		}
	})
}

func TestGridSeriesIsAPolynomial(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(45, 46))
		for n := range 12 {
			coefficients := make([]ops.LanesSingle, 7*n+1)
			var by ops.LanesSingle
			var sums [8]ops.LanesSingle
			for l := range ops.TensorBatchSingle {
				by[l] = float32(random.NormFloat64())
				sums[7][l] = 5
				for j := range coefficients {
					coefficients[j][l] = float32(random.NormFloat64())
				}
			}
			k.Series(&sums[0], &coefficients[0], n, &by)
			for l := range ops.TensorBatchSingle {
				for q := range 7 {
					want, scale, power := 0.0, 1.0, 1.0
					for j := range n {
						want += float64(coefficients[7*j+q][l]) * power
						scale += math.Abs(float64(coefficients[7*j+q][l]) * power)
						power *= float64(by[l])
					}
					isClose(t, n, "a polynomial", l, sums[q][l], want, scale)
				}
				if sums[7][l] != 5 {
					t.Fatalf("%d terms: wrote behind the sums", n)
				}
			}
		}
	})
}

// What is in one lane, NaN included, does not reach another. All lanes decide together where measurements go, except
// those with NaN.
func TestGridSeriesLanesDoNotMix(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		const n = 37
		for lane := range ops.TensorBatchSingle {
			run := func(spoil bool) (sums [7]ops.LanesSingle, to [n]ops.LanesSingle, others int) {
				b := newSearch(rand.New(rand.NewPCG(47, 48)), n)
				var limit ops.LanesSingle
				for l := range limit {
					limit[l] = partLimit
				}
				limit[lane] = float32(math.Inf(-1)) // decides nothing
				for i := range b.s {
					if spoil {
						b.s[i][lane] = []float32{float32(math.NaN()), float32(math.Inf(1)), -1e38, 0}[i%4]
					}
				}
				rows, u, v := make([]float32, 8*n), make([]ops.LanesSingle, n), make([]ops.LanesSingle, n)
				others = k.Part(&to[0], &rows[0], &b.s[0], &b.design[0], n, &limit)
				k.Ratios(&u[0], &v[0], &to[0], &rows[0], n, &b.left)
				k.Moments(&sums[0], &v[0], &u[0], &rows[0], n)
				k.Moments(&sums[0], &v[0], &u[0], &rows[0], n)
				k.Series(&sums[0], &to[0], 2, &sums[6])
				return sums, to, others
			}
			clean, cleanTo, cleanOthers := run(false)
			spoilt, spoiltTo, spoiltOthers := run(true)
			if cleanOthers != spoiltOthers {
				t.Fatalf("%d measurements have much water, %d when lane %d is spoilt", cleanOthers, spoiltOthers, lane)
			}
			for l := range ops.TensorBatchSingle {
				for i := 0; i < n && l != lane; i++ {
					if cleanTo[i][l] != spoiltTo[i][l] {
						t.Fatalf("measurement %d of lane %d changed when lane %d did", i, l, lane)
					}
				}
				for j := 0; j < 7 && l != lane; j++ {
					if math.Float32bits(clean[j][l]) != math.Float32bits(spoilt[j][l]) {
						t.Fatalf("sum %d of lane %d changed when lane %d did", j, l, lane)
					}
				}
			}
		}
	})
}

func TestGridSquaresAreThoseOfTheWeights(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		random := rand.New(rand.NewPCG(49, 50))
		for _, n := range kerneltest.Sizes(0, 130) {
			s, v := make([]ops.Lanes, n+1), make([]ops.Lanes, n+1)
			for i := range s {
				for l := range s[i] {
					s[i][l] = random.NormFloat64()
				}
				s[i][i%8] = []float64{0, math.NaN(), math.Inf(-1), 1e-200}[i%4]
			}
			k.Squares(&v[0], &s[0], n)
			for i := range n {
				for l, x := range s[i] {
					if want := x * x; v[i][l] != want && !(math.IsNaN(x) && math.IsNaN(v[i][l])) {
						t.Fatalf("%d numbers: the square of %v is %v", n, x, v[i][l])
					}
				}
			}
			if v[n] != (ops.Lanes{}) {
				t.Fatalf("%d numbers: wrote behind the array", n)
			}
		}
	})
}
