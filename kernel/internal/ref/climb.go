package ref

import "math"

// These are the limits of Climb.
const (
	longestClimb = 0.1  // radians; about the distance of neighbouring vertices
	settledStep  = 1e-9 // radians; with a shorter step the climb has converged
	trustedStep  = 1e-4 // radians; below, rounding hides that a Newton step goes up
	mostSteps    = 30
	mostHalvings = 12
)

// Climb walks uphill from a unit vector to a maximum of a polynomial on the unit sphere, as a Climber does.
func Climb(p *Polynomial, u [3]float64) (peak [3]float64, value float64) {
	var c Climber
	c.Start(u)
	for !c.Take(p.At(c.Point())) {
	}
	return c.Peak()
}

// A Climber walks uphill to a maximum of a function on the unit sphere. It takes Newton steps in the tangent plane.
// Where the function is not concave, it turns a step uphill. No step is longer than longestClimb, and each is halved
// until the function is higher at its end. The result is never lower than the start. The Climber asks for the function
// at one point after another, so that the caller can let several of them walk at the same time.
type Climber struct {
	u       [3]float64 // the point that was reached
	here    Jet        // the function at u
	next    [3]float64 // the point at which the function is asked for
	step    [3]float64 // from u to next
	trusted bool       // the step is taken whatever the value at its end

	started         bool
	steps, halvings int
}

// Start begins a climb at a unit vector.
func (c *Climber) Start(u [3]float64) { *c = Climber{u: u, next: u} }

// Point returns the point at which the Climber must know the function next.
func (c *Climber) Point() [3]float64 { return c.next }

// Peak returns the point that was reached, and the value there.
func (c *Climber) Peak() ([3]float64, float64) { return c.u, c.here.Value }

// Take takes the function at Point. It returns true at the end of the climb.
func (c *Climber) Take(there Jet) (done bool) {
	switch {
	case !c.started:
		c.started, c.here = true, there
	case c.trusted || there.Value > c.here.Value:
		c.u, c.here = c.next, there
		c.steps++
	default:
		if c.halvings++; c.halvings == mostHalvings {
			return true
		}
		c.stride(scaled(c.step, 0.5))
		return false
	}
	return !c.advance()
}

// advance chooses the next step. It returns false at the end of the climb.
func (c *Climber) advance() bool {
	if c.steps == mostSteps {
		return false
	}
	step, newton := tangentStep(c.here, c.u)
	length := math.Sqrt(dot3(step, step))
	if !(length > settledStep) {
		return false
	}
	if length > longestClimb {
		step, length = scaled(step, longestClimb/length), longestClimb
	}
	c.trusted, c.halvings = newton && length < trustedStep, 0
	c.stride(step)
	return true
}

func (c *Climber) stride(step [3]float64) {
	c.step = step
	c.next = normalised([3]float64{c.u[0] + step[0], c.u[1] + step[1], c.u[2] + step[2]})
}

// tangentStep returns the Newton step in the tangent plane at u. Along a principal direction in which the function is
// not concave, the step goes uphill, too. It is as long as a curvature of the same size downward would make it. The
// bare gradient would creep on a ridge or near a saddle.
func tangentStep(t Jet, u [3]float64) (step [3]float64, newton bool) {
	e, f := tangents(u)
	he, hf := multiply(t.Hessian, e), multiply(t.Hessian, f)
	outward := dot3(t.Gradient, u) // what the curvature of the sphere adds to the second derivative
	a, b, c := dot3(e, he)-outward, dot3(e, hf), dot3(f, hf)-outward
	ge, gf := dot3(e, t.Gradient), dot3(f, t.Gradient)

	// Principal directions of the matrix [a b; b c] are (cos, sin) and (-sin, cos). Its curvatures are high and low.
	middle, half := (a+c)/2, (a-c)/2
	radius := math.Sqrt(float64(half*half) + float64(b*b))
	cos, sin := principal(half, b, radius)
	high, low := middle+radius, middle-radius
	flat := 1e-9 * (math.Abs(high) + math.Abs(low))
	along := (float64(ge*cos) + float64(gf*sin)) / math.Max(math.Abs(high), flat)
	across := (float64(gf*cos) - float64(ge*sin)) / math.Max(math.Abs(low), flat)
	if flat == 0 {
		return step, false
	}
	x := float64(along*cos) - float64(across*sin)
	y := float64(along*sin) + float64(across*cos)
	for k := range step {
		step[k] = float64(x*e[k]) + float64(y*f[k])
	}
	return step, high < 0
}

// principal returns the direction of the larger eigenvalue of [half b; b -half]. This eigenvalue is radius.
func principal(half, b, radius float64) (cos, sin float64) {
	cos, sin = half+radius, b
	if half < 0 { // the same direction, without cancellation
		cos, sin = b, radius-half
	}
	length := math.Sqrt(float64(cos*cos) + float64(sin*sin))
	if length == 0 {
		return 1, 0
	}
	return cos / length, sin / length
}

// tangents returns two unit vectors at right angles to u and to each other.
func tangents(u [3]float64) (e, f [3]float64) {
	least := 0
	for k := range u {
		if math.Abs(u[k]) < math.Abs(u[least]) {
			least = k
		}
	}
	var axis [3]float64
	axis[least] = 1
	e = normalised(cross(u, axis))
	return e, cross(u, e)
}

func multiply(h [6]float64, v [3]float64) [3]float64 {
	return [3]float64{
		float64(h[0]*v[0]) + float64(h[1]*v[1]) + float64(h[2]*v[2]),
		float64(h[1]*v[0]) + float64(h[3]*v[1]) + float64(h[4]*v[2]),
		float64(h[2]*v[0]) + float64(h[4]*v[1]) + float64(h[5]*v[2]),
	}
}

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{
		float64(a[1]*b[2]) - float64(a[2]*b[1]),
		float64(a[2]*b[0]) - float64(a[0]*b[2]),
		float64(a[0]*b[1]) - float64(a[1]*b[0]),
	}
}

func dot3(a, b [3]float64) float64 {
	return float64(a[0]*b[0]) + float64(a[1]*b[1]) + float64(a[2]*b[2])
}

func scaled(v [3]float64, s float64) [3]float64 { return [3]float64{v[0] * s, v[1] * s, v[2] * s} }

func normalised(v [3]float64) [3]float64 { return scaled(v, 1/math.Sqrt(dot3(v, v))) }
