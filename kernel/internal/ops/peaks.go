package ops

// Peaks holds the steps that find the maxima of functions on the sphere, with lane = voxel. Functions that are sums
// of harmonics are looked at in single precision, where a vector has the voxels of two vectors of CSD, whose
// PackFloat64 and Multiply serve here, too. Functions that are known by their values are looked at in double precision.
type Peaks struct {
	Single PeakSearch[float32]
	Double PeakSearch[float64]

	// Round writes columns vectors of Single out of two lots of as many vectors of Double, and the vector of the
	// sums of their squares.
	Round func(dst, squares *float32, x *float64, columns int)

	// Samples writes count panels of Panel rows times x, whose columns are consecutive vectors of Single, and two
	// vectors: the smallest and the largest value of each lane, rows that fill up the last panel included. Panels
	// are laid out as in CSD.
	Panel   int
	Samples func(values, extremes, panels, x *float32, count, columns int)

	// Spread writes two vectors about n vectors: the sum of the squares of the differences from their mean, and
	// the sum of their squares, each added up in order, without fused operations.
	Spread func(sums, values *float64, n int)

	// Jets writes ten vectors about homogeneous polynomials at three vectors of points x, y, z, as ref.Polynomial does:
	// the value, the gradient and the second derivatives xx, xy, xz, yy, yz, zz, without fused operations. weights has a
	// vector for each monomial, its scale in it. tables is scratch of JetTables vectors.
	Jets func(jets, weights, points, tables *float64, degree int)

	// Combine writes the sum of weights[i] times a row, for count rows at the given byte offsets, added up in
	// order, without fused operations. A row is tiles of Tile vectors.
	Tile    int
	Combine func(dst, rows, weights *float64, offsets *int, count, tiles int)
}

// JetTables is the number of vectors of scratch that Jets needs.
func JetTables(degree int) int { return 9 * (degree + 1) }

// PeakSearch is the search for maxima in one precision.
type PeakSearch[T float32 | float64] struct {
	Lanes int

	// Maxima compares each of n <= 65536 vectors of values with its neighbours, eights of them at the given byte offsets,
	// and with three vectors of limits: margin, least, lowest. It lists those of which a bit is set, in order, and
	// returns how many there are.
	Maxima func(found *Found, values, limits *T, neighbours *int32, n, eights int) int
}

// Found is what is known of a vertex: its number, and sets of lanes. A lane is a bit of a set, and there are 16 at
// most.
type Found = [4]uint16

// The places of Found.
const (
	FoundVertex   = iota
	FoundMaximum  // not lower than any neighbour by more than margin, and at least the least
	FoundDoubtful // the same, and not higher than all neighbours by more than margin
	FoundLowest   // not above lowest
)
