package reftensor

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// These are the properties that define an eigen-decomposition, at any scale and for any degeneracy.
func TestSymmetricEigenDecomposes(t *testing.T) {
	element := rapid.OneOf(
		rapid.Float64Range(-1, 1),
		rapid.SampledFrom([]float64{0, 1, -1, 0.5}),
		rapid.Map(rapid.Float64Range(-1, 1), func(x float64) float64 { return x * 1e-9 }),
	)
	rapid.Check(t, func(t *rapid.T) {
		scale := math.Pow(10, rapid.SampledFrom([]float64{0, -3, -150, -290, 150, 290}).Draw(t, "scale"))
		var tensor [6]float64
		largest := 0.0
		for i := range tensor {
			tensor[i] = element.Draw(t, "element") * scale
			largest = max(largest, math.Abs(tensor[i]))
		}
		var values [3]float64
		var v [9]float64
		SymmetricEigen(&values, &v, &tensor)
		if !(values[0] >= values[1] && values[1] >= values[2]) {
			t.Fatalf("values %v do not descend", values)
		}
		for i := range 3 {
			for j := range i + 1 {
				product, inner := 0.0, 0.0
				for k := range 3 {
					product += v[3*i+k] * values[k] * v[3*j+k]
					inner += v[3*k+i] * v[3*k+j]
				}
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(inner-want) > 4e-15 {
					t.Fatalf("columns %d and %d have the inner product %v", i, j, inner)
				}
				// Among the smallest numbers, each rounding may be as large as half the smallest.
				if math.Abs(product-tensor[packed(i, j)]) > 1e-14*largest+10*math.SmallestNonzeroFloat64 {
					t.Fatalf("element %d %d comes back as %v from %v", i, j, product, tensor[packed(i, j)])
				}
			}
		}
	})
}

func TestSymmetricEigenAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct {
		tensor [6]float64
		values [3]float64
	}{
		"zero":     {[6]float64{}, [3]float64{}},
		"identity": {[6]float64{2, 0, 2, 0, 0, 2}, [3]float64{2, 2, 2}},
		"diagonal": {[6]float64{1, 0, 3, 0, 0, 2}, [3]float64{3, 2, 1}},
		"largest":  {[6]float64{math.MaxFloat64, 0, 1, 0, 0, -1}, [3]float64{math.MaxFloat64, 1, -1}},
		"smallest": {[6]float64{0, 0x1p-1074, 0, 0, 0, 0}, [3]float64{0x1p-1074, 0, -0x1p-1074}},
	} {
		var values [3]float64
		var v [9]float64
		SymmetricEigen(&values, &v, &c.tensor)
		if values != c.values {
			t.Errorf("%s: values %v, expected %v", name, values, c.values)
		}
	}
	var values [3]float64
	var v [9]float64
	SymmetricEigen(&values, &v, &[6]float64{1, math.NaN(), 1, 0, 0, 1})
	for _, value := range values {
		if !math.IsNaN(value) {
			t.Errorf("a NaN element gave the values %v", values)
		}
	}
}

func BenchmarkSymmetricEigen(b *testing.B) {
	tensor := [6]float64{1.5e-3, 0.1e-3, 0.5e-3, -0.1e-3, 0.05e-3, 0.4e-3}
	var values [3]float64
	var v [9]float64
	for b.Loop() {
		SymmetricEigen(&values, &v, &tensor)
	}
}
