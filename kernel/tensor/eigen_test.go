package tensor_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
	"github.com/voxfit/voxfit/kernel/tensor"
)

// eigenOn makes a worker for an instruction set.
func eigenOn(t testing.TB, isa string) *tensor.EigenWorker {
	t.Helper()
	e, err := tensor.NewEigen(kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return e.NewWorker()
}

// forEverySet runs a test on every instruction set of this machine, including the portable one.
func forEverySet(t *testing.T, test func(t *testing.T, isa string)) {
	for _, isa := range kernel.ISAs() {
		t.Run(isa, func(t *testing.T) { test(t, isa) })
	}
}

// symmetricMatrices returns n matrices of all kinds: full, diagonal, isotropic, with two values that are equal or
// nearly so, of low rank, zero, with elements of very different size. Their scales go from 1e-300 to 1e300.
func symmetricMatrices(n int) []float64 {
	random := rand.New(rand.NewPCG(21, 22))
	var all []float64
	for i := range n {
		var d [6]float64
		for k := range d {
			d[k] = random.NormFloat64()
		}
		switch i % 12 {
		case 1:
			d[1], d[3], d[4] = 0, 0, 0
		case 2:
			d = [6]float64{d[0], 0, d[0], 0, 0, d[0]}
		case 3: // a + b v v^T
			v := [3]float64{d[1], d[2], d[3]}
			d = [6]float64{d[0] + v[0]*v[0], v[0] * v[1], d[0] + v[1]*v[1], v[0] * v[2], v[1] * v[2], d[0] + v[2]*v[2]}
		case 4: // of rank one
			v := [3]float64{d[1], d[2], d[3]}
			d = [6]float64{v[0] * v[0], v[0] * v[1], v[1] * v[1], v[0] * v[2], v[1] * v[2], v[2] * v[2]}
		case 5:
			d = [6]float64{}
		case 6: // nearly isotropic
			for k := range d {
				d[k] *= 1e-13
			}
			d[0], d[2], d[5] = d[0]+1, d[2]+1, d[5]+1
		case 7: // graded
			for k := range d {
				d[k] *= math.Pow(10, -float64(random.IntN(40)))
			}
		case 8:
			d[0], d[2], d[5] = 0, 0, 0
		case 9: // one element off the diagonal, of either sign of zero elsewhere
			d = [6]float64{math.Copysign(0, -1), d[1], 0, math.Copysign(0, -1), 0, math.Copysign(0, -1)}
		}
		scale := 1e-3
		if i%5 == 0 {
			scale = math.Pow(10, float64(random.IntN(600)-300))
		}
		for _, v := range d {
			all = append(all, scale*v)
		}
	}
	return all
}

// LAPACK's bounds hold: the residual and the loss of orthogonality are a few roundings.
func TestEigenvectorsDecomposeTheMatrix(t *testing.T) {
	forEverySet(t, func(t *testing.T, isa string) {
		const n = 12000
		tensors := symmetricMatrices(n)
		values, vectors := make([]float64, 3*n), make([]float64, 9*n)
		eigenOn(t, isa).Decompose(values, vectors, tensors)
		worst, apart, skew := 0.0, 0.0, 0.0
		for i := range n {
			d, e, v := tensors[6*i:][:6], values[3*i:][:3], vectors[9*i:][:9]
			full := [3][3]float64{{d[0], d[1], d[3]}, {d[1], d[2], d[4]}, {d[3], d[4], d[5]}}
			largest := 0.0
			for _, x := range d {
				largest = max(largest, math.Abs(x))
			}
			if !(e[0] >= e[1] && e[1] >= e[2]) {
				t.Fatalf("matrix %d %v: values %v do not descend", i, d, e)
			}
			var want [3]float64
			var unwanted [9]float64
			reftensor.SymmetricEigen(&want, &unwanted, (*[6]float64)(d))
			unit := max(largest, 0x1p-1022)
			for k := range 3 {
				apart = max(apart, math.Abs(e[k]-want[k])/unit)
				for r := range 3 {
					left := 0.0
					for c := range 3 {
						left += full[r][c] / unit * v[3*c+k]
					}
					worst = max(worst, math.Abs(left-e[k]/unit*v[3*r+k]))
				}
				for j := range 3 {
					inner := 0.0
					for r := range 3 {
						inner += v[3*r+k] * v[3*r+j]
					}
					if j == k {
						inner--
					}
					skew = max(skew, math.Abs(inner))
				}
			}
		}
		t.Logf("A v - e v at most %.2g of the largest element, inner products %.2g off, values %.2g from the portable ones", worst, skew, apart)
		if !(worst < 5e-15) || !(skew < 4e-15) || !(apart < 3e-15) {
			t.Errorf("A v - e v %g, inner products %g off, values %g from the portable ones", worst, skew, apart)
		}
	})
}

func TestEigenAtTheEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	axes := []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}
	forEverySet(t, func(t *testing.T, isa string) {
		for name, c := range map[string]struct {
			tensor, values, vectors []float64
		}{
			"zero":               {[]float64{0, 0, 0, 0, 0, 0}, []float64{0, 0, 0}, axes},
			"isotropic":          {[]float64{2, 0, 2, 0, 0, 2}, []float64{2, 2, 2}, axes},
			"diagonal":           {[]float64{2, 0, 1, 0, 0, 3}, []float64{3, 2, 1}, []float64{0, 1, 0, 0, 0, 1, 1, 0, 0}},
			"greatest number":    {[]float64{math.MaxFloat64, 0, 1, 0, 0, -1}, []float64{math.MaxFloat64, 1, -1}, axes},
			"least number":       {[]float64{5e-324, 0, 0, 0, 0, 0}, []float64{5e-324, 0, 0}, axes},
			"NaN":                {[]float64{1, nan, 1, 0, 0, 1}, []float64{nan, nan, nan}, axes},
			"infinite":           {[]float64{1, 0, inf, 0, 0, 1}, []float64{nan, nan, nan}, axes},
			"minus infinite":     {[]float64{1, 0, 1, 0, -inf, 1}, []float64{nan, nan, nan}, axes},
			"negative zeros off": {[]float64{3, math.Copysign(0, -1), 2, 0, 0, 1}, []float64{3, 2, 1}, axes},
		} {
			values, vectors := make([]float64, 3), make([]float64, 9)
			eigenOn(t, isa).Decompose(values, vectors, c.tensor)
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
			if !slices.EqualFunc(values, c.values, same) || !slices.Equal(vectors, c.vectors) {
				t.Errorf("%s: values %v and vectors %v, expected %v and %v", name, values, vectors, c.values, c.vectors)
			}
		}
	})
}

// The bits stay the same for every number of matrices from 0 to 130, from several places, beside NaN and beside
// matrices that take longer, with vectors and without.
func TestEigenDoesNotDependOnNeighbours(t *testing.T) {
	forEverySet(t, func(t *testing.T, isa string) {
		const n = 140
		tensors := symmetricMatrices(n)
		tensors[6*17+2], tensors[6*40] = math.NaN(), math.Inf(-1)
		w := eigenOn(t, isa)
		bits := func(x []float64) string { return fmt.Sprintf("%x", x) }
		values, vectors := make([]float64, 3*n), make([]float64, 9*n)
		for i := range n {
			w.Decompose(values[3*i:][:3], vectors[9*i:][:9], tensors[6*i:][:6])
		}
		for _, count := range kerneltest.Sizes(0, 130) {
			first := count % (n - 130)
			got, gotVectors, without := make([]float64, 3*count), make([]float64, 9*count), make([]float64, 3*count)
			some := tensors[6*first:][:6*count]
			w.Decompose(got, gotVectors, some)
			w.Decompose(without, nil, some)
			if bits(got) != bits(values[3*first:][:3*count]) || bits(gotVectors) != bits(vectors[9*first:][:9*count]) {
				t.Fatalf("%d matrices from %d: other bits than one by one", count, first)
			}
			if bits(without) != bits(got) {
				t.Fatalf("%d matrices from %d: other values without vectors", count, first)
			}
		}
	})
}

func TestEigenDoesNotAllocate(t *testing.T) {
	forEverySet(t, func(t *testing.T, isa string) {
		tensors, values, vectors := symmetricMatrices(50), make([]float64, 150), make([]float64, 450)
		w := eigenOn(t, isa)
		if got := testing.AllocsPerRun(5, func() { w.Decompose(values, vectors, tensors) }); got != 0 {
			t.Errorf("%v allocations for a call", got)
		}
	})
}

func TestEigenPanicsOnLengthsThatDisagree(t *testing.T) {
	forEverySet(t, func(t *testing.T, isa string) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		eigenOn(t, isa).Decompose(make([]float64, 6), nil, make([]float64, 6))
	})
}

func TestEigenRefusesAnUnknownInstructionSet(t *testing.T) {
	if _, err := tensor.NewEigen(kernel.WithISA("abacus")); err == nil {
		t.Error("NewEigen took the instruction set abacus")
	}
}

func BenchmarkEigen(b *testing.B) {
	const n = 4096
	random := rand.New(rand.NewPCG(23, 24))
	var tensors []float64
	for range n {
		for _, d := range kerneltest.Fibre {
			tensors = append(tensors, d*(1+0.2*random.NormFloat64()))
		}
	}
	values, vectors := make([]float64, 3*n), make([]float64, 9*n)
	for _, isa := range kernel.ISAs() {
		w := eigenOn(b, isa)
		for name, into := range map[string][]float64{"values": nil, "vectors": vectors} {
			b.Run(isa+"/"+name, func(b *testing.B) {
				for b.Loop() {
					w.Decompose(values, into, tensors)
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "us/voxel")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
