package csd

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// guard bounds the error that rounding to single precision makes in the amplitudes of an iteration. An amplitude that
// is farther from the threshold than the bound is on the same side of it in double precision.
//
// To first order, the errors E of a matrix Q change its solution f by Q^-1 E f. An amplitude changes by at most the
// length of this, times the length of its row of B. After an iteration the following is known of both factors:
//
//	Q^-1   Its norm is at most the sum of the squares of all entries of L^-1. Those on the diagonal are
//	       known: the reciprocals that the factorisation has written. The others contribute more with
//	       fewer directions, and the factor spread makes up for them.
//	E      Its entries are a few roundings, u = 2^-24 each, of those of P and of H^T H. (Moments are exact
//	       sums, see ops.CSDIteration.) The entries of H^T H are taken to be as large as the square of the
//	       longest row b, or a quarter of the mean diagonal entry of B^T B, whichever is more.
//
// With w_i the sum of P_ii and that size, the bound is
//
//	|error of an amplitude| <= |b| |f| u (plain + spread * sum_i w_i / L_ii^2)
//
// Roundings of hundreds of terms mostly cancel (Higham and Mary, SIAM J. Sci. Comput. 2019). The constants are
// therefore not those of the worst case, but were measured, over all amplitudes in all iterations of phantoms and
// crossings for lmax 8, 46 to 300 measurements and spheres of 60 to 500 directions. The largest error was 0.54 of the
// bound, and half of the iterations stayed below 0.08. A test measures this again. Besides, double precision checks the
// bound in each voxel: its coefficients must be those of single precision up to the bound.
type guard struct {
	length float64   // |b|
	spread float64   // see above
	scales []float32 // w
}

const (
	plainErrors  = 16
	spreadErrors = 2.5
	spreadBelow  = 3        // directions for each unknown; with fewer, the spread is larger
	mostSpread   = 1. / 256 // beyond it, more than the first order counts
)

func newGuard(d *Design, portable *ref.CSD) *guard {
	n, longest, all := d.Coefficients, 0.0, 0.0
	for r := range d.directions() {
		square := 0.0
		for _, b := range d.B[r*n:][:n] {
			square += float64(b * b)
		}
		longest, all = max(longest, square), all+square
	}
	unknowns, directions := float64(n), float64(d.directions())
	g := &guard{length: math.Sqrt(longest), scales: make([]float32, n)}
	g.spread = spreadErrors * max(1, spreadBelow*unknowns/directions)
	for i := range g.scales {
		g.scales[i] = float32(portable.Normal()[ref.Triangle(i)+i] + max(longest, all/unknowns/4))
	}
	return g
}

// bound returns the bound of the error of coefficients, relative to their length. condition is the sum of w_i / L_ii^2.
// The bound is infinite where nothing is known about the error.
func (g *guard) bound(condition float32) float64 {
	spread := lanes.UnitRoundoff * float64(condition)
	if !(spread < mostSpread) {
		return math.Inf(1)
	}
	return lanes.UnitRoundoff*plainErrors + g.spread*spread
}
