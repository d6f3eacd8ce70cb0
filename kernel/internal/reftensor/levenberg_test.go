package reftensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The triangle from the matrix of Gauss and Newton is the one from the Jacobian, up to the signs of its rows.
func TestBothWaysToLineariseAgree(t *testing.T) {
	for name, scheme := range schemes {
		random := rand.New(rand.NewPCG(3, 1))
		s := scheme.freeWater(true)
		for range simulations(50) {
			LoadFreeWater(s, scheme.simulate(random))
			var fit Levenberg
			fit.Begin(&[6]float64{1.5e-3, 1e-4, 0.5e-3, -1e-4, 0, 0.4e-3}, 900, 0.3)
			exact := *s.Linearise(&fit)
			s.newton.differentiate()
			var linear Linearised
			if !fit.FromNormal(&linear, &s.newton.gradient, &s.newton.matrix) {
				t.Fatalf("%s: the matrix lost the triangle", name)
			}
			for k := range waterSize {
				sign := math.Copysign(1, exact[packed(k, k)]*linear[packed(k, k)])
				for j := k; j <= waterSize; j++ {
					a, b := exact[packed(j, k)], sign*linear[packed(j, k)]
					if !(math.Abs(a-b) <= 1e-6*(math.Abs(a)+math.Abs(exact[packed(j, min(j, waterSize-1))])+1e-3)) {
						t.Fatalf("%s: element %d, %d of the triangle is %g from the matrix, %g from the Jacobian", name, k, j, b, a)
					}
				}
			}
		}
	}
}

// Without noise the fit ends at the truth, wherever it starts.
func TestLevenbergEndsAtTheTruth(t *testing.T) {
	for name, scheme := range schemes {
		s := scheme.freeWater(true)
		truth := [logLinearSize]float64{1.5e-3, 1e-4, 0.5e-3, -1e-4, 0, 0.4e-3, math.Log(700)}
		signal := make([]float64, s.model.Design.n)
		s.model.Design.predict(signal, &truth)
		for i, z := range signal {
			signal[i] = math.Exp(z) + 300*s.model.water[i]
		}
		LoadFreeWater(s, signal)
		s.s0 = mean(s.signal, s.model.B0)
		s.scan.begin(s.signal, s.s0)
		iterations := 0
		p, c := s.endOfDIPY(&iterations)
		if math.Abs(c-300) > 0.1 || math.Abs(p[0]-truth[0]) > 1e-6 || iterations == 0 {
			t.Errorf("%s: after %d points water is %g and Dxx %g, the truth 300 and %g", name, iterations, c, p[0], truth[0])
		}
	}
}
