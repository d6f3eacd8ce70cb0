package sh

import (
	"math"
	"slices"
)

// Repulsion spreads n axes evenly over the sphere: n unit vectors with z >= 0, each of which stands
// for its antipode too. It is a local minimum of the electrostatic energy of the 2n unit charges
// (Jones, Horsfield and Simmons 1999), reached from points drawn with the seed.
//
// The same n and seed give the same bits on every platform: it uses only operations that IEEE 754
// rounds in one way, and lets no compiler fuse two of them. 100 axes take some 0.1 s, 362 some 5 s;
// the time grows a little faster than n squared. n < 1 gives none.
func Repulsion(n int, seed uint64) [][3]float64 {
	points := randomAxes(max(n, 0), seed)
	if n > 1 {
		relax(points)
	}
	return upperHalf(points)
}

// randomAxes draws points evenly from the ball, by throwing away those of the cube outside of it, and
// projects them onto the sphere. (The usual ways, by angles or normal deviates, need functions whose
// last bit differs between platforms.)
func randomAxes(n int, seed uint64) [][3]float64 {
	points := make([][3]float64, 0, n)
	for len(points) < n {
		var p [3]float64
		for k := range p {
			p[k] = float64(2*uniform(&seed)) - 1
		}
		if square := dot(p, p); square > 0.01 && square < 1 {
			points = append(points, unit(p))
		}
	}
	return points
}

// uniform is SplitMix64 (Steele, Lea and Flood 2014), its upper 53 bits as a number in [0, 1).
func uniform(state *uint64) float64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) * 0x1p-53
}

// Limits of relax. The energy has stopped changing in its ninth digit before either is reached.
const (
	maxRelaxSteps   = 2000
	relaxedGradient = 1e-7 // the gradient's largest norm, relative to the energy of one point
	lookBack        = 10   // energies that a step is compared with
)

// relax moves the points downhill in energy until the forces along the sphere are almost zero. The step lengths are
// those of Barzilai and Borwein 1988, which need no search along the line; a step is halved only when it would end
// above the worst of the last few energies (Grippo, Lampariello and Lucidi 1986).
func relax(points [][3]float64) {
	now := newState(points)
	step := 0.1 / largestNorm(now.gradient)
	recent := make([]float64, 0, lookBack)
	next := newState(slices.Clone(points))
	for range maxRelaxSteps {
		if largestNorm(now.gradient) < relaxedGradient*now.energy/float64(len(points)) {
			break
		}
		recent = remember(recent, now.energy)
		if !next.moveFrom(now, &step, slices.Max(recent)) {
			break
		}
		step = nextStep(now, next, step)
		now, next = next, now
	}
	copy(points, now.points)
}

// state has the places of all points after a step, and the energy and its gradient there.
type state struct {
	points, gradient [][3]float64
	energy           float64
}

func newState(points [][3]float64) *state {
	s := &state{points: points, gradient: make([][3]float64, len(points))}
	s.energy = potential(s.points, s.gradient)
	return s
}

// moveFrom takes a step down the gradient from another state, halved until the energy is no more than a
// limit. It fails when no step helps, which means that rounding is all that is left.
func (s *state) moveFrom(from *state, step *float64, limit float64) bool {
	for range 60 {
		for i, p := range from.points {
			for k := range p {
				p[k] -= float64(*step * from.gradient[i][k])
			}
			s.points[i] = unit(p)
		}
		if s.energy = potential(s.points, s.gradient); s.energy <= limit {
			return true
		}
		*step /= 2
	}
	return false
}

// potential is the sum over pairs of 1/|p-q| + 1/|p+q|, and sets gradient to its derivative along the
// sphere.
func potential(points, gradient [][3]float64) float64 {
	clear(gradient)
	energy := 0.0
	for i, p := range points {
		var g [3]float64
		for j, q := range points[:i] {
			c := dot(p, q)
			near := 1 / math.Sqrt(max(2-float64(2*c), 1e-12))
			far := 1 / math.Sqrt(max(2+float64(2*c), 1e-12))
			energy += near + far
			w := float64(near*near*near) - float64(far*far*far)
			for k := range g {
				g[k] += float64(w * q[k])
				gradient[j][k] += float64(w * p[k])
			}
		}
		for k := range g {
			gradient[i][k] += g[k]
		}
	}
	for i, p := range points {
		outward := dot(gradient[i], p)
		for k := range p {
			gradient[i][k] -= float64(outward * p[k])
		}
	}
	return energy
}

// nextStep is the step length of Barzilai and Borwein: the move's square over its product with the
// change of gradient, which is the inverse of the curvature along the move.
func nextStep(from, to *state, step float64) float64 {
	square, product := 0.0, 0.0
	for i := range from.points {
		s, y := minus(to.points[i], from.points[i]), minus(to.gradient[i], from.gradient[i])
		square += dot(s, s)
		product += dot(s, y)
	}
	if product > 0 {
		return square / product
	}
	return 2 * step
}

func remember(recent []float64, energy float64) []float64 {
	if len(recent) == lookBack {
		recent = append(recent[:0], recent[1:]...)
	}
	return append(recent, energy)
}

func largestNorm(vectors [][3]float64) float64 {
	most := 0.0
	for _, v := range vectors {
		most = max(most, dot(v, v))
	}
	return math.Sqrt(most)
}
