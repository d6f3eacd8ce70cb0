package ops

// NNLS holds the steps of non-negative least squares. Each step except Project is about one voxel, and a vector holds
// consecutive numbers of this voxel.
type NNLS struct {
	// Lanes is how many numbers a vector holds in double precision, four or a multiple of four. Singles is the same in
	// single precision. Where registers are narrower, as on NEON, several registers are a vector.
	Lanes, Singles int

	// Tile is how many vectors Price and PriceSingle work on at once; the arrays that they read and
	// write are whole tiles.
	Tile int

	// Price writes w = b - the sum of x[i] times a row of gram, for count rows at the given byte
	// offsets, and returns the place of the largest element of w (the first of equals; 0 where some are
	// NaN).
	Price func(w, b, gram, x *float64, offsets *int, count, tiles int) int

	// Project and ProjectSingle write signals times a matrix for BlockVoxels voxels, whose signals lie
	// stride and whose results lie width numbers apart. The matrix is tiles of BlockUnknowns vectors
	// of unknowns, measurement after measurement.
	BlockUnknowns, BlockVoxels int
	Project                    func(dst, matrix, rows *float64, measurements, stride, width, tiles int)
	ProjectSingle              func(dst, matrix, rows *float32, measurements, stride, width, tiles int)

	// PriceSingle is Price in single precision, of b - shift. It also sets bit j of above
	// where w[j] is greater than the threshold, and clears the others.
	PriceSingle func(w *float32, above *byte, b, gram, x *float32, offsets *int, count int, shift, threshold float32, tiles int) int

	// SurveyFloat32 and SurveyFloat64 are about one voxel's signal of n values, a multiple of Chunk:
	// they copy it to both precisions and write seven vectors of Lanes partial results each: NaN or 0,
	// as CSD.Inspect; the smallest and the largest value, zero among them; the sum of weak times
	// values; the sum of weighted times values, that of the positive ones of these, and that of their
	// squares.
	SurveyFloat32 func(sums, wide *float64, single *float32, row *float32, weighted, weak *float64, n int)
	SurveyFloat64 func(sums, wide *float64, single *float32, row *float64, weighted, weak *float64, n int)

	// Dot is the dot product of n values, a multiple of Chunk.
	Dot func(a, b *float64, n int) float64
}

// Chunk is the number of values that whole steps of NNLS take at once.
const Chunk = 32
