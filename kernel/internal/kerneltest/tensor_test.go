package kerneltest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// forEachTensorSet runs a test on every set of this processor that has tensor kernels. It fails where VOXFIT_REQUIRE
// names a set that is not there.
func forEachTensorSet(t *testing.T, test func(t *testing.T, k *ops.Tensor)) {
	forEachTable(t, func(s *ops.Set) *ops.Tensor { return s.Tensor }, test)
}

// units returns the distance of got from want in units of the last place of want.
func units(got, want float64) float64 {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return 0
	}
	unit := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
	if distance := math.Abs(got-want) / unit; !math.IsNaN(distance) {
		return distance
	}
	return math.Inf(1)
}

// lanesOf copies values to Lanes, and fills up the last one with ones.
func lanesOf(values []float64) []ops.Lanes {
	lanes := make([]ops.Lanes, (len(values)+7)/8)
	for i := range lanes {
		for l := range lanes[i] {
			lanes[i][l] = 1
			if k := 8*i + l; k < len(values) {
				lanes[i][l] = values[k]
			}
		}
	}
	return lanes
}

func TestExp2IsRightOverTheWholeRange(t *testing.T) {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 1023.4, 1023.99999, -1022, -1022.4, -1060.3, -1074, -1074.9, -1076, 1024, 1e5, -1e5, 1e300, -1e300,
		math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, -5e-324, 1e-17, 0x1p-1022, math.MaxFloat64, 1. / 32, -1. / 32, 0.5, 3. / 32}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200000 {
		values = append(values, 2148*random.Float64()-1075, random.NormFloat64(), math.Ldexp(random.Float64(), -random.IntN(60)))
	}
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		x := lanesOf(values)
		y := make([]ops.Lanes, len(x))
		k.Exp2(&y[0], &x[0], len(x))
		worst := 0.0
		for i, v := range values {
			got, want := y[i/8][i%8], math.Exp2(v)
			if !strings.HasSuffix(t.Name(), "avx512") && (v < -1022.5 && got == 0 || v > 1023.5 && math.IsInf(got, 1)) {
				continue
			}
			off := units(got, want)
			if want < 0x1p-1022 {
				off = math.Abs(got-want) / 5e-324
			}
			if worst = max(worst, off); off > 2 { // math.Exp2 is itself within one unit
				t.Fatalf("2^%g is %g, math.Exp2 gives %g: %.2f units", v, got, want, off)
			}
		}
		t.Logf("at most %.2f units from math.Exp2", worst)
	})
}

func TestLog2IsRightOverTheWholeRange(t *testing.T) {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 2, 0.5, 5e-324, 1e-310, 0x1p-1022, math.Nextafter(0x1p-1022, 0), math.MaxFloat64, -5e-324, -math.MaxFloat64,
		math.Inf(1), math.Inf(-1), math.NaN(), math.Nextafter(1, 2), math.Nextafter(1, 0), math.Sqrt2, math.Sqrt2 / 2, math.Nextafter(math.Sqrt2, 0), math.Nextafter(2, 0)}
	random := rand.New(rand.NewPCG(3, 4))
	for range 200000 {
		values = append(values, math.Float64frombits(random.Uint64()&^(1<<63)), 2*random.Float64(), 4000*random.Float64(), 1+random.NormFloat64()/100)
	}
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		x := lanesOf(values)
		y := make([]ops.Lanes, len(x))
		k.Log2(&y[0], &x[0], len(x))
		worst, absolute := 0.0, 0.0
		for i, v := range values {
			got, want := y[i/8][i%8], log2(v)
			if difference := math.Abs(got - want); difference <= 0x1p-52 {
				absolute = max(absolute, difference)
				continue
			}
			off := units(got, want)
			if worst = max(worst, off); off > 2 {
				t.Fatalf("log2(%g) is %g, expected %g: %.2f units", v, got, want, off)
			}
		}
		t.Logf("at most %.2f units from math.Log2, or %.2g", worst, absolute)
	})
}

// log2 is math.Log2 without the loss of digits near one, where math.Log2 adds two terms.
func log2(v float64) float64 {
	if v > 0.7 && v < 1.5 {
		return math.Log1p(v-1) * math.Log2E
	}
	return math.Log2(v)
}

// A batch is made-up input of eight voxels and n measurements.
type batch struct {
	n       int
	design  []float64
	table   []float64
	s       []ops.Lanes
	u, v, x []ops.Lanes
	point   ops.Point
	rest    ops.Rest
	sums    [28]ops.Lanes
}

func newBatch(random *rand.Rand, n int) *batch {
	b := &batch{n: n, design: make([]float64, 8*(n+1)), table: make([]float64, 24*(n+1)),
		s: make([]ops.Lanes, n+1), u: make([]ops.Lanes, n+1), v: make([]ops.Lanes, n+1), x: make([]ops.Lanes, n+1)}
	fill := func(l *ops.Lanes, scale float64) {
		for k := range l {
			l[k] = scale * random.NormFloat64()
		}
	}
	for i := range b.design {
		b.design[i] = random.NormFloat64()
	}
	for i := range b.table {
		b.table[i] = random.NormFloat64()
	}
	for i := range b.s {
		fill(&b.s[i], 3)
		fill(&b.u[i], 1)
		fill(&b.v[i], 1)
		fill(&b.x[i], 1)
	}
	for k := range b.point.P {
		fill(&b.point.P[k], 0.5)
	}
	fill(&b.point.C, 1)
	for l := range ops.TensorBatch {
		b.point.Mix[l] = float64(l % 2)
	}
	fill(&b.point.Squares, 1)
	fill(&b.point.Gradient, 1)
	fill(&b.rest.C, 1)
	for l := range ops.TensorBatch {
		b.rest.Cut[l], b.rest.Floor[l] = 0.1*float64(l%2), 0.01+random.Float64()
	}
	for k := range b.sums {
		fill(&b.sums[k], 1)
	}
	return b
}

// close fails when two numbers differ by more than rounding.
func (b *batch) close(t *testing.T, what string, lane int, got, want, scale float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-13*max(scale, math.Abs(want))) {
		t.Fatalf("%d measurements, lane %d: %s is %v, the formula gives %v", b.n, lane, what, got, want)
	}
}

// sentinels fails when the element behind an array was written.
func (b *batch) sentinels(t *testing.T, before batch) {
	t.Helper()
	for _, pair := range [][2][]ops.Lanes{{b.u, before.u}, {b.v, before.v}, {b.x, before.x}, {b.s, before.s}} {
		if pair[0][b.n] != pair[1][b.n] {
			t.Fatalf("%d measurements: the element behind the array was written", b.n)
		}
	}
}

func (b *batch) copied() batch {
	c := *b
	c.u, c.v, c.x, c.s = slices.Clone(b.u), slices.Clone(b.v), slices.Clone(b.x), slices.Clone(b.s)
	return c
}

func (b *batch) tissue(i, l int) float64 {
	z := b.point.P[6][l]
	for k := range 6 {
		z += b.design[8*i+k] * b.point.P[k][l]
	}
	return math.Exp2(z)
}

func TestTensorModelIsItsFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(5, 6))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			before := b.copied()
			k.Model(&b.u[0], &b.v[0], &b.x[0], &b.s[0], &b.design[0], n, &b.point)
			b.sentinels(t, before)
			only := before.point
			k.Misfit(&b.s[0], &b.design[0], n, &only)
			for l := range ops.TensorBatch {
				squares, gradient, scale := before.point.Squares[l], before.point.Gradient[l], 1.0
				for i := range n {
					p, w := b.tissue(i, l), b.design[8*i+7]
					d := b.s[i][l] - p - b.point.C[l]*w
					squares, gradient, scale = squares+d*d, gradient+d*w, scale+d*d+p*p+math.Abs(d*w)
					b.close(t, "u", l, b.u[i][l], d*p, 10*p*p)
					b.close(t, "v", l, b.v[i][l], p*p-b.point.Mix[l]*d*p, 10*p*p)
					b.close(t, "x", l, b.x[i][l], p*w, p)
				}
				b.close(t, "the sum of squares", l, b.point.Squares[l], squares, 10*scale)
				b.close(t, "the sum of squares by Misfit", l, only.Squares[l], squares, 10*scale)
				b.close(t, "the gradient", l, b.point.Gradient[l], gradient, 10*scale)
			}
			before = b.copied()
			k.Weights(&b.u[0], &b.v[0], &b.s[0], &b.design[0], n, &b.point)
			b.sentinels(t, before)
			for l := range ops.TensorBatch {
				for i := range n {
					p := b.tissue(i, l)
					b.close(t, "weight", l, b.v[i][l], p, 10*p)
					b.close(t, "weighted s", l, b.u[i][l], p*b.s[i][l], 10*p)
				}
			}
		}
	})
}

func TestTensorPackTransposes(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		for n := 4; n < 131; n++ {
			wide, narrow := make([]float64, 8*n), make([]float32, 8*n)
			for i := range wide {
				wide[i], narrow[i] = float64(i)+0.5, float32(i)-0.25
			}
			for name, pack := range map[string]func(lanes *ops.Lanes){
				"64": func(lanes *ops.Lanes) { k.PackFloat64(lanes, &wide[0], n) },
				"32": func(lanes *ops.Lanes) { k.PackFloat32(lanes, &narrow[0], n) },
			} {
				lanes := make([]ops.Lanes, n+1)
				pack(&lanes[0])
				for i := range n {
					for l := range ops.TensorBatch {
						want := wide[l*n+i]
						if name == "32" {
							want = float64(narrow[l*n+i])
						}
						if lanes[i][l] != want {
							t.Fatalf("Pack%s of %d values: value %d of row %d is %g, expected %g", name, n, i, l, lanes[i][l], want)
						}
					}
				}
				if lanes[n] != (ops.Lanes{}) {
					t.Fatalf("Pack%s of %d values writes behind the last", name, n)
				}
			}
		}
	})
}

func TestTensorRangeFindsTheEnds(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(15, 16))
		for n := 1; n < 131; n++ {
			b := newBatch(random, n)
			b.s[n/2][3] = math.NaN()
			var extent ops.Extent
			k.Range(&extent, &b.s[0], n)
			if math.Abs(extent.Energy[0]-energy(b.s[:n], 0)) > 1e-12*extent.Energy[0] || !math.IsNaN(extent.Energy[3]) {
				t.Fatalf("%d values: energies %v", n, extent.Energy)
			}
			for l := range ops.TensorBatch {
				low, high := 0.0, 0.0
				for _, v := range b.s[:n] {
					if v[l] == v[l] {
						low, high = min(low, v[l]), max(high, v[l])
					}
				}
				if extent.Least[l] != low || extent.Most[l] != high {
					t.Fatalf("%d values, lane %d: from %g to %g, expected %g to %g", n, l, extent.Least[l], extent.Most[l], low, high)
				}
			}
		}
	})
}

func energy(s []ops.Lanes, lane int) (sum float64) {
	for _, v := range s {
		sum += v[lane] * v[lane]
	}
	return sum
}

func TestTensorLogarithmsAreTheirFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(7, 8))
		for _, n := range kerneltest.Sizes(0, 130) {
			b := newBatch(random, n)
			before := b.copied()
			k.Logarithms(&b.u[0], &b.s[0], &b.design[0], n, &b.rest)
			k.WeightedLogarithms(&b.x[0], &b.v[0], &b.s[0], &b.design[0], n, &b.rest)
			b.sentinels(t, before)
			for l := range ops.TensorBatch {
				for i := range n {
					rest := math.FMA(-b.rest.C[l], b.design[8*i+7], b.s[i][l])
					if rest <= b.rest.Cut[l] {
						rest = b.rest.Floor[l]
					}
					square := b.s[i][l] * b.s[i][l]
					b.close(t, "logarithm", l, b.u[i][l], log2(rest), 1e-2)
					b.close(t, "square", l, b.v[i][l], square, 0)
					b.close(t, "weighted logarithm", l, b.x[i][l], square*b.u[i][l], 0)
				}
			}
		}
	})
}

func TestTensorSumsAreTheirFormula(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(9, 10))
		for _, n := range kerneltest.Sizes(0, 130) {
			for _, c := range []struct {
				columns, fields int
				kernel          func(sums *ops.Lanes, table *float64, v *ops.Lanes, n int)
			}{{7, 8, k.Sums7}, {22, 24, k.Sums22}} {
				b := newBatch(random, n)
				for i := range n { // Sums22 relies on it
					b.table[c.fields*i+21%c.fields] = 1
				}
				before := b.copied()
				c.kernel(&b.sums[0], &b.table[0], &b.v[0], n)
				for l := range ops.TensorBatch {
					for j, got := range b.sums {
						want, scale := before.sums[j][l], 1.0
						for i := 0; i < n && j < c.columns; i++ {
							product := b.v[i][l] * b.table[c.fields*i+j]
							want, scale = want+product, scale+math.Abs(product)
						}
						b.close(t, "sum", l, got[l], want, scale)
					}
				}
			}
		}
	})
}

func TestTensorStepSolvesTheBoundedSystem(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(11, 12))
		for range 200 {
			var s ops.System
			var dense [8][8][8]float64 // lane, row, column
			for l := range ops.TensorBatch {
				var root [8][8]float64
				for i := range 8 {
					for j := range 8 {
						root[i][j] = random.NormFloat64()
					}
					s.Right[i][l] = random.NormFloat64()
				}
				s.Damping[l], s.Bound[l] = float64(l%2)*random.Float64(), random.Float64()*0.3
				for i := range 8 {
					for j := range i + 1 {
						sum := 0.0
						for m := range 8 {
							sum += root[i][m] * root[j][m]
						}
						s.Matrix[i*(i+1)/2+j][l] = sum
						dense[l][i][j], dense[l][j][i] = sum, sum
					}
				}
				for i := range 8 {
					dense[l][i][i] *= 1 + s.Damping[l]
				}
			}
			k.Step(&s)
			for l := range ops.TensorBatch {
				x := func(i int) float64 { return s.Solution[i][l] }
				if !(s.Least[l] > 0) || x(7) < -s.Bound[l] {
					t.Fatalf("lane %d: least pivot %g, last unknown %g, bound %g", l, s.Least[l], x(7), s.Bound[l])
				}
				promised := 0.0
				for i := range 8 {
					product, scale := 0.0, 1.0
					for j := range 8 {
						product += dense[l][i][j] * x(j)
						scale += math.Abs(dense[l][i][j] * x(j))
					}
					promised += x(i) * (2*s.Right[i][l] - product)
					if i == 7 && x(7) == -s.Bound[l] {
						if product < s.Right[7][l]-1e-9*scale {
							t.Fatalf("lane %d: the bound holds back a step that would rise", l)
						}
						continue
					}
					if math.Abs(product-s.Right[i][l]) > 1e-10*scale/s.Least[l]*1e-2+1e-11*scale {
						t.Fatalf("lane %d row %d: %g, the right-hand side is %g", l, i, product, s.Right[i][l])
					}
				}
				if math.Abs(promised-s.Predicted[l]) > 1e-8*(1+math.Abs(promised)) {
					t.Fatalf("lane %d: %g predicted, the quadratic form gives %g", l, s.Predicted[l], promised)
				}
			}
			s.Damping = ops.Lanes{}
			k.Factor(&s)
			k.Solve(&s)
			for l := range ops.TensorBatch {
				for i := range 7 {
					product, scale := 0.0, 1.0
					for j := range 7 {
						term := s.Matrix[max(i, j)*(max(i, j)+1)/2+min(i, j)][l] * s.Solution[j][l]
						product, scale = product+term, scale+math.Abs(term)
					}
					if math.Abs(product-s.Right[i][l]) > 1e-10*scale {
						t.Fatalf("lane %d row %d of seven: %g, the right-hand side is %g", l, i, product, s.Right[i][l])
					}
				}
			}
		}
	})
}

func TestTensorStepTellsIndefiniteMatrices(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		for place := range 8 {
			for _, bad := range []float64{-1, 0, math.NaN(), math.Inf(1)} {
				var s ops.System
				for i := range 8 {
					for l := range ops.TensorBatch {
						s.Matrix[i*(i+3)/2][l] = 1
					}
				}
				s.Matrix[place*(place+3)/2][3] = bad
				k.Step(&s)
				for l := range ops.TensorBatch {
					if usable := s.Least[l] > 1e-12; usable != (l != 3) && !math.IsInf(bad, 1) {
						t.Errorf("diagonal element %d of lane 3 is %g: lane %d has a least pivot ratio of %g", place, bad, l, s.Least[l])
					}
				}
			}
		}
	})
}

// Expand must give what the 28 sums of products give, for gradients in any direction.
func TestTensorExpandGivesTheNormalMatrix(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		random := rand.New(rand.NewPCG(13, 14))
		var sums [22]ops.Lanes
		var want, got [28]ops.Lanes
		for range 20 {
			g := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
			w := []float64{-g[0] * g[0], -2 * g[0] * g[1], -g[1] * g[1], -2 * g[0] * g[2], -2 * g[1] * g[2], -g[2] * g[2], 1}
			row := append(products(w), w...)
			for l := range ops.TensorBatch {
				weight := random.Float64()
				for j, v := range row {
					sums[j][l] += weight * v
				}
				for i := range 7 {
					for j := range i + 1 {
						want[i*(i+1)/2+j][l] += weight * w[i] * w[j]
					}
				}
			}
		}
		k.Expand(&got[0], &sums[0])
		for j := range want {
			for l := range ops.TensorBatch {
				if math.Abs(got[j][l]-want[j][l]) > 1e-12*(1+math.Abs(want[j][l])) {
					t.Errorf("element %d lane %d is %g, the sums of products give %g", j, l, got[j][l], want[j][l])
				}
			}
		}
	})
}

// products returns the 15 products of one row that differ, in the order of the table of Sums22.
func products(w []float64) []float64 {
	var p []float64
	for _, pair := range [][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {1, 2}, {2, 3}, {1, 5}, {2, 2}, {2, 4}, {2, 5}, {3, 5}, {4, 5}, {5, 5}} {
		p = append(p, w[pair[0]]*w[pair[1]])
	}
	return p
}
