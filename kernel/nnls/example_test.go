package nnls_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/nnls"
)

// The data ask for 1.5 of the first column. Of the second they would ask for a negative amount, which is not allowed.
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

// In myelin water imaging a decay is a sum of exponentials, whose weights are not negative. One matrix serves all
// voxels.
func ExampleNew() {
	echoes, times := []float64{10, 20, 40, 80, 160, 320}, []float64{20, 80, 320} // ms
	design := nnls.Design{Measurements: len(echoes), Unknowns: len(times)}
	for _, echo := range echoes {
		for _, t2 := range times {
			design.A = append(design.A, math.Exp(-echo/t2))
		}
	}
	fitter, err := nnls.New(design)
	if err != nil {
		panic(err)
	}
	signal := make([]float64, 2*len(echoes)) // of two voxels, one after the other
	for i, echo := range echoes {
		signal[i] = 0.2*math.Exp(-echo/20) + 0.8*math.Exp(-echo/80)
		signal[len(echoes)+i] = math.Exp(-echo / 320)
	}
	params, status := make([]float64, 2*fitter.Parameters()), make([]kernel.Status, 2)
	fitter.NewWorker().Fit64(params, status, signal)
	for v, s := range status {
		weights := params[v*fitter.Parameters():][:design.Unknowns]
		fmt.Printf("%v: weights %.2f\n", s.Code, weights)
	}
	// Output:
	// OK: weights [0.20 0.80 0.00]
	// OK: weights [0.00 0.00 1.00]
}
