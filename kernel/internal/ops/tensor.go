package ops

// TensorBatch is how many voxels the steps of the tensor models work on at once, whatever the instruction
// set. A number of the model is eight float64, one a voxel; no step mixes them.
const TensorBatch = 8

// Lanes are one number of each voxel.
type Lanes [TensorBatch]float64

// Tensor holds the steps of the tensor models, with and without free water.
//
// Arrays over measurements are given as a pointer to the first element and their number n. design is
// n rows of DesignFields: w, six elements of the negated b-tensor (the order is that of DIPY's design
// matrix); 1; and the signal of free water over its S0. Parameters are in units of binary logarithms:
// the tissue's signal is t = 2^(w.p + p6).
//
// Memory is faster where every array of Lanes is at a multiple of 64 bytes.
type Tensor struct {
	// Lanes is how many voxels of a batch share a vector: one, two, four or eight.
	Lanes int

	// PackFloat32 and PackFloat64 transpose the signals of eight voxels, n >= 4 values each, one voxel after the
	// other in memory. They ask memory for the 8 n values behind: the next signals.
	PackFloat32 func(lanes *Lanes, signal *float32, n int)
	PackFloat64 func(lanes *Lanes, signal *float64, n int)
	// Range lowers Least and raises Most to what n Lanes reach, and adds their squares to Energy.
	// Least and Most may pass over a NaN.
	Range func(extent *Extent, s *Lanes, n int)

	// Exp2 and Log2 write y = 2^x and y = log2(x) for n Lanes; y may be x. NaN gives NaN.
	//
	// Exp2 is within 2 units in the last place where the result is a normal number, and within the
	// smallest subnormal number elsewhere, except that AVX2 and NEON give 0 below x = -1022.5 and +Inf
	// above 1023.5. Log2 is within 2 units in the last place or 2^-52, whichever is larger; zero
	// gives -Inf, a negative number NaN, +Inf itself.
	Exp2, Log2 func(y, x *Lanes, n int)

	// Logarithms writes y = log2(x) with x = s - c water, or the floor where x <= cut.
	Logarithms func(y, s *Lanes, design *float64, n int, rest *Rest)
	// WeightedLogarithms writes v = s^2 and y = v log2(x), x as above.
	WeightedLogarithms func(y, v, s *Lanes, design *float64, n int, rest *Rest)

	// Sums7 adds v times row i of a table of 8 columns, of which it uses seven, to the seven sums, for
	// each measurement i.
	Sums7 func(sums *Lanes, table *float64, v *Lanes, n int)
	// Sums22 does the same with 22 of 24 columns, the last of which is 1.
	Sums22 func(sums *Lanes, table *float64, v *Lanes, n int)
	// Expand writes the packed lower triangle of the 7 x 7 normal matrix from Sums22 of the table
	// that a design of rank-one b-tensors has: the 15 products of w that differ, w, and 1.
	Expand func(matrix, sums *Lanes)

	// Model evaluates the model at a point, with d = s - t - c water: u = d t, v = t^2 - mix u,
	// x = t water; to the point's Squares and Gradient it adds d^2 and d water. Here and below, t may be NaN where
	// its exponent is infinite.
	Model func(u, v, x, s *Lanes, design *float64, n int, point *Point)
	// Misfit adds only to the Squares.
	Misfit func(s *Lanes, design *float64, n int, point *Point)
	// Weights writes v = t and u = v s.
	Weights func(u, v, s *Lanes, design *float64, n int, point *Point)

	// Step factors the damped matrix of eight unknowns and solves for the step, the last of which is
	// not less than -Bound: Lower, Pivots, Inverse, Least, Solution and Predicted are written.
	Step func(*System)
	// Factor factors the leading 7 x 7 part (Lower, Pivots, Inverse and Least are written), Solve
	// then gives the first seven of the Solution.
	Factor, Solve func(*System)

	// Ordinary lowers least to the values of n Lanes s, writes y = log2(max(s, floor)), and adds y times row
	// i of a table of 8 columns, as Sums7 does, to the seven sums. The floor is a positive normal number; y may
	// be s. NaN and +Inf make all seven sums NaN or infinite.
	Ordinary func(sums, least, y, s *Lanes, table *float64, n int, floor *Lanes)
	// Reweight writes weights v = 2^(w.p) with a relative error of at most 4e-12, and adds v y times the first
	// seven columns of the design to the right-hand side; u is scratch of n Lanes. Where w.p is not finite, v
	// is NaN, infinite or zero.
	Reweight func(right, u, v, y *Lanes, design *float64, n int, p *Lanes)
	// SquaredWeights writes, with x = max(s, Floor), y = log2(x), v = (C x)^2 and u = v y; y may be s.
	SquaredWeights func(u, v, y, s *Lanes, n int, rest *Rest)
	// Tissue evaluates the model without water at a point, with d = s - t: v = t^2 - mix d t; to the point's
	// Squares it adds d^2, and to the right-hand side d t times the first seven columns of the design. u is
	// scratch of n Lanes.
	Tissue func(right, u, v, s *Lanes, design *float64, n int, point *Point)

	// Eigenvalues and Eigen decompose eight symmetric 3 x 3 matrices with elements xx, xy, yy, xz, yz, zz, the
	// largest of which is zero or, by its magnitude, from 2^-300 to 2^300: three values, descending, and the nine
	// elements of a row-major matrix whose columns are the eigenvectors. Both give the same values.
	Eigenvalues func(values, tensors *Lanes)
	Eigen       func(values, vectors, tensors *Lanes)
}

// DesignFields is the length of a row of the design.
const DesignFields = 8

// NormalFields is the length of a row of the table of Sums22.
const NormalFields = 24

// Extent is what the values of a signal are like.
type Extent struct{ Least, Most, Energy Lanes }

// Rest says how much is taken off a signal, and what replaces a rest that is too small.
type Rest struct{ C, Cut, Floor Lanes }

// Point is a place in parameter space, and what was found there.
type Point struct {
	P        [7]Lanes // in units of binary logarithms
	C        Lanes    // the signal of water at b = 0
	Mix      Lanes    // 1 for the exact second derivative, 0 for that of Gauss and Newton
	Squares  Lanes
	Gradient Lanes // along C
}

// System is a system of linear equations. Symmetric matrices are packed lower triangles.
type System struct {
	Matrix    [36]Lanes
	Right     [8]Lanes
	Solution  [8]Lanes
	Lower     [36]Lanes // of L D L^T; the diagonal is not used
	Pivots    [8]Lanes  // D
	Inverse   [8]Lanes  // of Pivots
	Least     Lanes     // the least of pivot over diagonal element; to be used, Solution needs it positive
	Damping   Lanes     // the diagonal is multiplied by 1 + Damping
	Bound     Lanes     // the last unknown is at least -Bound
	Predicted Lanes     // by how much the objective falls, by the quadratic model
}
