// Package cases makes small acquisitions whose gradient tables are odd in ways that voxfit once fitted without a word.
// Tests of kbench, of the C library and others check that each interface reports them.
package cases

import (
	"math"
	"math/rand/v2"
)

// An Acquisition is a gradient table as a user has it, and a signal that all voxels have.
type Acquisition struct {
	Bvals  []float64
	Bvecs  [][3]float64
	Signal []float32
}

// MD is the mean diffusivity of the tissue of these acquisitions, in mm2/s.
const MD = (1.5e-3 + 0.5e-3 + 0.3e-3) / 3

// LengthsCodeB has one nominal b-value, 2000, and vectors whose squared lengths say that half of the volumes are of b =
// 1000, as some scanners write it.
func LengthsCodeB() Acquisition {
	a := twoShells()
	for i, b := range a.Bvals {
		if b > 0 {
			a.Bvecs[i] = times(a.Bvecs[i], math.Sqrt(b/2000))
			a.Bvals[i] = 2000
		}
	}
	return a
}

// Shortened has vectors of length 0.994, just beyond MRtrix3's limit: |ln(length^2)| is 0.012.
func Shortened() Acquisition {
	a := twoShells()
	for i, v := range a.Bvecs {
		a.Bvecs[i] = times(v, 0.994)
	}
	return a
}

// InUnits has b-values in another unit: they are those in s/mm2 times factor.
func InUnits(factor float64) Acquisition {
	a := twoShells()
	for i := range a.Bvals {
		a.Bvals[i] *= factor
	}
	return a
}

// WithoutShells has 257 b-values spread over 200 to 6000, as in Cartesian sampling.
func WithoutShells() Acquisition {
	random := rand.New(rand.NewPCG(2, 2))
	a := Acquisition{Bvals: []float64{0}, Bvecs: [][3]float64{{}}, Signal: []float32{1000}}
	for range 257 {
		b := 200 + 5800*random.Float64()
		a.Bvals, a.Bvecs = append(a.Bvals, b), append(a.Bvecs, direction(random))
		a.Signal = append(a.Signal, float32(1000*math.Exp(-b*7e-4)))
	}
	return a
}

// Voxels returns the signal of n voxels, voxel-major.
func (a Acquisition) Voxels(n int) []float32 {
	var signal []float32
	for range n {
		signal = append(signal, a.Signal...)
	}
	return signal
}

// twoShells has 4 volumes of b = 0 and 30 each of b = 1000 and 2000. The signal is that of a tensor of 1.5e-3, 0.5e-3,
// 0.3e-3 mm2/s.
func twoShells() Acquisition {
	random := rand.New(rand.NewPCG(1, 1))
	var a Acquisition
	for i := range 64 {
		b, v := 0.0, [3]float64{}
		if i >= 4 {
			b, v = 1000, direction(random)
		}
		if i >= 34 {
			b = 2000
		}
		d := 1.5e-3*v[0]*v[0] + 0.5e-3*v[1]*v[1] + 0.3e-3*v[2]*v[2]
		a.Bvals, a.Bvecs, a.Signal = append(a.Bvals, b), append(a.Bvecs, v), append(a.Signal, float32(1000*math.Exp(-b*d)))
	}
	return a
}

func direction(random *rand.Rand) [3]float64 {
	v := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
	return times(v, 1/math.Sqrt(v[0]*v[0]+v[1]*v[1]+v[2]*v[2]))
}

func times(v [3]float64, factor float64) [3]float64 {
	return [3]float64{factor * v[0], factor * v[1], factor * v[2]}
}
