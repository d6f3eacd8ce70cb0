package ops

// TensorBatch is how many voxels the steps of the tensor models take at once, on every instruction set. A number of the
// model is then eight float64, one for each voxel. No step mixes them.
const TensorBatch = 8

// Lanes holds one number of each voxel of a batch.
type Lanes [TensorBatch]float64

// Tensor holds the steps of the tensor models, with and without free water.
//
// An array over measurements is given as a pointer to its first element and the number n of measurements. design is n
// rows of DesignFields numbers: the six elements w of the negated b-tensor, in the order of DIPY's design matrix (xx,
// xy, yy, xz, yz, zz); a 1; the signal of free water over its S0, water in the formulas below. "The seven columns of
// the design" are the first seven of these.
//
// Parameters p are in units of binary logarithms: the signal of the tissue is t = 2^(w.p + p6). c is the signal of free
// water at b = 0.
//
// Steps are faster where every array of Lanes begins at a multiple of 64 bytes.
type Tensor struct {
	// Lanes is the number of voxels of a batch that share a vector: one, two, four or eight.
	Lanes int

	// PackFloat32 and PackFloat64 transpose the signals of eight voxels, each of n >= 4 values, which lie one after
	// another in memory. They also prefetch the 8 n values behind these, which are the next signals.
	PackFloat32 func(lanes *Lanes, signal *float32, n int)
	PackFloat64 func(lanes *Lanes, signal *float64, n int)
	// Range lowers Least and raises Most to the smallest and largest of n Lanes, and adds the squares to Energy. Least
	// and Most may pass over a NaN; Energy does not.
	Range func(extent *Extent, s *Lanes, n int)

	// Exp2 writes y = 2^x and Log2 writes y = log2(x), for n Lanes. y may be x. NaN gives NaN.
	//
	// The error of Exp2 is at most 2 units in the last place where the result is a normal number, and at most the
	// smallest subnormal number elsewhere. AVX2 and NEON are an exception: they give 0 below x = -1022.5 and +Inf above
	// 1023.5. The error of Log2 is at most 2 units in the last place or 2^-52, whichever is larger. Its value at 0 is
	// -Inf, at a negative number NaN, and at +Inf +Inf.
	Exp2, Log2 func(y, x *Lanes, n int)

	// Logarithms writes y = log2(x), where x = s - c water is what water leaves of the signal. Where x <= cut, the
	// floor replaces it.
	Logarithms func(y, s *Lanes, design *float64, n int, rest *Rest)
	// WeightedLogarithms writes v = s^2 and y = v log2(x), with the x of Logarithms.
	WeightedLogarithms func(y, v, s *Lanes, design *float64, n int, rest *Rest)

	// Sums7 adds v, times the first seven of the 8 columns of a table, to seven sums over the measurements.
	Sums7 func(sums *Lanes, table *float64, v *Lanes, n int)
	// Sums22 does the same with the first 22 of a table's 24 columns. The last of the 22 is a column of ones.
	Sums22 func(sums *Lanes, table *float64, v *Lanes, n int)
	// Expand writes the 7 x 7 normal matrix, as a packed lower triangle, from the sums of Sums22. Its table is that of
	// a design whose b-tensors have rank one: the 15 products of elements of w that differ, then w, then 1.
	Expand func(matrix, sums *Lanes)

	// Model evaluates the model at a point. With d = s - t - c water it writes u = d t, v = t^2 - mix u and x = t
	// water. It adds d^2 to the point's Squares and d water to its Gradient. Here and below, t may be NaN where its
	// exponent is infinite.
	Model func(u, v, x, s *Lanes, design *float64, n int, point *Point)
	// Misfit only adds d^2 to the Squares.
	Misfit func(s *Lanes, design *float64, n int, point *Point)
	// Weights writes v = t and u = v s.
	Weights func(u, v, s *Lanes, design *float64, n int, point *Point)

	// Step factors the damped matrix of eight unknowns and solves for the step. The last unknown of the step is at
	// least -Bound. It writes Lower, Pivots, Inverse, Least, Solution and Predicted.
	Step func(*System)
	// Factor factors the leading 7 x 7 part of the damped matrix, and writes Lower, Pivots, Inverse and Least. Solve then
	// writes the first seven of the Solution.
	Factor, Solve func(*System)

	// Ordinary prepares the fit of logarithms without weights. It lowers least to the smallest of n Lanes s, writes y =
	// log2(max(s, floor)), and adds y to seven sums as Sums7 does. The floor is a positive normal number. y may be s. A
	// NaN or +Inf makes all seven sums NaN or infinite.
	Ordinary func(sums, least, y, s *Lanes, table *float64, n int, floor *Lanes)
	// Reweight prepares the fit with the weights that a first fit p predicts. It writes v = 2^(w.p), with a relative
	// error of at most 4e-12, and adds v y, times the seven columns of the design, to the right-hand side. u is scratch
	// of n Lanes. Where w.p is not finite, v is NaN, infinite or zero.
	Reweight func(right, u, v, y *Lanes, design *float64, n int, p *Lanes)
	// SquaredWeights writes y = log2(x), v = (C x)^2 and u = v y, where x = max(s, Floor). y may be s.
	SquaredWeights func(u, v, y, s *Lanes, n int, rest *Rest)
	// Tissue evaluates the model without water at a point. With d = s - t it writes v = t^2 - mix d t, adds d^2 to the
	// point's Squares, and adds d t, times the seven columns of the design, to the right-hand side. u is scratch of n
	// Lanes.
	Tissue func(right, u, v, s *Lanes, design *float64, n int, point *Point)

	// Eigen decomposes eight symmetric 3 x 3 matrices, and Eigenvalues gives only the same values. The elements are xx,
	// xy, yy, xz, yz, zz. The largest of their magnitudes is zero or from 2^-300 to 2^300. values are the three
	// eigenvalues, descending. vectors are the nine elements of a row-major matrix whose columns are the eigenvectors.
	Eigenvalues func(values, tensors *Lanes)
	Eigen       func(values, vectors, tensors *Lanes)
}

// DesignFields is the length of a row of the design.
const DesignFields = 8

// NormalFields is the length of a row of the table that Sums22 reads.
const NormalFields = 24

// Extent says how small and large the values of a signal are, and has the sum of their squares.
type Extent struct{ Least, Most, Energy Lanes }

// Rest says how much water is taken off a signal, and what replaces a rest that is too small.
type Rest struct{ C, Cut, Floor Lanes }

// Point is a place in parameter space, and what was found there.
type Point struct {
	P        [7]Lanes // in units of binary logarithms
	C        Lanes    // the signal of water at b = 0
	Mix      Lanes    // 1 for the exact second derivative, 0 for that of Gauss and Newton
	Squares  Lanes
	Gradient Lanes // along C
}

// System is a symmetric system of linear equations. Matrices are packed lower triangles.
type System struct {
	Matrix    [36]Lanes
	Right     [8]Lanes
	Solution  [8]Lanes
	Lower     [36]Lanes // L of L D L^T; its diagonal is not used
	Pivots    [8]Lanes  // D
	Inverse   [8]Lanes  // the reciprocals of Pivots
	Least     Lanes     // the least of pivot over diagonal element; the Solution may be used only where it is positive
	Damping   Lanes     // the diagonal is multiplied by 1 + Damping
	Bound     Lanes     // the last unknown is at least -Bound
	Predicted Lanes     // by how much the objective falls, as its quadratic model predicts
}
