package lanes

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A Damping says how carefully the next Newton step of a voxel is taken: with the exact second derivative, or with the
// matrix of Gauss and Newton whose diagonal is raised, as Levenberg and Marquardt do. The rule is that of package
// reftensor.
type Damping struct {
	Raise float64 // the diagonal is multiplied by 1 + Raise
	Exact bool    // the next pass gives the exact second derivative
	Again bool    // it is made at the best point once more, for a safer matrix
}

// Relax follows a step that descended.
func (d *Damping) Relax() { d.Raise = d.Relaxed() }

// Relaxed is what Raise is after a step that descended.
func (d *Damping) Relaxed() float64 {
	if less := d.Raise / 10; less >= reftensor.DampingLeast {
		return less
	}
	return 0
}

// StepOn follows a step whose result is not known yet: it is taken to descend.
func (d *Damping) StepOn() { d.Exact = d.Relaxed() == 0 }

// GoBack makes the next pass start from the best point again. With more, the step is damped more.
func (d *Damping) GoBack(more bool) {
	if more {
		d.Raise = max(reftensor.DampingFirst, 10*d.Raise)
	}
	d.Again, d.Exact = true, false
}

// A Descent is the way of a voxel from point to point to the minimum of its sum of squares.
type Descent[Point any] struct {
	Damping   Damping
	At, Trial Point   // the best point, and that of the next pass
	Squares   float64 // at the best point; +Inf where there is none yet
	Lost      bool    // no step descends, or there is nothing to descend from
}

// Judge moves to the trial point when it is no worse than the best one. Else it goes back, for a damped matrix of
// Gauss and Newton there.
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

// GoBack makes the next pass one over the best point again.
func (d *Descent[Point]) GoBack(more bool) {
	d.Damping.GoBack(more)
	d.Lost = d.Lost || d.Damping.Raise > reftensor.DampingMost
	d.Trial = d.At
}
