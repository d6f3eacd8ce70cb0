package lanes

import "github.com/voxfit/voxfit/kernel/internal/ref"

// A StepControl is how carefully the next Newton step of a voxel is taken: with the exact second derivative, or
// with the matrix of Gauss and Newton whose diagonal is raised, as Levenberg and Marquardt do. The rule is that
// of package ref.
type StepControl struct {
	Damping float64 // the diagonal is multiplied by 1 + damping
	Exact   bool    // the next pass gives the exact second derivative
	Again   bool    // it is made at the best point once more, for a safer matrix
}

// relax follows a step that descended.
func (c *StepControl) Relax() { c.Damping = c.Relaxed() }

func (c *StepControl) Relaxed() float64 {
	if less := c.Damping / 10; less >= ref.DampingLeast {
		return less
	}
	return 0
}

// stepOn follows a step whose result is not known yet: it is taken to descend.
func (c *StepControl) StepOn() { c.Exact = c.Relaxed() == 0 }

// goBack makes the next pass one over the best point again, more damped if that is asked for.
func (c *StepControl) GoBack(raise bool) {
	if raise {
		c.Damping = max(ref.DampingFirst, 10*c.Damping)
	}
	c.Again, c.Exact = true, false
}

// hopeless says that no damping makes the step descend.
func (c *StepControl) Hopeless() bool { return c.Damping > ref.DampingMost }
