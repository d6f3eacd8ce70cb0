package ops

// Fraction32 holds the steps of the search for the fraction of free water by weighted linear least squares, for
// sixteen voxels in single precision. Arrays are as in Tensor32; a row of the design has in place of the 1 what rounding
// took from the signal of water. With c the signal of water at b = 0, what water leaves of a signal s is x = s - c water,
// replaced by the floor where x <= cut. It is right to two roundings of x, or 2^-46 of c water, even where hardly anything
// is left. The floor and every x > cut must be positive numbers, neither subnormal nor infinite.
type Fraction32 struct {
	// Scale writes y = factor s; y may be s.
	Scale func(y, s *Lanes32, n int, factor *Lanes32)
	// Right adds s^2 log2(x) times the seven columns of the design to seven sums: the right-hand side of
	// the fit to what water leaves.
	Right func(sums, s *Lanes32, design *float32, n int, left *Left32)
	// Slope does so with s^2 water/x, which is -ln 2 times the derivative of the above by c where the floor
	// is next to infinite.
	Slope func(sums, s *Lanes32, design *float32, n int, left *Left32)
	// Descend adds to the Gradient d e and to the Curvature e^2, where d = s - t - c water is the difference of signal
	// and fit, t = 2^(w.P + p6), and e = t w.Q - water its derivative by c.
	Descend func(s *Lanes32, design *float32, n int, trial *Trial32)
	// Clips finds the c at which measurements are used up by water, from the inverse signal of water of each.
	Clips func(clips *Clips32, s *Lanes32, inverse *float32, n int)

	// Part copies n measurements and their rows of the design: those with s > limit water in all lanes to the end of
	// the arrays, from the last place backwards, and the others, whose number it returns, to the beginning. A lane
	// with a NaN does not decide.
	Part func(to *Lanes32, rows *float32, s *Lanes32, design *float32, n int, limit *Lanes32) (others int)
	// Ratios writes u = water/(s - c water) and v = s^2 u.
	Ratios func(u, v, s *Lanes32, design *float32, n int, left *Left32)
	// Moments adds v times the seven columns of the design to seven sums, and then multiplies v by u.
	Moments func(sums, v, u *Lanes32, design *float32, n int)
	// Series writes the values at by of seven polynomials with n coefficients each: first seven constants, then
	// seven factors of by, and so on.
	Series func(sums, coefficients *Lanes32, n int, by *Lanes32)

	// Squares writes v = s^2 in double precision.
	Squares func(v, s *Lanes, n int)
}

// Left32 says what is taken off a signal and what happens to too small a rest.
type Left32 struct {
	C, Low     Lanes32 // the signal of water at b = 0, and what rounding took from it
	Cut, Floor Lanes32
}

// Trial32 is a fit with one fraction of water and how it changes with the fraction.
type Trial32 struct {
	P         [7]Lanes32 // in units of binary logarithms
	Q         [7]Lanes32 // -ln 2 times the derivative of P by C
	C         Lanes32    // the signal of water at b = 0
	Gradient  Lanes32    // half the derivative of the sum of squares by C
	Curvature Lanes32    // half the second derivative of Gauss and Newton
}

// Clips32 is where measurements are used up by water: s = c water.
type Clips32 struct {
	Centre Lanes32 // a c
	Grid   Lanes32 // the inverse of the distance of the points of a grid, from the one beside 0 on
	Last   Lanes32 // the number of its last point, and a half
	Below  Lanes32 // raised to the largest such c that is not above the centre
	Above  Lanes32 // lowered to the least above the centre
	Near   Lanes32 // lowered to the least distance from a point of the grid, in steps of it, over water
}
