package ops

// TensorBatchSingle is how many voxels the kernels in single precision work on at once: what is one vector of
// eight numbers in double precision is one of sixteen here.
const TensorBatchSingle = 2 * TensorBatch

// LanesSingle are one number of each of sixteen voxels.
type LanesSingle [TensorBatchSingle]float32

// TensorSingle holds the steps of the tensor models in single precision. All is as in Tensor, with sixteen lanes
// in place of eight. The unit of the b-tensor in the design should be 1000 s/mm2 (parameters are then in
// 1e-3 mm2/s), so that the columns of the design are about equally large.
type TensorSingle struct {
	// Lanes is how many voxels of a batch share a vector: twice those of Tensor.
	Lanes int

	// PackFloat32 and PackFloat64 transpose the signals of sixteen voxels, n >= 4 values each, one voxel after the
	// other in memory. PackFloat64 rounds; what single precision cannot hold becomes infinite.
	PackFloat32 func(lanes *LanesSingle, signal *float32, n int)
	PackFloat64 func(lanes *LanesSingle, signal *float64, n int)
	// Range lowers Least and raises Most to what n LanesSingle reach, and adds their squares to Energy.
	// Least and Most may pass over a NaN.
	Range func(extent *ExtentSingle, s *LanesSingle, n int)
	// Widen writes the first and the last eight lanes of n numbers in double precision, Narrow
	// rounds them to single precision.
	Widen, Narrow func(first, last *Lanes, s *LanesSingle, n int)

	// Exp2 and Log2 write y = 2^x and y = log2(x) for n LanesSingle; y may be x. NaN gives NaN.
	//
	// Exp2 is within 2 units in the last place where the result is a normal number, and within the
	// smallest subnormal number elsewhere, except that AVX2 and NEON give 0 below x = -126.5 and +Inf
	// above 127.5. Log2 is within 2 units in the last place or 2^-23, whichever is larger; zero
	// gives -Inf, a negative number NaN, +Inf itself.
	Exp2, Log2 func(y, x *LanesSingle, n int)

	// Logarithms writes y = log2(x) with x = s - c water, or the floor where x <= cut.
	Logarithms func(y, s *LanesSingle, design *float32, n int, rest *RestSingle)
	// WeightedLogarithms writes v = s^2 and y = v log2(x), x as above.
	WeightedLogarithms func(y, v, s *LanesSingle, design *float32, n int, rest *RestSingle)

	// Sums7 adds v times row i of a table of 8 columns, of which it uses seven, to the seven sums, for
	// each measurement i.
	Sums7 func(sums *LanesSingle, table *float32, v *LanesSingle, n int)
	// Sums22 does the same with 22 of 24 columns.
	Sums22 func(sums *LanesSingle, table *float32, v *LanesSingle, n int)
	// Project adds u, and then x, times the seven columns of the design to fourteen sums.
	Project func(sums *LanesSingle, design *float32, u, x *LanesSingle, n int)

	// Model evaluates the model at a point, with d = s - t - c water: u = d t, v = t^2 - mix u,
	// x = t water; to the point's Squares and Gradient it adds d^2 and d water.
	Model func(u, v, x, s *LanesSingle, design *float32, n int, point *PointSingle)
	// Misfit adds only to the Squares.
	Misfit func(s *LanesSingle, design *float32, n int, point *PointSingle)
	// Weights writes v = t and u = v s.
	Weights func(u, v, s *LanesSingle, design *float32, n int, point *PointSingle)
}

// ExtentSingle is what the values of a signal are like.
type ExtentSingle struct{ Least, Most, Energy LanesSingle }

// RestSingle says what is taken off a signal and what happens to too small a rest.
type RestSingle struct{ C, Cut, Floor LanesSingle }

// PointSingle is a place in parameter space, and what was found there.
type PointSingle struct {
	P        [7]LanesSingle // in units of binary logarithms
	C        LanesSingle    // the signal of water at b = 0
	Mix      LanesSingle    // 1 for the exact second derivative, 0 for that of Gauss and Newton
	Squares  LanesSingle
	Gradient LanesSingle // along C
}
