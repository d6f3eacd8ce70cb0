package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// ShellTable returns a table of two b0s and one shell of n directions.
func ShellTable(t testing.TB, n int) *acq.GradientTable {
	t.Helper()
	bvals, bvecs := []float64{0, 0}, [][3]float64{{}, {}}
	for k := range n { // a spiral: evenly spread, and the same on every machine
		z := (float64(k) + 0.5) / float64(n)
		phi, r := float64(k)*math.Pi*(3-math.Sqrt(5)), math.Sqrt(1-z*z)
		bvals, bvecs = append(bvals, 2000), append(bvecs, [3]float64{r * math.Cos(phi), r * math.Sin(phi), z})
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// FibreResponse is the response of one fibre.
var FibreResponse = acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}

// csdDesigns keeps the designs that CSDDesign made, because a design of a high order takes longer than its fits.
var csdDesigns = map[string]csd.Design{}

// CSDDesign returns the design of model.NewCSD with its defaults. Tests that change it must clone it.
func CSDDesign(t testing.TB, g *acq.GradientTable, lmax int) csd.Design {
	t.Helper()
	name := fmt.Sprint(lmax, g.Bvals, g.Bvecs)
	if d, made := csdDesigns[name]; made {
		return d
	}
	m, err := model.NewCSD(g, FibreResponse, model.CSDOptions{LMax: lmax})
	if err != nil {
		t.Fatal(err)
	}
	csdDesigns[name] = m.Design()
	return csdDesigns[name]
}

// Crossings simulates n voxels with one to three fibres, free water and Rician noise. Every seventh is odd in some way.
func Crossings(g *acq.GradientTable, n int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	signal := make([]float64, 0, n*g.Len())
	for v := range n {
		voxel := Crossing(g, rng)
		for i, s := range voxel {
			switch v % 49 {
			case 6:
				voxel[i] = rng.NormFloat64() * 100
			case 13:
				voxel[i] = math.Abs(rng.NormFloat64()) * 100
			case 20:
				voxel[i] = 500
			case 27:
				voxel[i] = 0
			case 34:
				voxel[i] = -s
			case 41:
				voxel[i] = s * 1e-300
			case 48:
				voxel[i] = 0
				if i == 2+v%(g.Len()-2) {
					voxel[i] = 1000
				}
			}
		}
		signal = append(signal, voxel...)
	}
	return signal
}

// Crossing simulates one voxel with one to three fibres, free water and Rician noise.
func Crossing(g *acq.GradientTable, rng *rand.Rand) []float64 {
	signal := make([]float64, g.Len())
	fibres, water := 1+rng.IntN(3), max(0, rng.Float64()-0.5)
	for range fibres {
		axis := RandomAxis(rng)
		for i, d := range g.Bvecs {
			along := axis[0]*d[0] + axis[1]*d[1] + axis[2]*d[2]
			signal[i] += (1 - water) / float64(fibres) * math.Exp(-g.Bvals[i]*(0.3e-3+1.4e-3*along*along))
		}
	}
	for i, s := range signal {
		s = 1000 * (s + water*math.Exp(-3e-3*g.Bvals[i]))
		signal[i] = math.Hypot(s+rng.NormFloat64()*33, rng.NormFloat64()*33)
	}
	return signal
}

// RandomAxis returns a direction; all directions are equally likely.
func RandomAxis(rng *rand.Rand) [3]float64 {
	v := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	return [3]float64{v[0] / r, v[1] / r, v[2] / r}
}

// Study returns the signals of n voxels of the published study's protocol. Every tissue is among them, and odd signals
// of every kind.
func Study(t testing.TB, n int) (g *acq.GradientTable, signal []float64) {
	t.Helper()
	g = phantom.HCP()
	p, err := phantom.Make(g, phantom.Options{Voxels: n, SNR: 30, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	m := g.Len()
	signal = make([]float64, n*m)
	for i, s := range p.Signal {
		signal[i] = float64(s)
	}
	rng := rand.New(rand.NewPCG(6, 0))
	for v := range n {
		spoil(signal[v*m:][:m], v, rng)
	}
	return g, signal
}

// spoil makes every fifth voxel odd, in one of many ways.
func spoil(voxel []float64, v int, rng *rand.Rand) {
	if v%5 != 0 {
		return
	}
	some := rng.IntN(len(voxel))
	switch v / 5 % 11 {
	case 0:
		clear(voxel)
	case 1:
		voxel[some] = math.NaN()
	case 2:
		voxel[some] = math.Inf(1)
	case 3:
		voxel[some] = -voxel[some]
	case 4:
		clear(voxel)
		voxel[some] = 1000
	}
	for i := range voxel {
		switch v / 5 % 11 {
		case 5:
			voxel[i] = 500
		case 6:
			voxel[i] = rng.NormFloat64() * 100
		case 7:
			voxel[i] = -voxel[i]
		case 8:
			voxel[i] *= 1e300
		case 9:
			voxel[i] *= 1e-300
		case 10:
			voxel[i] = rng.Float64()
		}
	}
}

// NewCSD makes a fitter on one instruction set.
func NewCSD(t testing.TB, d csd.Design, isa string) kernel.Fitter {
	t.Helper()
	f, err := csd.New(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
