package kernel

import "github.com/voxfit/voxfit/kernel/internal/ref"

// A newtonCourse is how carefully the next Newton step of a voxel is taken: with the exact second derivative, or
// with the matrix of Gauss and Newton whose diagonal is raised, as Levenberg and Marquardt do. The rule is that
// of package ref.
type newtonCourse struct {
	damping float64 // the diagonal is multiplied by 1 + damping
	exact   bool    // the next pass gives the exact second derivative
	again   bool    // it is made at the best point once more, for a safer matrix
}

// relax follows a step that descended.
func (c *newtonCourse) relax() { c.damping = c.relaxed() }

func (c *newtonCourse) relaxed() float64 {
	if less := c.damping / 10; less >= ref.DampingLeast {
		return less
	}
	return 0
}

// stepOn follows a step whose result is not known yet: it is taken to descend.
func (c *newtonCourse) stepOn() { c.exact = c.relaxed() == 0 }

// goBack makes the next pass one over the best point again, more damped if that is asked for.
func (c *newtonCourse) goBack(raise bool) {
	if raise {
		c.damping = max(ref.DampingFirst, 10*c.damping)
	}
	c.again, c.exact = true, false
}

// hopeless says that no damping makes the step descend.
func (c *newtonCourse) hopeless() bool { return c.damping > ref.DampingMost }
