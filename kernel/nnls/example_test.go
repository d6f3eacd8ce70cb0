package nnls_test

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel/nnls"
)

// The first column is as good as the data ask for; the second could only help with a minus.
func ExampleSolve() {
	a := []float64{
		1, 1,
		1, 0,
		0, 1,
	}
	x, residual, err := nnls.Solve(a, 3, 2, []float64{1, 2, -1})
	if err != nil {
		panic(err)
	}
	fmt.Printf("x = %.2f, |A x - y| = %.3f\n", x, residual)
	// Output: x = [1.50 0.00], |A x - y| = 1.225
}
