package ops

// GridSingle holds the steps of the search for the fraction of free water by weighted linear least squares, in single
// precision. They take sixteen voxels at a time.
//
// Arrays are as in TensorSingle, but for one field. In a row of the design the field that is 1 there holds a correction
// here: what rounding took from the signal of water in the last field. "The seven columns of the design" still are the
// six elements of the b-tensor and a column of ones.
//
// c is the signal of water at b = 0, and x = s - c water is what water leaves of a signal s. Where x <= cut, the floor
// replaces x. The error of x is at most two roundings of x, or 2^-46 of c water, even where hardly anything is left.
// The floor and every x > cut must be positive, neither subnormal nor infinite.
type GridSingle struct {
	// Lanes is the number of voxels in a vector, the same as that of TensorSingle.
	Lanes int

	// Scale writes y = factor s; y may be s.
	Scale func(y, s *LanesSingle, n int, factor *LanesSingle)
	// Right adds s^2 log2(x), times each of the seven columns of the design, to seven sums. This is the right-hand side
	// of the fit to what water leaves.
	Right func(sums, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Slope adds s^2 water/x in the same way. With a floor next to infinity, the sums are then the derivative of the
	// right-hand side by c, times -ln 2.
	Slope func(sums, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Descend adds d e to the Gradient and e^2 to the Curvature of the trial. d = s - t - c water is the difference of
	// signal and fit, t = 2^(w.P + p6) is the tissue's signal, and e = t (w.Q + q6) - water is the derivative of d by
	// c.
	Descend func(s *LanesSingle, design *float32, n int, trial *TrialSingle)
	// Clips finds the values of c at which water uses up a measurement (s = c water). inverse has n numbers: the
	// inverse of each measurement's signal of water over its S0.
	Clips func(clips *ClipsSingle, s *LanesSingle, inverse *float32, n int)

	// Part sorts n measurements, with their rows of the design, into to and rows. Where s > limit water in all lanes,
	// water is a small part: the measurement goes to the end of the arrays, filled from the last place backwards. The
	// others go to the beginning, in order, and Part returns their number. A lane in which s or limit is NaN has no
	// say.
	Part func(to *LanesSingle, rows *float32, s *LanesSingle, design *float32, n int, limit *LanesSingle) (others int)
	// Ratios writes u = water/(s - c water) and v = s^2 u. It has no floor.
	Ratios func(u, v, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Moments adds v, times each of the seven columns of the design, to seven sums. Then it multiplies v by u.
	Moments func(sums, v, u *LanesSingle, design *float32, n int)
	// Series writes the values of seven polynomials of the variable by. Each has n coefficients: the first seven
	// vectors are the constants, the next seven are multiplied by the variable, the next by its square, and so on.
	Series func(sums, coefficients *LanesSingle, n int, by *LanesSingle)

	// Squares writes v = s^2 in double precision.
	Squares func(v, s *Lanes, n int)
}

// LeftSingle says how much water is taken off a signal, and what replaces a rest that is too small.
type LeftSingle struct {
	C, Low     LanesSingle // the signal of water at b = 0, and what rounding to single precision took from it
	Cut, Floor LanesSingle // a rest that is not above Cut becomes Floor
}

// TrialSingle is a fit with a given amount of water, and how it changes with that amount.
type TrialSingle struct {
	P         [7]LanesSingle // in units of binary logarithms
	Q         [7]LanesSingle // -ln 2 times the derivative of P by C
	C         LanesSingle    // the signal of water at b = 0
	Gradient  LanesSingle    // half the derivative of the sum of squares by C
	Curvature LanesSingle    // half the second derivative, as Gauss and Newton approximate it
}

// ClipsSingle is about the values of c at which water uses up a measurement: s = c water. Steps read the first three
// fields and lower or raise the others. A grid of points lies on the axis of c, at equal distances from 0 on.
type ClipsSingle struct {
	Centre LanesSingle // a value of c
	Grid   LanesSingle // the inverse of the distance of neighbouring points
	Last   LanesSingle // the number of the last point, less a half
	Below  LanesSingle // raised to the largest of those values that is not above the centre
	Above  LanesSingle // lowered to the least of those values above the centre
	// Near is lowered to the least distance of such a value from its nearest point, in steps of the grid, over the
	// measurement's signal of water. The first and the last point of the grid do not count.
	Near LanesSingle
}
