package ops

// Peaks holds the steps that find the maxima of functions on the sphere. Each lane holds one voxel's function, except
// in Combine.
//
// A function that is a sum of harmonics is looked at in single precision. A vector there has the voxels of two vectors
// of CSD, whose PackFloat64 and Multiply are used here, too. A function that is given by its values is looked at in
// double precision.
type Peaks struct {
	Single PeakSearch[float32]
	Double PeakSearch[float64]

	// Round rounds columns vectors to single precision. x has two lots of columns vectors of Double; a vector of dst
	// has the lanes of the first lot, then those of the second. squares is the vector of the sums of the squares of
	// dst.
	Round func(dst, squares *float32, x *float64, columns int)

	// Samples writes the values of functions: a matrix of count panels times x, which has columns consecutive vectors.
	// The panels have Panel rows and are laid out as in CSD. It also writes two vectors, the smallest and the largest
	// value of each lane. Rows that only fill up the last panel count there.
	Panel   int
	Samples func(values, extremes, panels, x *float32, count, columns int)

	// Spread writes two vectors about n vectors of values: the sum of the squares of their differences from their mean,
	// and the sum of their squares. It adds in order and without fused operations.
	Spread func(sums, values *float64, n int)

	// Jets evaluates one homogeneous polynomial in each lane, as ref.Polynomial does, without fused operations. points
	// is three vectors: x, y, z. weights has a vector for each monomial, x^degree first, then by falling powers of x,
	// and within those by falling powers of y. A weight includes the monomial's scale. jets is ten vectors: the value,
	// the gradient, and the second derivatives xx, xy, xz, yy, yz, zz. tables is scratch of JetTables vectors.
	Jets func(jets, weights, points, tables *float64, degree int)

	// Combine writes the sum of weights[i] times a row, over count rows at the given byte offsets. Numbers of a row lie
	// in lanes. It adds in order and without fused operations. A row and dst are tiles of Tile vectors.
	Tile    int
	Combine func(dst, rows, weights *float64, offsets *int, count, tiles int)
}

// JetTables is the number of vectors of scratch that Jets needs.
func JetTables(degree int) int { return 9 * (degree + 1) }

// PeakSearch is the search for maxima in one precision.
type PeakSearch[T float32 | float64] struct {
	Lanes int

	// Maxima compares the values of a function at n <= 65536 vertices with those of their neighbours. values is a
	// vector for each vertex. Each vertex has eights times 8 neighbours, given by their byte offsets in values. limits
	// is three vectors: margin, least, lowest. Maxima writes an entry of found for each vertex of which a bit is set,
	// in the order of the vertices, and returns the number of entries. Found says what the bits mean. found has room for
	// n entries, of which all may be written.
	Maxima func(found *Found, values, limits *T, neighbours *int32, n, eights int) int
}

// Found is what Maxima found out about a vertex: its number, then three sets of lanes. A lane is a bit of a set, so
// that there are 16 lanes at most.
type Found = [4]uint16

// The fields of Found.
const (
	FoundVertex   = iota
	FoundMaximum  // the value is at least "least", and no neighbour is higher by more than margin
	FoundDoubtful // the same, but the value is not higher than all neighbours by more than margin
	FoundLowest   // the value is at most "lowest"
)
