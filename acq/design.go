package acq

// DesignMatrix is DIPY's dti.design_matrix: Len() x 7, row-major. Times the vector
// (Dxx, Dxy, Dyy, Dxz, Dyz, Dzz, -log S0) it gives the logarithm of the signal, so every entry has
// DIPY's minus sign, the last column being -1. Diffusivities are in mm2/s.
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
