package kernel

import "math"

// GFA is the generalised fractional anisotropy of a function on the sphere, from its coefficients in
// an orthonormal SH basis: sqrt(1 - c0^2 / sum of c^2), as DIPY's SphHarmFit.gfa. It is 0 for a
// constant function and where all squares vanish, and comes close to 1 for a single direction.
func GFA(coefficients []float64) float64 {
	sum := 0.0
	for _, c := range coefficients {
		sum += float64(c * c)
	}
	if sum == 0 {
		return 0
	}
	return math.Sqrt(1 - coefficients[0]*coefficients[0]/sum)
}
