package ref

// Solvable returns false where not even P + 1e-5 I has a Cholesky factor.
func (d *CSD) Solvable() bool { return d.solvable }

// Normal returns P as a packed lower triangle, with 1e-5 on its diagonal where P had no factor.
func (d *CSD) Normal() []float64 { return d.normal }

// InverseRows returns the first rows of the inverse of P, row-major.
func (d *CSD) InverseRows(rows int) []float64 {
	inverse := make([]float64, 0, rows*d.coefficients)
	x := make([]float64, len(d.inverse))
	for r := range rows {
		clear(x)
		x[r] = 1
		forwardSolve(d.factor, d.inverse, x)
		backSolve(d.factor, d.inverse, x)
		inverse = append(inverse, x[:d.coefficients]...) // a column, which is a row: P is symmetric
	}
	return inverse
}
