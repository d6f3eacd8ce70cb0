package ref

import "math"

// GFA is the generalised fractional anisotropy of a function from n samples x (Tuch 2004), by the formula of DIPY's
// gfa: sqrt(n sum (x - mean)^2 / ((n-1) sum x^2)). Sums are added up in order. It is 0 where all squares are zero, or
// for a single sample; DIPY has NaN there.
func GFA(samples []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range samples {
		sum += v
		squares += float64(v * v)
	}
	mean, differences := sum/float64(len(samples)), 0.0
	for _, v := range samples {
		differences += float64((v - mean) * (v - mean))
	}
	return GFAOfSums(differences, squares, len(samples))
}

// GFAOfSums is GFA from two sums over n samples: of the squares of the differences from the mean, and of the squares.
func GFAOfSums(differences, squares float64, n int) float64 {
	if squares == 0 || n < 2 {
		return 0
	}
	return math.Sqrt(float64(n) * differences / (float64(n-1) * squares))
}
