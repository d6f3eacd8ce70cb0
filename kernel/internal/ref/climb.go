package ref

import "math"

// Limits of Climb.
const (
	longestStep  = 0.1  // radians: about the distance of neighbouring vertices
	settledStep  = 1e-9 // radians: converged
	trustedStep  = 1e-4 // radians: so near, rounding hides that a Newton step goes up
	mostSteps    = 30
	mostHalvings = 12
)

// Climb walks from a unit vector uphill to the maximum of a polynomial on the unit sphere, by Newton steps
// in the tangent plane that are turned uphill where the function is not concave, none longer than
// longestStep, and each halved until the function is higher. The result is never lower than the start.
func Climb(p *Polynomial, u [3]float64) (peak [3]float64, value float64) {
	here := p.At(u)
	for range mostSteps {
		step, newton := tangentStep(here, u)
		length := math.Sqrt(dot3(step, step))
		if !(length > settledStep) {
			break
		}
		if length > longestStep {
			step, length = scaled(step, longestStep/length), longestStep
		}
		next, there, ok := uphill(p, u, here.Value, step, newton && length < trustedStep)
		if !ok {
			break
		}
		u, here = next, there
	}
	return u, here.Value
}

// uphill takes a step, or a part of it that leads higher.
func uphill(p *Polynomial, u [3]float64, value float64, step [3]float64, trusted bool) (next [3]float64, there Jet, ok bool) {
	for range mostHalvings {
		next = normalised([3]float64{u[0] + step[0], u[1] + step[1], u[2] + step[2]})
		if there = p.At(next); trusted || there.Value > value {
			return next, there, true
		}
		step = scaled(step, 0.5)
	}
	return u, there, false
}

// tangentStep is the Newton step in the tangent plane at u. Along a principal direction in which the
// function is not concave the step goes uphill all the same, as far as a curvature of the same size
// downward would ask for: on a ridge or by a saddle the bare gradient would creep.
func tangentStep(t Jet, u [3]float64) (step [3]float64, newton bool) {
	e, f := tangents(u)
	he, hf := multiply(t.Hessian, e), multiply(t.Hessian, f)
	outward := dot3(t.Gradient, u) // what bending along the sphere adds to the second derivative
	a, b, c := dot3(e, he)-outward, dot3(e, hf), dot3(f, hf)-outward
	ge, gf := dot3(e, t.Gradient), dot3(f, t.Gradient)

	// Principal directions (cos, sin) and (-sin, cos) of the matrix [a b; b c], and its curvatures.
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

// principal is the direction of the larger eigenvalue of [half b; b -half], whose size is radius.
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

// tangents are two unit vectors at right angles to u and to each other.
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
