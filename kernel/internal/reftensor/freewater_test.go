package reftensor

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// scanWhole finds the point of the grid as DIPY does: it evaluates every fraction of every level.
func scanWhole(s *gridScan) float64 {
	low, high, step, n := 0.0, 1.0, 0.1, firstLevel
	var best float64
	for range 3 {
		fractions, values := make([]float64, n), make([]float64, n)
		levelFractions(fractions, low, high, step)
		for k, f := range fractions {
			values[k] = s.objective(f)
		}
		best = fractions[argmin(values)]
		low, high, step, n = best-step, best+step, step*0.1, nextLevel
	}
	return best
}

func TestFractionScanEndsWhereTheWholeGridDoes(t *testing.T) {
	peer.Slow(t)
	for name, scheme := range schemes {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 1))
			s := scheme.freeWater(false)
			voxels, parted, lastBits := 0, 0, 0
			for range simulations(2000) {
				LoadFreeWater(s, scheme.simulate(random))
				var p [8]float64
				if _, outcome := s.Fit(&p); outcome != ref.Converged {
					continue
				}
				voxels++
				want := scanWhole(s.scan)
				switch {
				case math.Abs(p[7]-want) > 1e-9:
					parted++
				case p[7] != want:
					lastBits++
				}
			}
			t.Logf("of %d voxels %d on another grid point, %d with other last bits", voxels, parted, lastBits)
			if parted*1000 > voxels {
				t.Errorf("%d of %d voxels on another grid point than the whole grid's", parted, voxels)
			}
		})
	}
}

func TestLevelFractionsAreNumPysLinspace(t *testing.T) {
	var first [firstLevel]float64
	levelFractions(first[:], 0, 1, 0.1)
	want := [firstLevel]float64{0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.6, 0.7000000000000001, 0.8, 0.9} // numpy.linspace(0.1, 0.9, num=9)
	if first != want {
		t.Errorf("first level %v, NumPy %v", first, want)
	}
	// df = 0.1; c = first[2]; low, high = c-df, c+df; df *= 0.1; numpy.linspace(low+df, high-df, num=19)
	var second [nextLevel]float64
	centre, step := first[2], 0.1
	low, high := centre-step, centre+step
	levelFractions(second[:], low, high, step*0.1)
	if want := [nextLevel]float64{0.21000000000000005, 0.22000000000000006, 0.23000000000000004, 0.24000000000000005, 0.25000000000000006, 0.26, 0.27, 0.28, 0.29000000000000004, 0.30000000000000004, 0.31000000000000005, 0.32000000000000006, 0.33, 0.34, 0.35000000000000003, 0.36, 0.37, 0.38, 0.39}; second != want {
		t.Errorf("second level around 0.3 is %v, NumPy %v", second, want)
	}
}

// Another start may lead to a lower minimum, but hardly ever does.
func TestNonlinearFreeWaterFindsTheLowestMinimum(t *testing.T) {
	peer.Slow(t)
	voxels, higher := 0, 0
	for name, scheme := range schemes {
		random := rand.New(rand.NewPCG(11, 1))
		s := scheme.freeWater(true)
		for range simulations(600) {
			LoadFreeWater(s, scheme.simulate(random))
			var p [8]float64
			if iterations, _ := s.Fit(&p); iterations == 0 {
				continue
			}
			voxels++
			got, lowest := s.squares, math.Inf(1)
			start, c := s.startFromWLS()
			s.newton.restart(&start, c)
			s.newton.minimise()
			lowest = min(lowest, s.newton.at.squares)
			for _, fraction := range []float64{0.1, 0.4, 0.7, 0.9} {
				start, c := s.startAt(fraction)
				s.newton.restart(&start, c)
				s.newton.minimise()
				lowest = min(lowest, s.newton.at.squares)
			}
			if got > lowest*(1+1e-9) {
				higher++
				t.Logf("%s: %.3g above the lowest of five other starts, f %.3f", name, got/lowest-1, p[7])
			}
		}
	}
	t.Logf("%d of %d voxels above another start's minimum", higher, voxels)
	if higher*1000 > voxels {
		t.Errorf("%d of %d voxels above another start's minimum, expected at most one in a thousand", higher, voxels)
	}
}

func TestNewtonDerivativesAreThoseOfTheObjective(t *testing.T) {
	scheme := schemes["HCP"]
	s := scheme.freeWater(true)
	LoadFreeWater(s, scheme.simulate(rand.New(rand.NewPCG(13, 1))))
	var p [8]float64
	s.Fit(&p)
	start, c := s.startAt(0.4)
	s.newton.restart(&start, c)
	s.newton.exact = true
	s.newton.differentiate()
	gradient, matrix := s.newton.gradient, s.newton.matrix
	scale := [8]float64{1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1, s.s0}
	at := func(i int, step float64) (squares float64, gradient [8]float64) {
		q, d := start, c
		if i < 7 {
			q[i] += step * scale[i]
		} else {
			d += step * scale[i]
		}
		s.newton.restart(&q, d)
		s.newton.exact = true
		s.newton.differentiate()
		return s.newton.at.squares, s.newton.gradient
	}
	const h = 1e-5
	for i := range 8 {
		above, up := at(i, h)
		below, down := at(i, -h)
		if want := -(above - below) / 2 / (2 * h); math.Abs(gradient[i]*scale[i]-want) > 1e-7*s.newton.energy {
			t.Errorf("gradient %d is %g, differences give %g", i, gradient[i]*scale[i], want)
		}
		for j := range i + 1 {
			want := -(up[j] - down[j]) * scale[j] / (2 * h)
			if got := matrix[packed(i, j)] * scale[i] * scale[j]; math.Abs(got-want) > 1e-7*s.newton.energy {
				t.Errorf("Hessian %d %d is %g, differences give %g", i, j, got, want)
			}
		}
	}
}

func TestNoiselessFreeWaterIsRecovered(t *testing.T) {
	scheme := schemes["HCP"]
	s := scheme.freeWater(true)
	truth := [logLinearSize]float64{1.5e-3, 0.1e-3, 0.5e-3, -0.1e-3, 0.05e-3, 0.4e-3, math.Log(700)}
	signal := make([]float64, len(scheme.bvals))
	s.model.Design.predict(signal, &truth)
	for i, z := range signal {
		signal[i] = math.Exp(z) + 300*s.model.water[i]
	}
	LoadFreeWater(s, signal)
	var p [8]float64
	if _, outcome := s.Fit(&p); outcome != ref.Converged {
		t.Fatalf("outcome %d, expected Converged", outcome)
	}
	for k := range 6 {
		if math.Abs(p[k]-truth[k]) > 1e-12 {
			t.Errorf("tensor element %d is %g, the truth %g", k, p[k], truth[k])
		}
	}
	if math.Abs(p[6]-1000) > 1e-7 || math.Abs(p[7]-0.3) > 1e-10 {
		t.Errorf("S0 %v f %v, the truth 1000 and 0.3", p[6], p[7])
	}
}
