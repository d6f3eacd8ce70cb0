package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// randomQP is a problem with two blocks of constraints and an unknown that has none.
func randomQP(random *rand.Rand, measurements, columns, rows int) kernel.QPDesign {
	numbers := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		return values
	}
	d := kernel.QPDesign{Measurements: measurements + 1, Unknowns: columns + 2}
	for i := range measurements {
		d.Volumes = append(d.Volumes, i+1)
	}
	d.H = numbers(measurements * d.Unknowns)
	d.Constraints = []kernel.QPConstraints{
		{First: 0, Columns: columns, A: numbers(rows * columns)},
		{First: columns + 1, Columns: 1, A: []float64{2}},
	}
	return d
}

func TestQPAgreesOnEverySet(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][3]int{{20, 3, 7}, {40, 9, 30}, {60, 16, 100}, {80, 45, 180}} {
		d := randomQP(random, size[0], size[1], size[2])
		const n = 61
		signal := make([]float64, n*d.Measurements)
		for i := range signal {
			signal[i] = random.NormFloat64()
		}
		var want []float64
		for _, isa := range []string{"generic", "avx512", "avx2"} {
			f, err := kernel.NewQP(d, kernel.WithISA(isa))
			if err != nil {
				t.Fatal(err)
			}
			params, status := make([]float64, n*f.Parameters()), make([]kernel.Status, n)
			f.NewWorker().Fit64(params, status, signal)
			counts := map[kernel.Code]int{}
			it, worst, far := 0, [3]float64{}, 0.0
			for v, s := range status {
				counts[s.Code]++
				it += int(s.Iterations)
				for k := range 3 {
					worst[k] = math.Max(worst[k], params[v*f.Parameters()+d.Unknowns+1+k])
				}
				if want != nil {
					for k := range d.Unknowns {
						far = math.Max(far, math.Abs(params[v*f.Parameters()+k]-want[v*f.Parameters()+k]))
					}
				}
			}
			if want == nil {
				want = params
			}
			t.Log(size, isa, counts, it/n, worst, far)
		}
	}
}
