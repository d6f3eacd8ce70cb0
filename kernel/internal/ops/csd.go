package ops

// CSD holds the steps of constrained spherical deconvolution, with lane = voxel: a vector is the same
// number of Lanes voxels side by side, and every step does to each lane what a plain loop would do to
// one voxel. All memory is vectors in the order that a step names, except where it says otherwise;
// offsets count bytes. Matrices that multiply vectors are stored in panels of Panel rows: column after
// column of the first panel, then the next one; rows that fill up the last are zero.
//
// The normal matrix is a packed lower triangle of square tiles with edge Tile. Tile (I, J), J <= I,
// is the one of number I(I+1)/2 + J, and holds its entry (r, c) as vector c*Tile + r. Rows that fill
// up the last tiles are those of the identity. Those of y and z are zero.
type CSD struct {
	Lanes  int // voxels in a vector: 8 or 4
	Tile   int // edge of the tiles of the normal matrix
	Panel  int // rows of a matrix in a panel
	Stripe int // the moments of a voxel are a multiple of this many numbers

	// PackFloat32 and PackFloat64 transpose Lanes rows of numbers, each stride numbers after the
	// one before: dst[column] is the vector of the rows' numbers in that column. columns is at
	// least Lanes. They ask memory for the Lanes*stride numbers behind: the next signals.
	// Transpose is PackFloat64 without that.
	PackFloat32 func(dst *float64, rows *float32, columns, stride int)
	PackFloat64 func(dst, rows *float64, columns, stride int)
	Transpose   func(dst, rows *float64, columns, stride int)

	// Inspect writes three vectors about the n >= 1 vectors at the given offsets from x: NaN where
	// a value is NaN or infinite and 0 elsewhere; the smallest value; the largest value. The last
	// two mean nothing where the first is NaN.
	Inspect func(seen, x *float64, offsets *int32, n int)

	// Multiply writes a matrix of count panels times x, whose vectors are at the given offsets.
	Multiply func(dst, panels, x *float64, offsets *int32, count, columns int)

	// Below compares the rows of a matrix of count panels times x, of consecutive vectors, with
	// the threshold of each lane: bit r of a lane's set, sets[lane*words:][:words], becomes 1 where
	// row r is strictly less. Bits of rows that fill up the last panel mean nothing. The matrix may
	// be wider than the columns that count: skip bytes of each panel are passed over. rows is
	// scratch of count*Panel or 64*words bytes, whichever is more, and zero where no row is.
	Below func(sets *uint64, rows *byte, panels, x, thresholds *float64, count, columns, skip, words int)

	// Accumulate is about one voxel's moments, as consecutive numbers: it writes from plus the
	// first added rows of table, whose offsets are listed, minus the removed rows listed after
	// them. All rows are as many stripes long.
	Accumulate func(dst, from, table *float64, offsets *int, added, removed, stripes int)

	// Assemble writes the normal matrix P + H^T H from the moments c, each a vector of the cosines'
	// and one of the sines' values. A twin is two quads of kernel.GramMap whose sums run over the
	// same moments:
	//
	//	difference, sum               offsets of the first moments from c on
	//	both, rest                    terms of the sum; by how many more the difference has
	//	coscos sinsin sincos cossin   offsets of the first quad's entries from q on, SinSign applied
	//	coscos sinsin sincos cossin   those of the second
	//
	// It has in weights the eight entries of P; then both times a weight of the first quad's and one
	// of the second's difference and the same of the sum; then rest times two of the difference. A
	// pair is
	//
	//	moment, terms, cos, sin
	//
	// and has in weights two entries of P and the terms. Weights of pairs follow those of twins.
	Assemble func(q, c, weights *float64, twins *int32, twinCount int, pairs *int32, pairCount int)

	// Factorise replaces q, of tiles rows of tiles, by its Cholesky factor L, writes the reciprocals
	// of L's diagonal, and solves L y = z. In a lane with a pivot that is not positive a reciprocal
	// is NaN or infinite.
	Factorise func(q, inverse, y, z *float64, tiles int)

	// BackSolve solves L^T f = y in place of y. It writes one vector more after f: 0 in a lane with
	// finite f, NaN in others, so also where Factorise had no positive pivot.
	BackSolve func(y, q, inverse *float64, tiles int)
}
