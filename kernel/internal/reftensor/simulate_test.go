package reftensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A scheme is a made-up acquisition: b0s, then shells of directions on a spiral over the sphere.
type scheme struct {
	design []float64
	bvals  []float64
	b0s    []int
}

func newScheme(b0s int, shells map[float64]int) scheme {
	var s scheme
	for range b0s {
		s.b0s = append(s.b0s, len(s.bvals))
		s.add(0, [3]float64{})
	}
	for _, b := range []float64{500, 700, 1000, 1200, 1500, 2000, 2800, 3000} {
		n := shells[b]
		for k := range n {
			z := 1 - (2*float64(k)+1)/float64(n)
			angle := 2.399963229728653*float64(k) + b
			radius := math.Sqrt(1 - z*z)
			s.add(b, [3]float64{radius * math.Cos(angle), radius * math.Sin(angle), z})
		}
	}
	return s
}

func (s *scheme) add(b float64, v [3]float64) {
	s.bvals = append(s.bvals, b)
	s.design = append(s.design, -b*v[0]*v[0], -2*b*v[0]*v[1], -b*v[1]*v[1], -2*b*v[0]*v[2], -2*b*v[1]*v[2], -b*v[2]*v[2], -1)
}

// schemes are the protocols that the tests simulate. They are named after real ones with the same shells.
var schemes = map[string]scheme{
	"HCP":       newScheme(18, map[float64]int{1000: 90, 2000: 90, 3000: 90}),
	"two shell": newScheme(9, map[float64]int{1000: 20, 2000: 80}),
	"Henriques": newScheme(6, map[float64]int{500: 32, 1500: 32}),
	"MSMT":      newScheme(6, map[float64]int{700: 16, 1200: 30, 2800: 50}),
	"sparse":    newScheme(5, map[float64]int{500: 10, 1000: 10, 2000: 10, 3000: 10}),
}

// simulations is how many voxels a test simulates: fewer where tests are asked to be short.
func simulations(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func (s scheme) freeWater(nonlinear bool) *FreeWaterScratch {
	m, err := NewFreeWater(FreeWaterSetup{
		Design: NewLogLinear(s.design), B0: s.b0s, Bvals: s.bvals,
		Diso: 3e-3, MDReg: 2.7e-3, MinSignal: 1e-6, Nonlinear: nonlinear,
	})
	if err != nil {
		panic(err)
	}
	return m.NewScratch()
}

// simulate returns the signal of a random mixture of one to three fibres and free water. One voxel in ten is water
// alone. One in ten has Gaussian in place of Rician noise, and therefore negative values. One in twenty is noise alone,
// and one in twenty has zeros.
func (s scheme) simulate(random *rand.Rand) []float64 {
	n := len(s.bvals)
	signal := make([]float64, n)
	snr := []float64{3, 6, 10, 20, 50}[random.IntN(5)]
	fraction, kind, fibres := random.Float64(), random.IntN(20), 1+random.IntN(3)
	if kind < 2 {
		fraction = 1
	}
	for range fibres {
		axial, radial := 1.2e-3+1e-3*random.Float64(), 0.1e-3+0.7e-3*random.Float64()
		v := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		norm := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		for i := range signal {
			w := s.design[7*i:]
			along := 0.0
			for a := range 3 {
				for b := range a + 1 {
					along -= w[packed(a, b)] * v[a] * v[b] / (norm * norm)
				}
			}
			signal[i] += (1 - fraction) / float64(fibres) * math.Exp(-s.bvals[i]*radial-(axial-radial)*along)
		}
	}
	s0 := math.Pow(10, 1+3*random.Float64())
	for i, b := range s.bvals {
		signal[i] += fraction * math.Exp(-b*3e-3)
		if kind == 2 {
			signal[i] = 0
		}
		signal[i] = s0 * (signal[i] + random.NormFloat64()/snr)
		if kind != 3 && kind != 4 {
			signal[i] = math.Hypot(signal[i], s0*random.NormFloat64()/snr)
		}
		if kind == 5 && random.IntN(20) == 0 {
			signal[i] = 0
		}
	}
	return signal
}
