package ops

// CSD holds the steps of constrained spherical deconvolution, with lane = voxel: a vector is the same
// number of Lanes voxels side by side, and every step does to each lane what a plain loop would do to
// one voxel. All memory is vectors in the order that a step names, except where it says otherwise;
// offsets count bytes. Matrices that multiply vectors are stored in panels of Panel rows: column after
// column of the first panel, then the next one; rows that fill up the last are zero.
//
// Signals become right-hand sides z in double precision. Iterations there are in double precision and,
// with twice as many lanes, in single precision.
type CSD struct {
	CSDIteration[float64, float64]

	// PackFloat32 and PackFloat64 do what Transpose does, for signals. They also prefetch the next signals: the
	// Lanes*stride numbers after these.
	PackFloat32 func(dst *float64, rows *float32, columns, stride int)
	PackFloat64 func(dst, rows *float64, columns, stride int)

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
	// scratch, see RowBytes, and zero where no row is.
	Below func(sets *uint64, rows *byte, panels, x, thresholds *float64, count, columns, skip, words int)

	// BelowRounded is Below, from numbers rounded to single precision where that decides: rounded has
	// such numbers in panels of RoundedPanel rows, Panel or two of them, and rows that fill up the last one may
	// differ; narrow is scratch of columns times 2*Lanes such numbers. In a lane, rounding changes a row's product less the threshold by at most
	// errors[0] times the length of x, errors[1] times the threshold and 2^-100, where the first two are
	// below 2^73. Where they are not, x is not finite, or a row is as near to the threshold as that, its
	// panel is multiplied once more in all lanes, in double precision: sets are those of Below. It is nil
	// where nothing would be gained.
	BelowRounded func(sets *uint64, rows *byte, panels *float64, rounded *float32, x *float64, narrow *float32, thresholds, errors *float64, count, columns, skip, words int)
	RoundedPanel int

	// Single is the iteration in single precision.
	Single *CSDSingle
}

// CSDSingle is an iteration in single precision.
type CSDSingle struct {
	CSDIteration[float32, int32]

	// Condition writes the vector of the sums, over the n >= 1 unknowns, of a number times the square
	// of the reciprocal that Factorise has written.
	Condition func(condition, inverse, scales *float32, n int)

	// Below is that of CSD. It writes besides, for each lane, the smallest square of a row's
	// distance to the threshold; rows that fill up the last panel count there.
	Below func(sets *uint64, nearest *float32, rows *byte, panels, x, thresholds *float32, count, columns, skip, words int)
}

// CSDIteration holds the steps of an iteration, in either precision.
//
// The normal matrix is a packed lower triangle of square tiles with edge Tile. Tile (I, J), J <= I, has the number
// I(I+1)/2 + J. It holds its entry (r, c) as vector c*Tile + r. Rows that fill up the last tiles are those of the
// identity. Those of y and z are zero.
//
// The moments of a voxel are sums of rows of a table. Single precision adds them up in fixed point. Sums of integers
// are exact: they do not depend on the order in which directions came and went, and they have all of 32 bits.
type CSDIteration[T float32 | float64, S int32 | float64] struct {
	Lanes  int // voxels in a vector
	Tile   int // edge of the tiles of the normal matrix
	Panel  int // rows of a matrix in a panel
	Stripe int // the moments of a voxel are a multiple of this many numbers, which are Lanes or more

	// Transpose takes Lanes rows of numbers, each stride numbers after the one before:
	// dst[column] is the vector of the rows' numbers in that column, rounded to T. columns is at
	// least Lanes.
	Transpose func(dst *T, rows *S, columns, stride int)

	// Accumulate is about one voxel's moments, as consecutive numbers: those of a set of directions
	// from those of another. It writes from plus the rows of table for the directions that are in
	// after and not in before, minus those for the directions in before and not in after. Four
	// directions, 4g to 4g+3, share 16 rows: row 16g+p is the sum for those of them whose bits p has.
	// All rows are as many stripes long, sets as many words.
	Accumulate func(dst, from, table *S, before, after *uint64, words, stripes int)

	// Assemble writes the normal matrix P + H^T H from the moments c, each a vector of the cosines'
	// and one of the sines' values. A twin is two quads of gram.Map whose sums run over the
	// same moments:
	//
	//	difference, sum               offsets of the first moments from c on
	//	both, rest                    terms of the sum; by how many more the difference has
	//	coscos sinsin sincos cossin   offsets of the first quad's entries from q on, SinSign applied
	//	coscos sinsin sincos cossin   those of the second
	//
	// It has in weights the eight entries of P; then both times a weight of the first quad's and one
	// of the second's difference and the same of the sum; then rest times two of the difference. A
	// couple is two pairs of gram.Map whose sums run over the same moments:
	//
	//	moment, terms        offset of the first moment from c on, number of terms
	//	cos sin   cos sin    offsets of the entries of the first and of the second
	//
	// and has in weights the four entries of P; then terms times a weight of the first's and one of
	// the second's. Weights of couples follow those of twins.
	Assemble func(q, c, weights *T, twins *int32, twinCount int, couples *int32, coupleCount int)

	// Factorise replaces q, of tiles rows of tiles, by its Cholesky factor L, writes the reciprocals
	// of L's diagonal, and solves L y = z. In a lane with a pivot that is not positive a reciprocal
	// is NaN or infinite.
	Factorise func(q, inverse, y, z *T, tiles int)

	// BackSolve solves L^T f = y in place of y. It writes one vector more after f. In double
	// precision that is 0 in a lane with finite f and NaN in others, so also where Factorise had no
	// positive pivot; in single precision it is the sum of the squares of f, with the same in mind.
	BackSolve func(y, q, inverse *T, tiles int)
}

// RowBytes is the scratch that Below needs: a mask of lanes, of whole bytes, for each row of the panels, of
// which two may be compared at a time, and for each bit of a set of so many words.
func (s *CSDIteration[T, S]) RowBytes(panels, words int) int {
	return (s.Lanes + 7) / 8 * max((panels+panels%2)*s.Panel, 64*words)
}
