package lanes

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A Damping says how the next Newton step of a voxel is computed: with the exact second derivative, or with the
// Gauss-Newton matrix whose diagonal is raised, as in the method of Levenberg and Marquardt. The rule is that of
// package reftensor.
type Damping struct {
	Raise float64 // the diagonal is multiplied by 1 + Raise
	Exact bool    // the next pass gives the exact second derivative
	Again bool    // the next pass is at the best point again, for a safer matrix
}

// Relax changes the damping after a step that descended.
func (d *Damping) Relax() { d.Raise = d.Relaxed() }

// Relaxed returns the value of Raise after a step that descended.
func (d *Damping) Relaxed() float64 {
	if less := d.Raise / 10; less >= reftensor.DampingLeast {
		return less
	}
	return 0
}

// StepOn changes the damping after a step whose result is not known yet, as if it descended.
func (d *Damping) StepOn() { d.Exact = d.Relaxed() == 0 }

// GoBack makes the next pass start from the best point again. With more, the step is damped more.
func (d *Damping) GoBack(more bool) {
	if more {
		d.Raise = max(reftensor.DampingFirst, 10*d.Raise)
	}
	d.Again, d.Exact = true, false
}

// A Descent is the state of a voxel on its way to the minimum of its sum of squares.
type Descent[Point any] struct {
	Damping   Damping
	At, Trial Point   // the best point so far, and the point of the next pass
	Squares   float64 // at the best point; +Inf where there is none yet
	Lost      bool    // no step descends, or there is nothing to descend from
}

// Judge moves to the trial point if that is no worse than the best one. Otherwise it goes back, to compute a damped
// Gauss-Newton matrix there.
func (d *Descent[Point]) Judge(squares float64) {
	switch first := math.IsInf(d.Squares, 1); {
	case d.Damping.Again:
		d.Damping.Again = false
	case first && !(squares < math.MaxFloat64):
		d.Lost = true
	case squares <= d.Squares:
		d.At, d.Squares = d.Trial, squares
		if !first {
			d.Damping.Relax()
		}
	default:
		d.GoBack(true)
	}
}

// GoBack makes the next pass be at the best point again.
func (d *Descent[Point]) GoBack(more bool) {
	d.Damping.GoBack(more)
	d.Lost = d.Lost || d.Damping.Raise > reftensor.DampingMost
	d.Trial = d.At
}
