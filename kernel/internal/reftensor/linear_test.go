package reftensor

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Both ways of solving a weighted problem must give what gonum's QR gives, for weights of a wide range.
func TestWeightedFitIsLeastSquares(t *testing.T) {
	scheme := schemes["two shell"]
	w := newWeighted(NewLogLinear(scheme.design))
	n := len(scheme.bvals)
	random := rand.New(rand.NewPCG(17, 1))
	for _, decades := range []float64{0, 4, 8} {
		v, y := make([]float64, n), make([]float64, n)
		a, b := mat.NewDense(n, 7, nil), mat.NewVecDense(n, nil)
		for i := range v {
			v[i], y[i] = math.Pow(10, -decades*random.Float64()), random.NormFloat64()
			root := math.Sqrt(v[i])
			for k := range 6 {
				a.Set(i, k, root*scheme.design[7*i+k]*1e-3)
			}
			a.Set(i, 6, root)
			b.SetVec(i, root*y[i])
		}
		var want mat.VecDense
		if err := want.SolveVec(a, b); err != nil {
			t.Fatal(err)
		}
		check := func(how string, p [7]float64, ok bool) {
			t.Helper()
			if !ok {
				t.Fatalf("%s: singular", how)
			}
			for k := range 7 {
				scale := 1e3
				if k == 6 {
					scale = 1
				}
				if got := p[k] * scale; math.Abs(got-want.AtVec(k)) > 1e-9*(1+math.Abs(want.AtVec(k))) {
					t.Errorf("%s, weights over %g decades: unknown %d is %v, gonum %v", how, decades, k, got, want.AtVec(k))
				}
			}
		}
		var p [7]float64
		check("normal equations", p, w.fit(&p, v, y))
		check("fit", p, true)
		p = [7]float64{}
		ok := w.orthogonal(&p, v, y)
		check("orthogonal", p, ok)
	}
}

func TestWeightsThatLeaveNothingAreNotFitted(t *testing.T) {
	scheme := schemes["two shell"]
	w := newWeighted(NewLogLinear(scheme.design))
	v, y := make([]float64, len(scheme.bvals)), make([]float64, len(scheme.bvals))
	p := [7]float64{1, 2, 3}
	if w.fit(&p, v, y) || p != [7]float64{} {
		t.Errorf("zero weights gave %v", p)
	}
	v[0], v[20], v[30] = 1, 1, 1
	if w.fit(&p, v, y) || p != [7]float64{} {
		t.Errorf("three measurements gave %v", p)
	}
}

func TestPseudoInverseObeysPenrose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rank := rapid.IntRange(0, 7).Draw(t, "rank")
		var matrix [packedSize]float64
		for range rank {
			var v [7]float64
			for i := range v {
				v[i] = rapid.Float64Range(-1, 1).Draw(t, "v")
			}
			for i := range 7 {
				for j := range i + 1 {
					matrix[packed(i, j)] += v[i] * v[j]
				}
			}
		}
		var inverse [7][7]float64
		pseudoInverse7(&inverse, matrix[:])
		full := func(i, j int) float64 { return matrix[packed(max(i, j), min(i, j))] }
		size, inverseSize := 0.0, 0.0
		for i := range 7 {
			for j := range 7 {
				size, inverseSize = max(size, math.Abs(full(i, j))), max(inverseSize, math.Abs(inverse[i][j]))
			}
		}
		for i := range 7 {
			for j := range 7 {
				product := 0.0
				for k := range 7 {
					for l := range 7 {
						product += full(i, k) * inverse[k][l] * full(l, j)
					}
				}
				if tolerance := 1e-13 * size * (1 + size*inverseSize); math.Abs(product-full(i, j)) > tolerance {
					t.Fatalf("A A+ A differs from A at %d %d by %g, size %g, inverse %g", i, j, product-full(i, j), size, inverseSize)
				}
			}
		}
	})
}

func TestFactorSolvesItsSystem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, waterSize).Draw(t, "size")
		var matrix [waterPacked]float64
		for i := range size {
			matrix[packed(i, i)] = 1
		}
		for range size {
			var v [waterSize]float64
			for i := range v {
				v[i] = rapid.Float64Range(-3, 3).Draw(t, "v")
			}
			for i := range size {
				for j := range i + 1 {
					matrix[packed(i, j)] += v[i] * v[j]
				}
			}
		}
		var f factor
		if f.decompose(matrix[:], size) <= 0 {
			t.Fatal("a positive definite matrix was refused")
		}
		var x, right [waterSize]float64
		for i := range size {
			right[i] = rapid.Float64Range(-1, 1).Draw(t, "right")
		}
		x = right
		f.solve(x[:size])
		for i := range size {
			product := 0.0
			for j := range size {
				product += matrix[packed(max(i, j), min(i, j))] * x[j]
			}
			if math.Abs(product-right[i]) > 1e-11 {
				t.Fatalf("row %d of A x is %v, the right-hand side %v", i, product, right[i])
			}
		}
	})
}

func TestFactorRefusesWhatIsNotPositiveDefinite(t *testing.T) {
	for name, matrix := range map[string][]float64{
		"negative": {-1},
		"zero":     {0},
		"saddle":   {1, 2, 1},
		"NaN":      {1, math.NaN(), 1},
		"infinite": {1, 0, math.Inf(1)},
	} {
		var f factor
		size := 1
		if len(matrix) == 3 {
			size = 2
		}
		if ratio := f.decompose(matrix, size); ratio > 0 {
			t.Errorf("%s: ratio %v, expected none above zero", name, ratio)
		}
	}
}
