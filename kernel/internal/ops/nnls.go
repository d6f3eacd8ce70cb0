package ops

// NNLS holds the steps of non-negative least squares. Every step except Project and ProjectSingle looks at one voxel,
// and a vector holds consecutive numbers of this voxel.
type NNLS struct {
	// Lanes is how many numbers a vector holds in double precision: four, or a multiple of four. Singles is the same in
	// single precision. On NEON, whose registers are narrower, several registers make a vector.
	Lanes, Singles int

	// Tile is how many vectors Price and PriceSingle work on at once. The arrays of unknowns (w, b and the rows of
	// gram) are tiles whole tiles long.
	Tile int

	// Price writes w = b - sum_i x[i] row_i. row_i is the row of gram at the byte offset offsets[i], and there are
	// count of them. It returns the place of the largest element of w, the first where several are equal. Where an
	// element is NaN, the place may be 0.
	Price func(w, b, gram, x *float64, offsets *int, count, tiles int) int

	// Project multiplies the signals of BlockVoxels voxels by a matrix, and ProjectSingle does so in single precision.
	// The signals lie stride numbers apart in rows, the results width numbers apart in dst. The unknowns are in lanes:
	// a tile of the matrix has, for one measurement after another, BlockUnknowns vectors of unknowns. There are tiles
	// of them.
	BlockUnknowns, BlockVoxels int
	Project                    func(dst, matrix, rows *float64, measurements, stride, width, tiles int)
	ProjectSingle              func(dst, matrix, rows *float32, measurements, stride, width, tiles int)

	// PriceSingle is Price in single precision, of b - shift instead of b. It also sets bit j of above where w[j] is
	// greater than the threshold, and clears the other bits.
	PriceSingle func(w *float32, above *byte, b, gram, x *float32, offsets *int, count int, shift, threshold float32, tiles int) int

	// SurveyFloat32 and SurveyFloat64 look at one voxel's signal of n values, a multiple of Chunk. They copy it to both
	// precisions. They also write seven vectors of Lanes partial results; the caller adds up their lanes, or takes the
	// smallest and the largest. With y = weighted times the signal, element by element, these are:
	//
	//	0  NaN where a value is NaN or infinite, else 0
	//	1  the smallest value, or 0 where none is negative
	//	2  the largest value, or 0 where none is positive
	//	3  the sum of weak times the signal
	//	4  the sum of y
	//	5  the sum of the positive values of y
	//	6  the sum of y^2
	SurveyFloat32 func(sums, wide *float64, single *float32, row *float32, weighted, weak *float64, n int)
	SurveyFloat64 func(sums, wide *float64, single *float32, row *float64, weighted, weak *float64, n int)

	// Dot returns the dot product of n values, a multiple of Chunk.
	Dot func(a, b *float64, n int) float64
}

// Chunk divides the number of values that Survey and Dot take: a whole number of vectors of every set.
const Chunk = 32
