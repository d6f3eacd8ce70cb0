package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// forEachSingleSet runs a test on every set of this processor that has kernels in single precision.
func forEachSingleSet(t *testing.T, test func(t *testing.T, k *ops.TensorSingle)) {
	forEachTable(t, func(s *ops.Set) *ops.TensorSingle { return s.TensorSingle }, test)
}

// unitsSingle returns the distance of got from want in units of the last place of want in single precision.
func unitsSingle(got float32, want float64) float64 {
	near := float32(want)
	switch {
	case got == near || got != got && near != near:
		return 0
	case math.IsInf(float64(near), 0) || got != got || near != near:
		return math.Inf(1)
	}
	size := float32(math.Abs(float64(near)))
	unit := float64(math.Nextafter32(size, float32(math.Inf(1)))) - float64(size)
	return math.Abs(float64(got)-want) / unit
}

// fourthOfAll returns float32 from the whole range: every exponent and both signs, with mantissas a prime step apart.
func fourthOfAll() []ops.LanesSingle {
	var values []float32
	for bits := uint64(0); bits < 1<<32; bits += 4093 {
		values = append(values, math.Float32frombits(uint32(bits)))
	}
	for _, v := range []float64{0, 1, 0.5, 1. / 32, 126, 126.49, 127.4, 149.5, 150, 127.99, 128, 0x1p-126, 0x1p-149, math.Inf(1), math.NaN(), math.MaxFloat32, math.Sqrt2, math.Sqrt2 / 2} {
		x := float32(v)
		values = append(values, x, -x, math.Nextafter32(x, 1e30), math.Nextafter32(x, -1e30))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300000 {
		values = append(values, float32(280*random.Float64()-150), float32(random.NormFloat64()), 1+float32(random.NormFloat64()/100))
	}
	lanes := make([]ops.LanesSingle, len(values)/16)
	for i := range lanes {
		lanes[i] = ops.LanesSingle(values[16*i:])
	}
	return lanes
}

func TestSingleExp2IsRightOverTheWholeRange(t *testing.T) {
	x := fourthOfAll()
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		y := make([]ops.LanesSingle, len(x))
		k.Exp2(&y[0], &x[0], len(x))
		worst := 0.0
		for i := range x {
			for l, v := range x[i] {
				got, want := y[i][l], math.Exp2(float64(v))
				if !strings.HasSuffix(t.Name(), "avx512") && (v < -126.5 && got == 0 || v > 127.5 && math.IsInf(float64(got), 1)) {
					continue
				}
				off := unitsSingle(got, want)
				if want < 0x1p-126 {
					off = math.Abs(float64(got)-want) / 0x1p-149 * 2
				}
				if worst = max(worst, off); off > 2 {
					t.Fatalf("2^%g is %g, expected %g: %.2f units", v, got, want, off)
				}
			}
		}
		t.Logf("at most %.2f units", worst)
	})
}

func TestSingleLog2IsRightOverTheWholeRange(t *testing.T) {
	x := fourthOfAll()
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		y := make([]ops.LanesSingle, len(x))
		k.Log2(&y[0], &x[0], len(x))
		worst, absolute := 0.0, 0.0
		for i := range x {
			for l, v := range x[i] {
				got, want := y[i][l], log2(float64(v))
				if difference := math.Abs(float64(got) - want); difference <= 0x1p-23 {
					absolute = max(absolute, difference)
					continue
				}
				off := unitsSingle(got, want)
				if worst = max(worst, off); off > 2 {
					t.Fatalf("log2(%g) is %g, expected %g: %.2f units", v, got, want, off)
				}
			}
		}
		t.Logf("at most %.2f units, or %.2g", worst, absolute)
	})
}

// A batchSingle is made-up input of sixteen voxels and n measurements. Every array has one more measurement behind its
// end.
type batchSingle struct {
	n          int
	design     []float32
	table      []float32
	s, u, v, x []ops.LanesSingle
	point      ops.PointSingle
	rest       ops.RestSingle
	sums       [28]ops.LanesSingle
}

func newBatchSingle(random *rand.Rand, n int) *batchSingle {
	normal := func(scale float64) float32 { return float32(scale * random.NormFloat64()) }
	lanes := func(scale float64) (l ops.LanesSingle) {
		for k := range l {
			l[k] = normal(scale)
		}
		return l
	}
	many := func(scale float64) []ops.LanesSingle {
		list := make([]ops.LanesSingle, n+1)
		for i := range list {
			list[i] = lanes(scale)
		}
		return list
	}
	b := &batchSingle{n: n, design: make([]float32, 8*(n+1)), table: make([]float32, 24*(n+1)), s: many(3), u: many(1), v: many(1), x: many(1)}
	for i := range b.design {
		b.design[i] = normal(1)
		if i%8 == 6 {
			b.design[i] = 1
		}
	}
	for i := range b.table {
		b.table[i] = normal(1)
	}
	for k := range b.point.P {
		b.point.P[k] = lanes(0.5)
	}
	b.point.C, b.point.Squares, b.point.Gradient, b.rest.C = lanes(1), lanes(1), lanes(1), lanes(1)
	for l := range ops.TensorBatchSingle {
		b.point.Mix[l] = float32(l % 2)
		b.rest.Cut[l], b.rest.Floor[l] = 0.1*float32(l%2), 0.01+random.Float32()
	}
	for k := range b.sums {
		b.sums[k] = lanes(1)
	}
	return b
}

func (b *batchSingle) copied() batchSingle {
	c := *b
	for _, list := range []*[]ops.LanesSingle{&c.s, &c.u, &c.v, &c.x} {
		*list = append([]ops.LanesSingle(nil), *list...)
	}
	return c
}

// close fails when two numbers differ by more than rounding.
func (b *batchSingle) close(t *testing.T, what string, lane int, got float32, want, scale float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= 2e-6*max(scale, math.Abs(want))) {
		t.Fatalf("%d measurements, lane %d: %s is %v, the formula gives %v", b.n, lane, what, got, want)
	}
}

// sentinels fails when the element behind an array was written.
func (b *batchSingle) sentinels(t *testing.T, before batchSingle) {
	t.Helper()
	for _, pair := range [][2][]ops.LanesSingle{{b.u, before.u}, {b.v, before.v}, {b.x, before.x}, {b.s, before.s}} {
		if pair[0][b.n] != pair[1][b.n] {
			t.Fatalf("%d measurements: the element behind the array was written", b.n)
		}
	}
}

func (b *batchSingle) tissue(i, l int) float64 {
	z := float64(b.point.P[6][l])
	for k := range 6 {
		z += float64(b.design[8*i+k]) * float64(b.point.P[k][l])
	}
	return math.Exp2(z)
}

func TestSingleModelIsItsFormula(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(5, 6))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatchSingle(random, n)
			before := b.copied()
			k.Model(&b.u[0], &b.v[0], &b.x[0], &b.s[0], &b.design[0], n, &b.point)
			b.sentinels(t, before)
			only := before.point
			k.Misfit(&b.s[0], &b.design[0], n, &only)
			for l := range ops.TensorBatchSingle {
				squares, gradient, scale := float64(before.point.Squares[l]), float64(before.point.Gradient[l]), 1.0
				for i := range n {
					p, w := b.tissue(i, l), float64(b.design[8*i+7])
					water := float64(b.point.C[l]) * w
					d := float64(b.s[i][l]) - p - water
					size := p*p + 10 + water*water
					squares, gradient, scale = squares+d*d, gradient+d*w, scale+d*d+size
					b.close(t, "u", l, b.u[i][l], d*p, 2*size+2*p*size)
					b.close(t, "v", l, b.v[i][l], p*p-float64(b.point.Mix[l])*d*p, 2*size+2*p*size)
					b.close(t, "x", l, b.x[i][l], p*w, p)
				}
				b.close(t, "the sum of squares", l, b.point.Squares[l], squares, 10*scale)
				b.close(t, "the sum of squares by Misfit", l, only.Squares[l], squares, 10*scale)
				b.close(t, "the gradient", l, b.point.Gradient[l], gradient, 10*scale)
			}
			before = b.copied()
			k.Weights(&b.u[0], &b.v[0], &b.s[0], &b.design[0], n, &b.point)
			b.sentinels(t, before)
			for l := range ops.TensorBatchSingle {
				for i := range n {
					p := b.tissue(i, l)
					b.close(t, "weight", l, b.v[i][l], p, 2*p)
					b.close(t, "weighted s", l, b.u[i][l], p*float64(b.s[i][l]), 10*p)
				}
			}
		}
	})
}

func TestSinglePackTransposes(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		for n := 4; n < 131; n++ {
			wide, narrow := make([]float64, 16*n), make([]float32, 16*n)
			for i := range wide {
				wide[i], narrow[i] = float64(i)+1./3, float32(i)-0.25
			}
			for name, pack := range map[string]func(lanes *ops.LanesSingle){
				"64": func(lanes *ops.LanesSingle) { k.PackFloat64(lanes, &wide[0], n) },
				"32": func(lanes *ops.LanesSingle) { k.PackFloat32(lanes, &narrow[0], n) },
			} {
				lanes := make([]ops.LanesSingle, n+1)
				pack(&lanes[0])
				for i := range n {
					for l := range ops.TensorBatchSingle {
						want := float32(wide[l*n+i])
						if name == "32" {
							want = narrow[l*n+i]
						}
						if lanes[i][l] != want {
							t.Fatalf("Pack%s of %d values: value %d of row %d is %g, expected %g", name, n, i, l, lanes[i][l], want)
						}
					}
				}
				if lanes[n] != (ops.LanesSingle{}) {
					t.Fatalf("Pack%s of %d values writes behind the last", name, n)
				}
			}
		}
	})
}

func TestSingleLanesWidenAndNarrow(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(21, 22))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatchSingle(random, n)
			first, last, back := make([]ops.Lanes, n+1), make([]ops.Lanes, n+1), make([]ops.LanesSingle, n+1)
			k.Widen(&first[0], &last[0], &b.s[0], n)
			for i := range n {
				for l := range ops.TensorBatch {
					if first[i][l] != float64(b.s[i][l]) || last[i][l] != float64(b.s[i][8+l]) {
						t.Fatalf("%d numbers: lane %d of number %d became %g and %g", n, l, i, first[i][l], last[i][l])
					}
					first[i][l] += 1e-9 * random.NormFloat64()
				}
			}
			k.Narrow(&first[0], &last[0], &back[0], n)
			for i := range n {
				for l := range ops.TensorBatch {
					if back[i][l] != float32(first[i][l]) || back[i][8+l] != b.s[i][8+l] {
						t.Fatalf("%d numbers: lane %d of number %d came back as %g and %g", n, l, i, back[i][l], back[i][8+l])
					}
				}
			}
			if first[n] != (ops.Lanes{}) || last[n] != (ops.Lanes{}) || back[n] != (ops.LanesSingle{}) {
				t.Fatalf("%d numbers: the one behind was written", n)
			}
		}
	})
}

func TestSingleRangeFindsTheEnds(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(15, 16))
		for n := 1; n < 131; n++ {
			b := newBatchSingle(random, n)
			b.s[n/2][3] = float32(math.NaN())
			var extent ops.ExtentSingle
			k.Range(&extent, &b.s[0], n)
			if !(extent.Energy[3] != extent.Energy[3]) {
				t.Fatalf("%d values: energies %v", n, extent.Energy)
			}
			for l := range ops.TensorBatchSingle {
				low, high, energy := float32(0), float32(0), 0.0
				for _, v := range b.s[:n] {
					if v[l] == v[l] {
						low, high, energy = min(low, v[l]), max(high, v[l]), energy+float64(v[l])*float64(v[l])
					}
				}
				if extent.Least[l] != low || extent.Most[l] != high {
					t.Fatalf("%d values, lane %d: from %g to %g, expected %g to %g", n, l, extent.Least[l], extent.Most[l], low, high)
				}
				if l != 3 {
					b.close(t, "the energy", l, extent.Energy[l], energy, energy)
				}
			}
		}
	})
}

func TestSingleLogarithmsAreTheirFormula(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(7, 8))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatchSingle(random, n)
			before := b.copied()
			k.Logarithms(&b.u[0], &b.s[0], &b.design[0], n, &b.rest)
			k.WeightedLogarithms(&b.x[0], &b.v[0], &b.s[0], &b.design[0], n, &b.rest)
			b.sentinels(t, before)
			for l := range ops.TensorBatchSingle {
				for i := range n {
					exact := math.FMA(-float64(b.rest.C[l]), float64(b.design[8*i+7]), float64(b.s[i][l]))
					rest := float32(exact)
					if rest <= b.rest.Cut[l] {
						rest = b.rest.Floor[l]
					}
					square := b.s[i][l] * b.s[i][l]
					b.close(t, "logarithm", l, b.u[i][l], log2(float64(rest)), 1)
					b.close(t, "square", l, b.v[i][l], float64(square), 0)
					b.close(t, "weighted logarithm", l, b.x[i][l], float64(square)*float64(b.u[i][l]), 0)
				}
			}
		}
	})
}

func TestSingleSumsAreTheirFormula(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(9, 10))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatchSingle(random, n)
			check := func(columns int, before *[28]ops.LanesSingle, factors func(i, j int) (float32, []ops.LanesSingle)) {
				for l := range ops.TensorBatchSingle {
					for j, got := range b.sums {
						want, scale := float64(before[j][l]), 1.0
						for i := 0; i < n && j < columns; i++ {
							w, v := factors(i, j)
							product := float64(v[i][l]) * float64(w)
							want, scale = want+product, scale+math.Abs(product)
						}
						b.close(t, "sum", l, got[l], want, scale)
					}
				}
			}
			before := b.sums
			k.Sums7(&b.sums[0], &b.table[0], &b.v[0], n)
			check(7, &before, func(i, j int) (float32, []ops.LanesSingle) { return b.table[8*i+j], b.v })
			before = b.sums
			k.Sums22(&b.sums[0], &b.table[0], &b.v[0], n)
			check(22, &before, func(i, j int) (float32, []ops.LanesSingle) { return b.table[24*i+j], b.v })
			before = b.sums
			k.Project(&b.sums[0], &b.design[0], &b.u[0], &b.x[0], n)
			check(14, &before, func(i, j int) (float32, []ops.LanesSingle) {
				if j < 7 {
					return b.design[8*i+j], b.u
				}
				return b.design[8*i+j-7], b.x
			})
		}
	})
}

// What is in one lane, NaN included, does not reach another.
func TestSingleLanesDoNotMix(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		random := rand.New(rand.NewPCG(17, 18))
		for lane := range ops.TensorBatchSingle {
			b := newBatchSingle(random, 37)
			spoilt := b.copied()
			for i := range spoilt.s {
				spoilt.s[i][lane] = []float32{float32(math.NaN()), float32(math.Inf(1)), -1e38, 0}[i%4]
			}
			spoilt.point.P[2][lane] = float32(math.NaN())
			for _, b := range []*batchSingle{b, &spoilt} {
				k.Model(&b.u[0], &b.v[0], &b.x[0], &b.s[0], &b.design[0], b.n, &b.point)
				k.Project(&b.sums[0], &b.design[0], &b.u[0], &b.x[0], b.n)
				k.Sums22(&b.sums[0], &b.table[0], &b.v[0], b.n)
				k.WeightedLogarithms(&b.u[0], &b.v[0], &b.s[0], &b.design[0], b.n, &b.rest)
				k.Sums7(&b.sums[0], &b.table[0], &b.u[0], b.n)
			}
			for j := range b.sums {
				for l := range ops.TensorBatchSingle {
					if l != lane && (b.sums[j][l] != spoilt.sums[j][l] || b.point.Squares[l] != spoilt.point.Squares[l]) {
						t.Fatalf("lane %d changed when lane %d did", l, lane)
					}
				}
			}
		}
	})
}
