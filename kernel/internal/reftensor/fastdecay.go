package reftensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// In some voxels a part of the water decays faster still, because of flow and pulsation. The sum of squares then has
// minima by the dozen. In one kind of them, the tissue of the model is this fast part, and its tensor is decided by
// what noise leaves of it after the first shell. In another, the tissue fits the noise floor, and its tensor has
// eigenvalues below zero. This file recognises such voxels, and finds the minimum in which DIPY ends.

// fastDiffusivities are the diffusivities of the faster decays, relative to that of water.
var fastDiffusivities = [fastDecays]float64{4. / 3, 2, 4}

const fastDecays = 3

// A fastDecay compares signals with a sum of two isotropic parts: water, and one that decays faster.
type fastDecay struct {
	columns [fastDecays + 1][]float64 // the decays, and that of water
	squares [fastDecays + 1]float64
	cross   [fastDecays]float64 // products of the decays with that of water
}

func newFastDecay(m *FreeWater) *fastDecay {
	f := &fastDecay{}
	for k, times := range fastDiffusivities {
		d := times * m.Diso
		column := make([]float64, m.Design.n)
		m.Design.predict(column, &[logLinearSize]float64{0: d, 2: d, 5: d})
		expInto(column, column)
		f.columns[k], f.squares[k], f.cross[k] = column, sumSquares(column), ref.Dot(column, m.water)
	}
	f.columns[fastDecays], f.squares[fastDecays] = m.water, sumSquares(m.water)
	return f
}

// misfit returns the least sum of squares that water and one of the faster decays leave of a signal. Neither part may
// be negative. energy is the sum of the signal's squares, and sums are its products with the decays, that of water
// last.
func (f *fastDecay) misfit(energy float64, sums *[fastDecays + 1]float64) float64 {
	least, water, waterSquares := energy, sums[fastDecays], f.squares[fastDecays]
	for k, tissue := range sums[:fastDecays] {
		determinant := float64(f.squares[k]*waterSquares) - float64(f.cross[k]*f.cross[k])
		a := float64(tissue*waterSquares) - float64(water*f.cross[k])
		c := float64(water*f.squares[k]) - float64(tissue*f.cross[k])
		explained := 0.0
		switch {
		case a > 0 && c > 0:
			explained = (float64(a*tissue) + float64(c*water)) / determinant
		case tissue > 0 && a > 0:
			explained = float64(tissue*tissue) / f.squares[k]
		case water > 0:
			explained = float64(water*water) / waterSquares
		}
		least = min(least, energy-explained)
	}
	return least
}

// strange says whether the best end may be one of many minima. Two things must hold. The fit did not settle, or its
// tensor has an eigenvalue below zero or above the diffusivity of water. And the signal is mostly noise, or water with
// a faster decay is nearly as close to it as the fit.
func (s *FreeWaterScratch) strange(outcome ref.Outcome, noisy bool) bool {
	if outcome == ref.Converged && Ordinary((*[6]float64)(s.best.p[:6]), s.model.Diso) {
		return false
	}
	if noisy {
		return true
	}
	var sums [fastDecays + 1]float64
	for k, column := range s.model.fast.columns {
		sums[k] = ref.Dot(column, s.signal)
	}
	return s.model.fast.misfit(s.newton.energy, &sums) < strangeMisfit*s.best.squares
}

// strangeMisfit is the least ratio of the sum of squares that water with a faster decay leaves to that of the end. For
// real tissue the ratio is much larger.
const strangeMisfit = 2

// NotNegative says whether a tensor has no eigenvalue below zero.
func NotNegative(d *[6]float64) bool {
	xx, xy, yy, xz, yz, zz := d[0], d[1], d[2], d[3], d[4], d[5]
	xxyy, determinant := Minors(xx, xy, yy, xz, yz, zz)
	xxzz, yyzz := float64(xx*zz)-float64(xz*xz), float64(yy*zz)-float64(yz*yz)
	return xx >= 0 && yy >= 0 && zz >= 0 && xxyy >= 0 && xxzz >= 0 && yyzz >= 0 && determinant >= 0
}

// Minors returns the leading minors of order 2 and 3 of a tensor. Where they and xx are above zero, all eigenvalues are
// (Sylvester's criterion).
func Minors(xx, xy, yy, xz, yz, zz float64) (xxyy, determinant float64) {
	xxyy = float64(xx*yy) - float64(xy*xy)
	determinant = float64(zz*xxyy) - float64(yz*(float64(xx*yz)-float64(xy*xz))) + float64(xz*(float64(xy*yz)-float64(yy*xz)))
	return xxyy, determinant
}

// Ordinary says whether a tensor has no eigenvalue below zero or above a limit.
func Ordinary(d *[6]float64, limit float64) bool {
	rest := [6]float64{limit - d[0], -d[1], limit - d[2], -d[3], -d[4], limit - d[5]}
	return NotNegative(d) && NotNegative(&rest)
}

// endOfDIPY returns the point where DIPY's fit ends.
func (s *FreeWaterScratch) endOfDIPY(iterations *int) (p [logLinearSize]float64, c float64) {
	p, _ = s.startFromWLS()
	l := &s.linear.fit
	l.Begin((*[6]float64)(p[:6]), s.s0, s.scan.fraction)
	for {
		linear := s.Linearise(l)
		squares := s.newton.at.squares
		if !(squares < math.MaxFloat64) && l.Overflows(s.model.Design) {
			squares = math.NaN()
		}
		if l.Tell(squares, linear) {
			break
		}
	}
	*iterations += l.Evaluations()
	return l.Best()
}

// Signal returns the memory of the voxel's signal, which Linearise reads.
func (s *FreeWaterScratch) Signal() []float64 { return s.signal }

// Linearise factors the Jacobian at the trial point of a fit, for the signal that Signal holds.
func (s *FreeWaterScratch) Linearise(fit *Levenberg) *Linearised {
	s.newton.signal = s.signal
	at := &s.newton.at
	at.p, at.c = fit.Trial()
	s.newton.evaluate(at)
	s.linear.factorise(s.newton, fit)
	return &s.linear.at
}

// A linearisation is the Jacobian in DIPY's unknowns, and its factors.
type linearisation struct {
	fit     Levenberg
	at      Linearised
	columns []float64 // nine: those of the Jacobian, and the residuals
}

func newLinearisation(n int) *linearisation {
	return &linearisation{columns: make([]float64, (waterSize+1)*n)}
}

// factorise factors the Jacobian at the point where a newton was evaluated before.
func (l *linearisation) factorise(s *newton, fit *Levenberg) {
	n := s.design.n
	c, tangent, water := fit.slopes()
	for i, t := range s.at.tissue {
		for k, w := range s.design.rows[6*i:][:6] {
			l.columns[k*n+i] = t * w
		}
		l.columns[6*n+i] = -t - float64(c*s.water[i])
		l.columns[7*n+i] = float64(water*s.water[i]) - float64(tangent*t)
		l.columns[8*n+i] = -s.at.difference[i]
	}
	gramSchmidt(l.at[:], l.columns, n, waterSize, 0)
}
