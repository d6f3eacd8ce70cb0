package ops

// GridSingle holds the steps of the search for the fraction of free water by weighted linear least squares, for
// sixteen voxels in single precision. Arrays are as in TensorSingle; a row of the design has in place of the 1 what rounding
// took from the signal of water. With c the signal of water at b = 0, what water leaves of a signal s is x = s - c water,
// replaced by the floor where x <= cut. It is right to two roundings of x, or 2^-46 of c water, even where hardly anything
// is left. The floor and every x > cut must be positive numbers, neither subnormal nor infinite.
type GridSingle struct {
	// Lanes is that of TensorSingle.
	Lanes int

	// Scale writes y = factor s; y may be s.
	Scale func(y, s *LanesSingle, n int, factor *LanesSingle)
	// Right adds s^2 log2(x) times the seven columns of the design to seven sums: the right-hand side of
	// the fit to what water leaves.
	Right func(sums, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Slope does so with s^2 water/x, which is -ln 2 times the derivative of the above by c where the floor
	// is next to infinite.
	Slope func(sums, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Descend adds to the Gradient d e and to the Curvature e^2, where d = s - t - c water is the difference of signal
	// and fit, t = 2^(w.P + p6), and e = t w.Q - water its derivative by c.
	Descend func(s *LanesSingle, design *float32, n int, trial *TrialSingle)
	// Clips finds the c at which measurements are used up by water, from the inverse signal of water of each.
	Clips func(clips *ClipsSingle, s *LanesSingle, inverse *float32, n int)

	// Part copies n measurements and their rows of the design: those with s > limit water in all lanes to the end of
	// the arrays, from the last place backwards, and the others, whose number it returns, to the beginning. A lane
	// with a NaN does not decide.
	Part func(to *LanesSingle, rows *float32, s *LanesSingle, design *float32, n int, limit *LanesSingle) (others int)
	// Ratios writes u = water/(s - c water) and v = s^2 u.
	Ratios func(u, v, s *LanesSingle, design *float32, n int, left *LeftSingle)
	// Moments adds v times the seven columns of the design to seven sums, and then multiplies v by u.
	Moments func(sums, v, u *LanesSingle, design *float32, n int)
	// Series writes the values at by of seven polynomials with n coefficients each: first seven constants, then
	// seven factors of by, and so on.
	Series func(sums, coefficients *LanesSingle, n int, by *LanesSingle)

	// Squares writes v = s^2 in double precision.
	Squares func(v, s *Lanes, n int)
}

// LeftSingle says what is taken off a signal and what happens to too small a rest.
type LeftSingle struct {
	C, Low     LanesSingle // the signal of water at b = 0, and what rounding took from it
	Cut, Floor LanesSingle
}

// TrialSingle is a fit with one fraction of water and how it changes with the fraction.
type TrialSingle struct {
	P         [7]LanesSingle // in units of binary logarithms
	Q         [7]LanesSingle // -ln 2 times the derivative of P by C
	C         LanesSingle    // the signal of water at b = 0
	Gradient  LanesSingle    // half the derivative of the sum of squares by C
	Curvature LanesSingle    // half the second derivative of Gauss and Newton
}

// ClipsSingle is where measurements are used up by water: s = c water.
type ClipsSingle struct {
	Centre LanesSingle // a c
	Grid   LanesSingle // the inverse of the distance of the points of a grid, from the one beside 0 on
	Last   LanesSingle // the number of its last point, and a half
	Below  LanesSingle // raised to the largest such c that is not above the centre
	Above  LanesSingle // lowered to the least above the centre
	Near   LanesSingle // lowered to the least distance from a point of the grid, in steps of it, over water
}
