package reftensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// A newton minimises the sum over measurements of (t + c w - s)^2 / 2 with t = exp(W p + p6). The tissue has seven
// parameters p. c >= 0 is the signal of free water at b = 0, and its decay w is known. Without water this is the
// nonlinear fit of the tensor.
//
// In these parameters the model is an exponential and a linear term. With r the residual, the Hessian of the tissue is
// the sum of t (t + r) W W^T, where that of Gauss and Newton has t^2. Second derivatives therefore cost nothing beyond
// the first, and the steps are exact Newton steps, three for most voxels. c is eliminated last. Its step is cut at the
// bound before the tissue's step is solved for, so that the bound holds exactly.
//
// Some steps are Gauss-Newton steps with the damping of Levenberg and Marquardt: the first, one after a step that did
// not descend, and one where the Hessian is not positive definite.
type newton struct {
	design *LogLinear
	water  []float64 // nil without water
	square float64   // the sum of the squares of water

	signal     []float64
	energy     float64 // the sum of the squares of the signal
	at, trial  point
	gradient   [waterSize]float64 // of the objective, negated
	matrix     [waterPacked]float64
	step       [waterSize]float64
	factor     factor
	damping    float64
	exact      bool    // the matrix of the next step is the exact Hessian
	floor      float64 // the least value of p[6]
	held       bool    // p[6] is at the floor and would go below
	fixed      bool    // p[6] is held whatever the gradient
	iterations int     // points evaluated after the start

	weights, tissueWater, slope []float64
}

// A point is a point in parameter space, and what is known about it.
type point struct {
	p          [logLinearSize]float64
	c          float64
	squares    float64 // the objective: the sum of the squares of residuals
	tissue     []float64
	difference []float64 // model minus signal
}

func newNewton(design *LogLinear, water []float64) *newton {
	n := design.n
	s := &newton{design: design, water: water, floor: math.Inf(-1), weights: make([]float64, n), tissueWater: make([]float64, n), slope: make([]float64, n)}
	for _, at := range []*point{&s.at, &s.trial} {
		at.tissue, at.difference = make([]float64, n), make([]float64, n)
	}
	if water != nil {
		s.square = sumSquares(water)
	}
	return s
}

const (
	// newtonLimit is the number of steps after which a voxel is given up. Nine in ten need three or four.
	newtonLimit = 100
	// newtonTolerance is a relative reduction of the sum of squares. A step that promises less is the last one. Steps
	// converge quadratically, so that what is left after it is far smaller.
	newtonTolerance = 1e-10
	// newtonFloor is the same relative to the signal's energy. Below it there is only rounding.
	newtonFloor = 1e-26
	// Damping starts at dampingFirst, and is dropped below dampingLeast.
	dampingFirst = 1e-3
	dampingLeast = 1e-5
	dampingMost  = 1e12
)

// begin sets the signal and the starting point.
func (s *newton) begin(signal []float64, p *[logLinearSize]float64, c float64) {
	s.signal, s.energy = signal, sumSquares(signal)
	s.restart(p, c)
}

// restart sets another starting point for the same signal.
func (s *newton) restart(p *[logLinearSize]float64, c float64) {
	s.iterations, s.damping, s.exact = 0, 0, false
	s.at.p, s.at.c = *p, c
	s.at.p[6] = max(s.floor, p[6])
	s.evaluate(&s.at)
	if !(s.at.squares < math.MaxFloat64) { // a start that predicts the impossible is replaced by a flat one
		s.at.p, s.at.c = [logLinearSize]float64{6: math.Log(math.Sqrt(s.energy/float64(s.design.n)) + 1e-300)}, 0
		s.evaluate(&s.at)
	}
}

// minimise goes to the minimum, and leaves the best point in s.at.
func (s *newton) minimise() ref.Outcome {
	for s.iterations < newtonLimit {
		s.differentiate()
		for {
			if !s.decompose() {
				return ref.IterationLimit
			}
			predicted := s.solve()
			last := s.damping < 1e-4 && predicted <= newtonTolerance*s.at.squares+newtonFloor*s.energy
			better := s.try()
			if last {
				return ref.Converged
			}
			if better {
				s.relax()
				break
			}
			if s.iterations >= newtonLimit {
				return ref.IterationLimit
			}
			s.exact = false
			s.damping = max(dampingFirst, 10*s.damping)
			s.curve()
		}
	}
	return ref.IterationLimit
}

// relax lowers the damping after a step that descended. Without damping, the next step is exact.
func (s *newton) relax() {
	s.damping /= 10
	if s.damping < dampingLeast {
		s.damping = 0
	}
	s.exact = s.damping == 0
}

// evaluate computes the model and the objective at the parameters of a point.
func (s *newton) evaluate(at *point) {
	s.design.predict(at.tissue, &at.p)
	expInto(at.tissue, at.tissue)
	tissue, signal := at.tissue, s.signal[:len(at.tissue)]
	difference := at.difference[:len(tissue)]
	even, odd := 0.0, 0.0
	if s.water == nil {
		for i, t := range tissue {
			r := t - signal[i]
			difference[i] = r
			even, odd = odd, even+float64(r*r)
		}
	} else {
		water := s.water[:len(tissue)]
		for i, t := range tissue {
			r := (t - signal[i]) + float64(at.c*water[i])
			difference[i] = r
			even, odd = odd, even+float64(r*r)
		}
	}
	at.squares = even + odd
}

// differentiate computes the gradient and the matrix at s.at.
func (s *newton) differentiate() {
	tissue, difference := s.at.tissue, s.at.difference[:len(s.at.tissue)]
	slope := s.slope[:len(tissue)]
	for i, t := range tissue {
		slope[i] = -float64(t * difference[i])
	}
	s.design.project((*[7]float64)(s.gradient[:]), slope)
	s.gradient[7] = 0
	if s.water != nil {
		water, cross := s.water[:len(tissue)], s.tissueWater[:len(tissue)]
		sum := 0.0
		for i, w := range water {
			cross[i] = w * tissue[i]
			sum -= float64(w * difference[i])
		}
		s.gradient[7] = sum
		s.design.project((*[7]float64)(s.matrix[packedSize:]), cross)
		s.matrix[waterPacked-1] = s.square
	}
	if s.held = s.fixed || s.at.p[6] <= s.floor && s.gradient[6] < 0; s.held {
		s.gradient[6] = 0
	}
	s.curve()
}

// curve computes the tissue's part of the matrix, exact or Gauss-Newton.
func (s *newton) curve() {
	tissue := s.at.tissue
	weights, slope := s.weights[:len(tissue)], s.slope[:len(tissue)]
	if s.exact {
		for i, t := range tissue {
			weights[i] = float64(t*t) - slope[i]
		}
	} else {
		for i, t := range tissue {
			weights[i] = t * t
		}
	}
	s.design.normal(s.matrix[:packedSize], weights)
}

// decompose factors the matrix: first as it is, then that of Gauss and Newton, then with more and more damping. It
// returns false where no damping helps.
func (s *newton) decompose() bool {
	size := logLinearSize
	if s.water != nil {
		size = waterSize
	}
	for s.damping <= dampingMost {
		matrix := s.matrix
		for k := range size {
			matrix[packed(k, k)] *= 1 + s.damping
		}
		if s.held {
			hold(matrix[:], size)
		}
		if s.factor.decompose(matrix[:], size) > 1e-12 {
			return true
		}
		if s.exact {
			s.exact = false
			s.curve()
			continue
		}
		s.damping = max(dampingFirst, 10*s.damping)
	}
	return false
}

// hold keeps p[6] where it is. The row and the column of p[6] become those of the identity.
func hold(matrix []float64, size int) {
	clear(matrix[packed(6, 0):packed(6, 6)])
	matrix[packed(6, 6)] = 1
	if size == waterSize {
		matrix[packed(7, 6)] = 0
	}
}

// solve computes the step, and returns the reduction of the objective that the quadratic model predicts.
func (s *newton) solve() (predicted float64) {
	f := &s.factor
	x := &s.step
	*x = s.gradient
	f.forward(x[:f.size])
	for k := range logLinearSize {
		y := x[k]
		x[k] = y * f.inverse[k]
		predicted += float64(y * x[k])
	}
	if s.water != nil {
		y := x[7]
		x[7] = max(y*f.inverse[7], -s.at.c)
		predicted += float64(x[7] * (2*y - float64(f.d[7]*x[7])))
	}
	f.backward(x[:f.size])
	return predicted
}

// try evaluates the point to which the step leads, and moves there if the objective is not higher.
func (s *newton) try() (better bool) {
	for k := range s.at.p {
		s.trial.p[k] = s.at.p[k] + s.step[k]
	}
	s.trial.p[6] = max(s.floor, s.trial.p[6])
	s.trial.c = max(0, s.at.c+s.step[7])
	s.evaluate(&s.trial)
	s.iterations++
	if !(s.trial.squares <= s.at.squares) {
		return false
	}
	s.at, s.trial = s.trial, s.at
	return true
}
