package kerneltest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A Scheme is a made-up acquisition: b0s, then shells of directions on a spiral over the sphere.
type Scheme struct {
	W     []float64 // the design matrix, like DIPY's
	Bvals []float64
	B0s   []int // the places of the measurements without diffusion weighting
}

// NewScheme returns a scheme with so many b0s, and so many directions on each shell.
func NewScheme(b0s, directions int, shells ...float64) Scheme {
	var s Scheme
	add := func(b float64, v [3]float64) {
		s.Bvals = append(s.Bvals, b)
		s.W = append(s.W, -b*v[0]*v[0], -2*b*v[0]*v[1], -b*v[1]*v[1], -2*b*v[0]*v[2], -2*b*v[1]*v[2], -b*v[2]*v[2], -1)
	}
	for i := range b0s {
		s.B0s = append(s.B0s, i)
		add(0, [3]float64{})
	}
	for _, b := range shells {
		for k := range directions {
			z := 1 - (2*float64(k)+1)/float64(directions)
			angle, radius := 2.399963229728653*float64(k)+b, math.Sqrt(1-z*z)
			add(b, [3]float64{radius * math.Cos(angle), radius * math.Sin(angle), z})
		}
	}
	return s
}

// N returns the number of measurements.
func (s Scheme) N() int { return len(s.Bvals) }

// Signal returns the signal of a tensor with free water.
func (s Scheme) Signal(tensor [6]float64, s0, fraction float64) []float64 {
	signal := make([]float64, s.N())
	for i, b := range s.Bvals {
		along := 0.0
		for k, d := range tensor {
			along += s.W[7*i+k] * d
		}
		signal[i] = s0 * ((1-fraction)*math.Exp(along) + fraction*math.Exp(-b*3e-3))
	}
	return signal
}

// Fibre is the tensor of a fibre, in mm2/s.
var Fibre = [6]float64{1.5e-3, 0.1e-3, 0.5e-3, -0.1e-3, 0.05e-3, 0.4e-3}

// Noisy returns a block of voxels of one fibre with Rician noise. The amount of water rises from voxel to voxel. Some
// voxels are special: zeros, water, a negative value, a NaN.
func (s Scheme) Noisy(voxels int) []float64 {
	random := rand.New(rand.NewPCG(5, 5))
	var block []float64
	for v := range voxels {
		signal := s.Signal(Fibre, 1000, float64(v%10)/10)
		for i := range signal {
			signal[i] = math.Hypot(signal[i]+40*random.NormFloat64(), 40*random.NormFloat64())
		}
		switch v % 12 {
		case 3:
			clear(signal)
		case 5:
			signal = s.Signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000, 1)
		case 7:
			signal[v%len(signal)] = -3
		case 11:
			signal[v%len(signal)] = math.NaN()
		}
		block = append(block, signal...)
	}
	for i, v := range block {
		block[i] = float64(float32(v))
	}
	return block
}

// Schemes returns acquisitions of the usual kinds, and one whose b-tensors do not have rank one.
func Schemes() map[string]Scheme {
	schemes := map[string]Scheme{
		"HCP":        NewScheme(18, 90, 1000, 2000, 3000),
		"two shells": NewScheme(6, 32, 500, 1500),
		"odd":        NewScheme(5, 31, 700, 2500),
		"long":       NewScheme(30, 190, 1000, 2000, 3000),
		"planar":     NewScheme(9, 30, 1000, 2000),
	}
	planar := schemes["planar"]
	for i, b := range planar.Bvals {
		if w := planar.W[7*i:]; i%2 == 0 { // planar encoding: the b-tensor is b/2 (1 - g g)
			for k, unit := range []float64{1, 0, 1, 0, 0, 1} {
				w[k] = -b/2*unit - w[k]/2
			}
		}
	}
	if testing.Short() { // the other schemes also have odd numbers of measurements
		delete(schemes, "HCP")
		delete(schemes, "long")
	}
	return schemes
}

// Hard returns a block of voxels of one or two fibres and water, with signal-to-noise ratios from 3 to 50. Some are
// only water or only noise, or have zeros, negative values, or a value that is not finite.
func (s Scheme) Hard(voxels int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 17))
	var block []float64
	for range voxels {
		snr := []float64{3, 6, 10, 20, 30, 50}[random.IntN(6)]
		kind, s0 := random.IntN(24), math.Pow(10, 1+3*random.Float64())
		fraction := 0.0
		if random.IntN(3) > 0 {
			fraction = random.Float64()
		}
		if kind < 2 {
			fraction = 1
		}
		signal := make([]float64, s.N())
		for range 2 {
			axial, radial := 1.2e-3+1e-3*random.Float64(), 0.1e-3+0.7e-3*random.Float64()
			v := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
			norm := v[0]*v[0] + v[1]*v[1] + v[2]*v[2]
			var d [6]float64
			for k, pair := range [6][2]int{{0, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}, {2, 2}} {
				d[k] = (axial - radial) * v[pair[0]] * v[pair[1]] / norm
				if pair[0] == pair[1] {
					d[k] += radial
				}
			}
			for i, x := range s.Signal(d, s0/2, fraction) {
				signal[i] += x
			}
		}
		for i := range signal {
			if kind == 2 {
				signal[i] = 0
			}
			signal[i] += s0 / snr * random.NormFloat64()
			if kind != 3 {
				signal[i] = math.Hypot(signal[i], s0/snr*random.NormFloat64())
			}
			if kind == 4 && random.IntN(20) == 0 {
				signal[i] = 0
			}
		}
		switch kind {
		case 5:
			signal[random.IntN(len(signal))] = -s0 / 10
		case 6:
			signal[random.IntN(len(signal))] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[random.IntN(3)]
		case 7:
			clear(signal)
		}
		block = append(block, signal...)
	}
	for i, v := range block {
		block[i] = float64(float32(v))
	}
	return block
}

// Watery returns a block of voxels that are mostly water, which may diffuse a little more slowly than free water.
// Signal-to-noise ratios are from 3 to 300.
func (s Scheme) Watery(voxels int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 19))
	var block []float64
	for range voxels {
		fraction := 1 - []float64{0.25, 0.015}[random.IntN(2)]*random.Float64()*random.Float64()
		axial, radial, water := 1e-3+1e-3*random.Float64(), 0.2e-3+0.8e-3*random.Float64(), 3e-3-0.6e-3*random.Float64()
		sigma := 1000 / []float64{3, 5, 10, 20, 50, 100}[random.IntN(6)]
		signal := s.Signal([6]float64{axial, 0, radial, 0, 0, radial}, 1000*(1-fraction), 0)
		for i, x := range s.Signal([6]float64{water, 0, water, 0, 0, water}, 1000*fraction, 0) {
			x = math.Hypot(signal[i]+x+sigma*random.NormFloat64(), sigma*random.NormFloat64())
			block = append(block, float64(float32(x)))
		}
	}
	return block
}

// FastDecay returns voxels of water in which a part decays faster still, because of flow and pulsation, as in CSF.
func (s Scheme) FastDecay(voxels int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 20))
	var block []float64
	for range voxels {
		share, fast := 0.6*random.Float64(), 4e-3+8e-3*random.Float64()
		sigma := 1000 / []float64{20, 50, 100}[random.IntN(3)]
		signal := s.Signal([6]float64{fast, 0, fast, 0, 0, fast}, 1000*share, 0)
		for i, x := range s.Signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000*(1-share), 0) {
			x = math.Hypot(signal[i]+x+sigma*random.NormFloat64(), sigma*random.NormFloat64())
			block = append(block, float64(float32(x)))
		}
	}
	return block
}

// Typical returns a block like a part of a brain: the mixture of tissues of the prototypes' phantom, at a
// signal-to-noise ratio.
func (s Scheme) Typical(voxels int, snr float64) []float64 {
	random := rand.New(rand.NewPCG(3, 3))
	var block []float64
	for range voxels {
		fraction := 0.0
		switch u := random.Float64(); {
		case u < 0.2:
			fraction = 0.3 + 0.7*random.Float64()
		case u < 0.7:
			fraction = 0.3 * random.Float64()
		}
		fibres := []int{1, 1, 1, 2, 2, 2, 3}[random.IntN(7)]
		signal := make([]float64, s.N())
		for range fibres {
			axial, radial := 1.5e-3+0.4e-3*random.Float64(), 0.2e-3+0.25e-3*random.Float64()
			v := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
			norm := v[0]*v[0] + v[1]*v[1] + v[2]*v[2]
			var d [6]float64
			for k, pair := range [6][2]int{{0, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}, {2, 2}} {
				d[k] = (axial - radial) * v[pair[0]] * v[pair[1]] / norm
				if pair[0] == pair[1] {
					d[k] += radial
				}
			}
			for i, x := range s.Signal(d, 1000/float64(fibres), fraction) {
				signal[i] += x
			}
		}
		for i := range signal {
			signal[i] = math.Hypot(signal[i]+1000/snr*random.NormFloat64(), 1000/snr*random.NormFloat64())
		}
		block = append(block, signal...)
	}
	return block
}

// Objective returns the sum of the squared differences between signal and model.
func (s Scheme) Objective(signal, params []float64) float64 {
	sum := 0.0
	for i, x := range s.Signal([6]float64(params), params[6], params[7]) {
		sum += (x - signal[i]) * (x - signal[i])
	}
	return sum
}

// Mixtures returns a block of voxels of one or two fibres and water, at one signal-to-noise ratio; 0 is without noise.
// One in eight has no water, and one in eight hardly anything else. The signals have more digits than single precision.
func (s Scheme) Mixtures(voxels int, snr float64, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 23))
	var block []float64
	for v := range voxels {
		fraction, s0 := random.Float64(), math.Pow(10, 1+3*random.Float64())
		switch v % 8 {
		case 0:
			fraction = 0
		case 1:
			fraction = 1 - 0.02*random.Float64()
		}
		signal := make([]float64, s.N())
		for k := range 1 + v%2 {
			radial := 0.1e-3 + 0.6e-3*random.Float64()
			axial := radial + 1.4e-3*random.Float64()
			along := [3]int{0, 2, 5}[(v+k)%3]
			d := [6]float64{0: radial, 2: radial, 5: radial}
			d[along] = axial
			for i, x := range s.Signal(d, s0/float64(1+v%2), fraction) {
				signal[i] += x
			}
		}
		for i := range signal {
			if snr > 0 {
				signal[i] = math.Hypot(signal[i]+s0/snr*random.NormFloat64(), s0/snr*random.NormFloat64())
			}
		}
		block = append(block, signal...)
	}
	return block
}

// Sparse returns a block of voxels of noise in which few values are not zero, as in the air of some images.
func (s Scheme) Sparse(voxels int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 29))
	block := make([]float64, voxels*s.N())
	for v := range voxels {
		signal := block[v*s.N():][:s.N()]
		signal[s.B0s[0]] = 1 + float64(random.IntN(20))
		for range 6 + random.IntN(12) {
			signal[random.IntN(len(signal))] = 1 + float64(random.IntN(8))
		}
	}
	return block
}

// Odd returns, by name, signals to which tensors cannot be fitted, or hardly.
func (s Scheme) Odd() map[string][]float64 {
	with := func(change func(signal []float64)) []float64 {
		signal := s.Signal(Fibre, 1000, 0.2)
		change(signal)
		return signal
	}
	scaled := func(scale float64) []float64 {
		return with(func(signal []float64) {
			for i := range signal {
				signal[i] *= scale
			}
		})
	}
	return map[string][]float64{
		"NaN":               with(func(x []float64) { x[7] = math.NaN() }),
		"infinite":          with(func(x []float64) { x[7] = math.Inf(-1) }),
		"zeros":             with(func(x []float64) { clear(x) }),
		"no b0 signal":      with(func(x []float64) { clear(x[:len(s.B0s)]) }),
		"below the minimum": scaled(1e-10),
		"negative":          with(func(x []float64) { x[30] = -1 }),
		"water":             s.Signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000, 0),
		"three values": with(func(x []float64) {
			clear(x)
			x[0], x[10], x[20] = 1000, 500, 300
		}),
		"b0 values alone": with(func(x []float64) { clear(x[len(s.B0s):]) }),
		"noise floor": with(func(x []float64) {
			for i := range x {
				x[i] = 1000 * (math.Exp(-3e-3*s.Bvals[i]) + 0.05*math.Exp(0.2e-3*s.Bvals[i]))
			}
		}),
		"too large for single precision": scaled(1e200),
	}
}
