package reftensor

import "math"

// A Levenberg is one fit of a tensor with free water by the method of Levenberg and Marquardt, as MINPACK's lmder has
// it (Moré 1978; Moré, Garbow and Hillstrom 1980). Its unknowns are DIPY's: the six elements of the tensor, -log S0,
// and an angle phi; the fraction of water is (1 - cos phi)/2. From DIPY's starting point it takes DIPY's steps, and
// ends in the minimum in which DIPY ends, to eight digits.
//
// It asks for the model at one point after another: for the sum of squares, and for an orthogonal factorisation of the
// Jacobian (Linearised). The caller computes the factorisation from the Jacobian itself, or from the matrix of Gauss
// and Newton. DIPY has the Jacobian computed by differences. Where these are not close to the derivatives, the steps
// can differ from DIPY's.
type Levenberg struct {
	at, trial, step [waterSize]float64 // in DIPY's unknowns
	squares         float64            // at the best point
	linear          Linearised         // the model at the best point
	scale           [waterSize]float64 // the largest norms of the Jacobian's columns so far
	length          float64            // of the vector of the best point, scaled
	radius          float64            // of the region in which the step may end, scaled
	parameter       float64            // the damping parameter of Levenberg and Marquardt
	reach           float64            // length of the step, scaled
	promise         float64            // |J step|^2, where J is the Jacobian
	evaluations     int

	rows   [2 * waterSize * (waterSize + 1)]float64 // the columns of a damped system
	damped [linearisedSize]float64                  // the triangle of this system
	turned [waterSize]float64                       // the scaled step, times the inverse of the transposed triangle
}

// A Linearised is the model near a point. It is the triangle R of an orthogonal factorisation QR of the Jacobian,
// packed with column k in row k, and below it Q^T times the residuals.
type Linearised [linearisedSize]float64

const linearisedSize = waterPacked + waterSize + 1

// These are MINPACK's constants, with the tolerances that scipy's leastsq gives it.
const (
	LevenbergLimit     = 200 // points; scipy allows 1800 evaluations, of which a Jacobian takes eight
	levenbergTolerance = 1.49012e-8
	levenbergFactor    = 100
)

// Begin starts a fit from a tensor, S0 and a fraction of free water.
func (l *Levenberg) Begin(tensor *[6]float64, s0, fraction float64) {
	l.evaluations, l.radius, l.parameter, l.squares = 0, 0, 0, math.Inf(1)
	clear(l.scale[:])
	copy(l.trial[:6], tensor[:])
	l.trial[6] = -math.Log(s0)
	l.trial[7] = math.Asin(2*fraction-1) + math.Pi/2
	l.at = l.trial
}

// Trial returns the point where the model is asked for: the parameters of the tissue, and the signal of water.
func (l *Levenberg) Trial() (p [logLinearSize]float64, c float64) { return waterPoint(&l.trial) }

// Best returns the best point so far.
func (l *Levenberg) Best() (p [logLinearSize]float64, c float64) { return waterPoint(&l.at) }

// Evaluations returns how many points were asked for.
func (l *Levenberg) Evaluations() int { return l.evaluations }

func waterPoint(x *[waterSize]float64) (p [logLinearSize]float64, c float64) {
	copy(p[:6], x[:6])
	cosine, sine := math.Cos(x[7]/2), math.Sin(x[7]/2)
	p[6] = 2*math.Log(math.Abs(cosine)) - x[6]
	return p, math.Exp(-x[6]) * float64(sine*sine)
}

// Overflows says whether two or more of the exponentials that DIPY computes at the trial point overflow. MINPACK's norm
// of the residuals is then NaN. MINPACK takes this for a step that failed, and shrinks less than after a step that ends
// at large numbers.
func (l *Levenberg) Overflows(design *LogLinear) bool {
	const largest = 709.782712893384 // the logarithm of the largest number
	count := 0
	for i := range design.n {
		z := -l.trial[6]
		for k, w := range design.rows[6*i:][:6] {
			z += float64(w * l.trial[k])
		}
		if z > largest {
			count++
		}
	}
	return count > 1
}

// slopes returns the derivatives by the last two unknowns at the trial point. A step in -log S0 changes the logarithm
// of the tissue by -1 and the signal of water by -c. A step in phi changes them by -tangent and by water.
func (l *Levenberg) slopes() (c, tangent, water float64) {
	_, c = waterPoint(&l.trial)
	half := l.trial[7] / 2
	return c, math.Tan(half), math.Exp(-l.trial[6]) * float64(math.Sin(half)*math.Cos(half))
}

// Tell takes the model at the trial point. It returns true when the fit has ended. Otherwise there is another trial
// point.
func (l *Levenberg) Tell(squares float64, linear *Linearised) (ended bool) {
	l.evaluations++
	switch first := l.evaluations == 1; {
	case first && !(squares < math.MaxFloat64):
		return true
	case first:
		l.accept(squares, linear)
	case l.judge(squares, linear) || l.evaluations >= LevenbergLimit:
		return true
	}
	return l.findStep()
}

// accept takes the trial point as the best one.
func (l *Levenberg) accept(squares float64, linear *Linearised) {
	l.at, l.squares, l.linear = l.trial, squares, *linear
	sum := 0.0
	for k := range l.scale {
		norm := 0.0
		for _, x := range linear[packed(k, 0) : packed(k, 0)+k+1] {
			norm += float64(x * x)
		}
		norm = math.Sqrt(norm)
		if l.evaluations == 1 && norm == 0 {
			norm = 1
		}
		l.scale[k] = max(l.scale[k], norm)
		scaled := l.scale[k] * l.at[k]
		sum += float64(scaled * scaled)
	}
	l.length = math.Sqrt(sum)
	if l.evaluations == 1 {
		if l.radius = levenbergFactor * l.length; l.radius == 0 {
			l.radius = levenbergFactor
		}
	}
}

// judge compares what the step has gained with what it promised.
func (l *Levenberg) judge(squares float64, linear *Linearised) (ended bool) {
	actual := -1.0
	if 0.01*squares < l.squares {
		actual = 1 - squares/l.squares
	}
	along, damped := l.promise/l.squares, l.parameter*float64(l.reach*l.reach)/l.squares
	promised, slope := along+float64(2*damped), -(along + damped)
	ratio := 0.0
	if promised != 0 {
		ratio = actual / promised
	}
	switch {
	case !(ratio > 0.25):
		shrink := 0.5
		if actual < 0 {
			shrink = float64(0.5*slope) / (slope + float64(0.5*actual))
		}
		if 0.01*squares >= l.squares || !(shrink >= 0.1) {
			shrink = 0.1
		}
		l.radius = shrink * min(l.radius, 10*l.reach)
		l.parameter /= shrink
	case l.parameter == 0 || ratio >= 0.75:
		l.radius = 2 * l.reach
		l.parameter /= 2
	}
	if ratio >= 1e-4 {
		l.accept(squares, linear)
	}
	return math.Abs(actual) <= levenbergTolerance && promised <= levenbergTolerance && ratio <= 2 ||
		l.radius <= levenbergTolerance*l.length
}

// findStep finds, among the steps that end within the radius to a tenth of it, the one that lowers the linearised model
// most (MINPACK's lmpar). It makes the next trial point. It returns true where there is no such step.
func (l *Levenberg) findStep() (ended bool) {
	full := l.solve(0)
	if excess := l.reach - l.radius; !(excess <= 0.1*l.radius) {
		l.restrain(full, excess)
	} else {
		l.parameter = 0
	}
	if !(l.reach < math.MaxFloat64) {
		return true
	}
	if l.evaluations == 1 {
		l.radius = min(l.radius, l.reach)
	}
	l.promise = 0
	for i := range waterSize { // |R step|^2
		sum := 0.0
		for k := i; k < waterSize; k++ {
			sum += float64(l.linear[packed(k, i)] * l.step[k])
		}
		l.promise += float64(sum * sum)
	}
	for k, x := range l.step {
		l.trial[k] = l.at[k] + x
	}
	return false
}

// restrain finds the parameter with which the step is about as long as the radius.
func (l *Levenberg) restrain(full bool, excess float64) {
	least, slope := 0.0, 0.0
	if full {
		least = excess / l.radius / l.steepness()
	}
	for k := range l.scale {
		sum := 0.0
		for i := range k + 1 {
			sum += float64(l.linear[packed(k, i)] * l.linear[packed(waterSize, i)])
		}
		sum /= l.scale[k]
		slope += float64(sum * sum)
	}
	slope = math.Sqrt(slope)
	most := slope / l.radius
	if l.parameter = min(max(l.parameter, least), most); l.parameter == 0 {
		l.parameter = slope / l.reach
	}
	for try := 1; ; try++ {
		if l.parameter == 0 {
			l.parameter = max(0x1p-1022, 0.001*most)
		}
		l.solve(l.parameter)
		before := excess
		excess = l.reach - l.radius
		if !(math.Abs(excess) > 0.1*l.radius) || least == 0 && excess <= before && before < 0 || try == 10 {
			return
		}
		if excess > 0 {
			least = max(least, l.parameter)
		} else {
			most = min(most, l.parameter)
		}
		l.parameter = max(least, l.parameter+excess/l.radius/l.steepness())
	}
}

// solve finds the step for a parameter, and its scaled length. It returns false where the Jacobian does not have full
// rank. What the Jacobian does not determine is then left as it is.
func (l *Levenberg) solve(parameter float64) (full bool) {
	const n = 2 * waterSize
	clear(l.rows[:])
	for k := range waterSize + 1 {
		column := l.rows[n*k:][:n]
		copy(column, l.linear[packed(k, 0):packed(k, 0)+min(k+1, waterSize)])
		if k < waterSize {
			for i := range k + 1 {
				column[i] /= l.scale[k]
			}
			column[waterSize+k] = math.Sqrt(parameter)
		}
	}
	full = gramSchmidt(l.damped[:], l.rows[:], n, waterSize, 0)
	backward(l.step[:], l.damped[:], waterSize)
	sum := 0.0
	for k := range l.step {
		sum += float64(l.step[k] * l.step[k])
		l.step[k] /= l.scale[k]
	}
	l.reach = math.Sqrt(sum)
	return full
}

// steepness returns by how much the scaled length of the step falls as the parameter rises, relative to the length.
func (l *Levenberg) steepness() float64 {
	sum := 0.0
	for k := range waterSize {
		x := l.step[k] * l.scale[k] / l.reach
		for i := range k {
			x -= float64(l.damped[packed(k, i)] * l.turned[i])
		}
		l.turned[k] = x / l.damped[packed(k, k)]
		sum += float64(l.turned[k] * l.turned[k])
	}
	return sum
}

// FromNormal makes the factorisation from the matrix of Gauss and Newton and the negated gradient. Both are in the
// unknowns of a tensor with the logarithm of the tissue and the signal of water. ok is false where these have lost too
// many digits.
func (l *Levenberg) FromNormal(linear *Linearised, gradient *[waterSize]float64, matrix *[waterPacked]float64) (ok bool) {
	c, tangent, water := l.slopes()
	turned, right := *matrix, *gradient
	right[6] = -gradient[6] - float64(c*gradient[7])
	right[7] = float64(water*gradient[7]) - float64(tangent*gradient[6])
	for k := range 6 {
		tissue, slope := matrix[packed(6, k)], matrix[packed(7, k)]
		turned[packed(6, k)] = -tissue - float64(c*slope)
		turned[packed(7, k)] = float64(water*slope) - float64(tangent*tissue)
	}
	tt, tw, ww := matrix[packed(6, 6)], matrix[packed(7, 6)], matrix[packed(7, 7)]
	turned[packed(6, 6)] = tt + float64(c*(2*tw+float64(c*ww)))
	turned[packed(7, 6)] = float64(tangent*tt) + float64((float64(c*tangent)-water)*tw) - float64(float64(c*water)*ww)
	turned[packed(7, 7)] = float64(float64(water*water)*ww) - float64(float64(2*water*tangent)*tw) + float64(float64(tangent*tangent)*tt)
	var f factor
	if !(f.decompose(turned[:], waterSize) > levenbergLost) {
		return false
	}
	f.forward(right[:])
	var roots [waterSize]float64
	for k := range waterSize {
		roots[k] = math.Sqrt(f.d[k])
		for i := range k {
			linear[packed(k, i)] = f.l[packed(k, i)] * roots[i]
		}
		linear[packed(k, k)] = roots[k]
		linear[packed(waterSize, k)] = right[k] / roots[k]
	}
	return true
}

// levenbergLost is the ratio of a pivot to its diagonal element below which the matrix of Gauss and Newton has too few
// digits.
const levenbergLost = 1e-12
