package acq

import "slices"

// DesignMatrix is DIPY's dti.design_matrix: Len() x 7, row-major. Multiplied by the vector (Dxx, Dxy, Dyy, Dxz, Dyz,
// Dzz, -log S0) it gives the logarithm of the signal. As in DIPY, every entry therefore has a minus sign, and the
// last column is -1. Diffusivities are in mm2/s.
func (g *GradientTable) DesignMatrix() []float64 {
	w := make([]float64, 0, 7*g.Len())
	for i, b := range g.Bvals {
		v := g.Bvecs[i]
		w = append(w,
			-(v[0] * v[0] * b), -(v[0] * v[1] * 2 * b), -(v[1] * v[1] * b),
			-(v[0] * v[2] * 2 * b), -(v[1] * v[2] * 2 * b), -(v[2] * v[2] * b), -1)
	}
	return w
}

// LeastDiffusivity is DIPY's least diffusivity in mm2/s: 1e-6 over the largest element of the b-tensors. An
// eigenvalue below it hardly changes the signal even at the strongest weighting, and DIPY raises it to this value.
func (g *GradientTable) LeastDiffusivity() float64 {
	// The last column has -1 in each row. The -1 that is appended is for a table without volumes.
	return 1e-6 / -slices.Min(append(g.DesignMatrix(), -1))
}
