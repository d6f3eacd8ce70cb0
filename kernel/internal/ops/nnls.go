package ops

// NNLS holds the steps of non-negative least squares that CSD does not have. Both tables of a set
// agree about Lanes.
type NNLS struct {
	// Tile is how many vectors Price works on at once; the arrays it reads and writes are whole
	// tiles.
	Tile int

	// Price is about one problem: it writes w = b - shift - sum of x[i] times a row of gram, for
	// count rows at the given byte offsets, and returns the place of the largest element of w (the
	// first of equals; 0 where some are NaN). All are numbers in order, tiles*Tile vectors of them,
	// but b's vectors are step bytes apart.
	Price func(w, b, gram, x *float64, offsets *int, count, step int, shift float64, tiles int) int

	// Sums writes three vectors about the n vectors at the given offsets from x, with lane = voxel:
	// the sum; that of the positive values; that of the squares.
	Sums func(sums, x *float64, offsets *int32, n int)
}
