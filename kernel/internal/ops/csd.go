package ops

// CSD holds the steps of constrained spherical deconvolution. Each lane holds one voxel: a vector is the same number of
// Lanes voxels side by side, and a step does to each lane what a plain loop would do to one voxel.
//
// Arrays are consecutive vectors unless a step says otherwise, and offsets count bytes. A matrix that multiplies
// vectors is stored in panels of Panel rows. A panel is column after column, each of Panel numbers; the panels follow
// one another. Rows that only fill up the last panel are zero.
//
// The embedded table is the iteration in double precision. Single is an iteration in single precision, which has twice
// as many lanes.
type CSD struct {
	CSDIteration[float64, float64]

	// PackFloat32 and PackFloat64 do for signals what Transpose does. They also prefetch the Lanes*stride numbers after
	// these rows, which are the next signals.
	PackFloat32 func(dst *float64, rows *float32, columns, stride int)
	PackFloat64 func(dst, rows *float64, columns, stride int)

	// Inspect looks at n >= 1 vectors at the given offsets from x, and writes three vectors. The first is NaN where a
	// value is NaN or infinite, and 0 elsewhere. The other two are the smallest and the largest value; they mean
	// nothing where the first is NaN.
	Inspect func(seen, x *float64, offsets *int32, n int)

	// Multiply writes the product of a matrix of count panels and x, row after row. x has columns vectors, which lie at
	// the given offsets.
	Multiply func(dst, panels, x *float64, offsets *int32, count, columns int)

	// Below finds the rows of a matrix times x that are below a threshold. The matrix has count panels, x has columns
	// consecutive vectors, and each lane has its own threshold. Bit r of a lane's set, sets[lane*words:][:words],
	// becomes 1 where row r is strictly less, and 0 elsewhere. Bits of rows that only fill up the last panel mean
	// nothing.
	//
	// A matrix may have more columns than x: skip is the number of bytes between the columns used of one panel and the
	// next panel. rows is scratch of RowBytes bytes. They must be zero beyond the masks of the rows.
	Below func(sets *uint64, rows *byte, panels, x, thresholds *float64, count, columns, skip, words int)

	// BelowRounded gives the sets of Below, but multiplies in single precision where rounding cannot change a set.
	// rounded is the matrix in single precision, in panels of RoundedPanel rows: one or two panels of double precision
	// side by side. Rows that only fill up its last panel may hold anything. narrow is scratch of columns times 2*Lanes
	// numbers.
	//
	// The caller bounds what rounding changes in a row's product less the threshold: at most errors[0] times the length
	// of x, plus errors[1] times the threshold, plus 2^-100. Where a row is nearer to the threshold than this, where x
	// is not finite, or where the first two terms reach 2^73, the row's panel is multiplied again in double precision,
	// in all lanes.
	//
	// BelowRounded is nil on a set where it would gain nothing.
	BelowRounded func(sets *uint64, rows *byte, panels *float64, rounded *float32, x *float64, narrow *float32, thresholds, errors *float64, count, columns, skip, words int)
	RoundedPanel int

	// Single is the iteration in single precision.
	Single *CSDSingle
}

// CSDSingle is an iteration in single precision.
type CSDSingle struct {
	CSDIteration[float32, int32]

	// Condition writes the vector of the sums, over n >= 1 unknowns, of scales[i] times the square of inverse[i].
	// inverse holds the reciprocals that Factorise wrote.
	Condition func(condition, inverse, scales *float32, n int)

	// Below does what Below of CSD does. It also writes the vector nearest: the smallest square of a row's distance to
	// the threshold. Rows that fill up the last panel count there.
	Below func(sets *uint64, nearest *float32, rows *byte, panels, x, thresholds *float32, count, columns, skip, words int)
}

// CSDIteration holds the steps of an iteration, in either precision.
//
// The normal matrix is a packed lower triangle of square tiles with edge Tile. Tile (I, J), J <= I, has the number
// I(I+1)/2 + J, and its entry (r, c) is its vector c*Tile + r. Rows that fill up the last tiles are those of the
// identity matrix. The vectors y and z are filled up with zeros.
//
// The moments of a voxel are sums of rows of a table, one row for each direction of a set (see package gram). Single
// precision adds them up as 32-bit integers, in fixed point. Sums of integers are exact, so that they do not depend on
// the order in which directions came and went.
type CSDIteration[T float32 | float64, S int32 | float64] struct {
	Lanes  int // voxels in a vector
	Tile   int // edge of the tiles of the normal matrix
	Panel  int // rows of a matrix in a panel
	Stripe int // a voxel's moments are padded to a multiple of this many numbers; at least Lanes

	// Transpose takes Lanes rows of columns >= Lanes numbers; each row begins stride numbers after the one before.
	// dst[column] becomes the vector of the rows' numbers in that column, rounded to T.
	Transpose func(dst *T, rows *S, columns, stride int)

	// Accumulate brings one voxel's moments from the set of directions before to the set after. It writes dst = from,
	// plus the rows of table for the directions that came, minus those for the directions that went. Its numbers are
	// consecutive, not in lanes.
	//
	// Four directions, 4g to 4g+3, share 16 rows of the table: row 16g+p is the sum for those of the four whose bits
	// are set in p. dst, from and each row have stripes times Stripe numbers. before and after have so many words, a
	// bit for each direction.
	Accumulate func(dst, from, table *S, before, after *uint64, words, stripes int)

	// Assemble writes the normal matrix P + H^T H from the moments c. A moment is two vectors: its cosine's and its
	// sine's. It reads records and their weights, which gram.Records makes.
	//
	// A twin is two quads of gram.Map whose sums run over the same moments. Its record is 12 numbers:
	//
	//	difference, sum               offsets from c of the first moments of the two sums
	//	both, rest                    terms of the sum; how many more terms the difference has
	//	coscos sinsin sincos cossin   offsets from q of the first quad's entries, with SinSign applied
	//	coscos sinsin sincos cossin   offsets of the second quad's entries
	//
	// Its weights are, in this order: the eight entries of P; for each of the both terms, two weights of the difference
	// (first quad, second quad) and two of the sum; for each of the rest terms, two weights of the difference.
	//
	// A couple is two pairs of gram.Map whose sums run over the same moments. Its record is 6 numbers:
	//
	//	moment, terms        offset from c of the first moment; the number of terms
	//	cos sin   cos sin    offsets from q of the entries of the first pair and of the second
	//
	// Its weights are the four entries of P, then for each term a weight of the first pair and one of the second. The
	// weights of couples follow those of twins.
	Assemble func(q, c, weights *T, twins *int32, twinCount int, couples *int32, coupleCount int)

	// Factorise replaces q, of so many rows of tiles, by its Cholesky factor L. It writes the reciprocals of L's
	// diagonal to inverse, and solves L y = z. In a lane with a pivot that is not positive, a reciprocal is NaN or
	// infinite.
	Factorise func(q, inverse, y, z *T, tiles int)

	// BackSolve solves L^T f = y in place of y, and writes one more vector behind f. In double precision this is 0 in a
	// lane where f is finite and NaN elsewhere. In single precision it is the sum of the squares of f, which is finite
	// only where f is. A pivot that was not positive therefore shows here.
	BackSolve func(y, q, inverse *T, tiles int)
}

// RowBytes is the size in bytes of the scratch that Below needs. It has a mask of lanes, in whole bytes, for each row
// of the panels and for each bit of a set of so many words. BelowRounded compares two panels at a time, so that an odd
// number of panels is rounded up.
func (s *CSDIteration[T, S]) RowBytes(panels, words int) int {
	return (s.Lanes + 7) / 8 * max((panels+panels%2)*s.Panel, 64*words)
}
