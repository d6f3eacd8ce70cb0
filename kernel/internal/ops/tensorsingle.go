package ops

// TensorBatchSingle is how many voxels the steps in single precision take at once. Sixteen numbers of single precision
// have as many bytes as TensorBatch numbers of double precision.
const TensorBatchSingle = 2 * TensorBatch

// LanesSingle holds one number of each voxel of a batch in single precision.
type LanesSingle [TensorBatchSingle]float32

// TensorSingle holds the steps of the tensor models in single precision. They are those of Tensor, with sixteen lanes
// in place of eight. The unit of the b-tensor in the design should be 1000 s/mm2, so that the columns of the design are
// about equally large. The diffusivities among the parameters are then in 1e-3 mm2/s, but for the factor of the
// logarithm.
type TensorSingle struct {
	// Lanes is the number of voxels of a batch that share a vector, twice that of Tensor.
	Lanes int

	// PackFloat32 and PackFloat64 transpose the signals of sixteen voxels, each of n >= 4 values, which lie one after
	// another in memory. PackFloat64 rounds. What single precision cannot hold becomes infinite.
	PackFloat32 func(lanes *LanesSingle, signal *float32, n int)
	PackFloat64 func(lanes *LanesSingle, signal *float64, n int)
	// Range lowers Least and raises Most to the smallest and largest of n LanesSingle, and adds the squares to Energy.
	// Least and Most may pass over a NaN; Energy does not.
	Range func(extent *ExtentSingle, s *LanesSingle, n int)
	// Widen writes n LanesSingle in double precision: the first eight lanes to first, the other eight to last. Narrow
	// does the opposite and rounds.
	Widen, Narrow func(first, last *Lanes, s *LanesSingle, n int)

	// Exp2 writes y = 2^x and Log2 writes y = log2(x), for n LanesSingle. y may be x. NaN gives NaN.
	//
	// The error of Exp2 is at most 2 units in the last place where the result is a normal number, and at most the
	// smallest subnormal number elsewhere. AVX2 and NEON are an exception: they give 0 below x = -126.5 and +Inf above
	// 127.5. The error of Log2 is at most 2 units in the last place or 2^-23, whichever is larger. Its value at 0 is
	// -Inf, at a negative number NaN, and at +Inf +Inf.
	Exp2, Log2 func(y, x *LanesSingle, n int)

	// Logarithms writes y = log2(x), where x = s - c water is what water leaves of the signal. Where x <= cut, the
	// floor replaces it.
	Logarithms func(y, s *LanesSingle, design *float32, n int, rest *RestSingle)
	// WeightedLogarithms writes v = s^2 and y = v log2(x), with the x of Logarithms.
	WeightedLogarithms func(y, v, s *LanesSingle, design *float32, n int, rest *RestSingle)

	// Sums7 adds v, times the first seven of the 8 columns of a table, to seven sums over the measurements.
	Sums7 func(sums *LanesSingle, table *float32, v *LanesSingle, n int)
	// Sums22 does the same with the first 22 of a table's 24 columns.
	Sums22 func(sums *LanesSingle, table *float32, v *LanesSingle, n int)
	// Project adds u, times each of the seven columns of the design, to the first seven sums, and likewise x to the
	// other seven.
	Project func(sums *LanesSingle, design *float32, u, x *LanesSingle, n int)

	// Model evaluates the model at a point. With d = s - t - c water it writes u = d t, v = t^2 - mix u and x = t
	// water. It adds d^2 to the point's Squares and d water to its Gradient.
	Model func(u, v, x, s *LanesSingle, design *float32, n int, point *PointSingle)
	// Misfit only adds d^2 to the Squares.
	Misfit func(s *LanesSingle, design *float32, n int, point *PointSingle)
	// Weights writes v = t and u = v s.
	Weights func(u, v, s *LanesSingle, design *float32, n int, point *PointSingle)
}

// ExtentSingle says how small and large the values of a signal are, and has the sum of their squares.
type ExtentSingle struct{ Least, Most, Energy LanesSingle }

// RestSingle says how much water is taken off a signal, and what replaces a rest that is too small.
type RestSingle struct{ C, Cut, Floor LanesSingle }

// PointSingle is a place in parameter space, and what was found there.
type PointSingle struct {
	P        [7]LanesSingle // in units of binary logarithms
	C        LanesSingle    // the signal of water at b = 0
	Mix      LanesSingle    // 1 for the exact second derivative, 0 for that of Gauss and Newton
	Squares  LanesSingle
	Gradient LanesSingle // along C
}
