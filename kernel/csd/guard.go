package csd

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// guard bounds the error that rounding to single precision makes in the amplitudes of an iteration. An amplitude that
// is farther from the threshold than the bound is on the same side of it in double precision.
//
// To first order, coefficients f from a matrix Q with errors E are wrong by Q^-1 E f, and an amplitude by at
// most the length of its row of B times the length of that. After an iteration both factors are there, or
// nearly so:
//
//	Q^-1   its norm is at most the sum of the squares of all entries of L^-1. Of these the diagonal is
//	       known, the reciprocals that the factorisation has written; what is left out is more with fewer
//	       directions, and the factor spread makes up for it.
//	E      has entries of a few roundings, u = 2^-24 each, of those of P and of H^T H. (Moments are exact
//	       sums, see ops.CSDIteration.) The latter are taken to be as large as the square of the longest
//	       row b, or as a quarter of the mean diagonal entry of B^T B, whichever is more.
//
// So with w_i for P_ii and one of these,
//
//	|error of an amplitude| <= |b| |f| u (plain + spread * sum_i w_i / L_ii^2)
//
// Roundings of hundreds of terms cancel more than they add up (Higham and Mary, SIAM J. Sci. Comput. 2019),
// so that the constants are not what could be but what was measured: among all amplitudes in all iterations
// of phantoms and crossings for lmax 8, 46 to 300 measurements and spheres of 60 to 500 directions, the largest
// error was 0.54 of the bound; half of the iterations stayed below 0.08. A test measures that anew. And double precision, which has the last
// word, checks it in each voxel: its coefficients must be those of single precision up to the bound.
type guard struct {
	length float64   // |b|
	spread float64   // see above
	scales []float32 // w
}

const (
	plainErrors  = 16
	spreadErrors = 2.5
	spreadBelow  = 3        // directions to an unknown, below which it grows
	mostSpread   = 1. / 256 // where more than the first order counts
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
// The bound is infinite where nothing is known.
func (g *guard) bound(condition float32) float64 {
	spread := lanes.UnitRoundoff * float64(condition)
	if !(spread < mostSpread) {
		return math.Inf(1)
	}
	return lanes.UnitRoundoff*plainErrors + g.spread*spread
}
