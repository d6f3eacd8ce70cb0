package qp_test

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/qp"
)

// Without the inequality x1 >= x2, the solution would be the first two values, 1 and 3. With it, both unknowns are the
// mean of these.
func ExampleNew() {
	fitter, err := qp.New(qp.Design{
		Measurements: 3, Volumes: []int{0, 1, 2}, Unknowns: 2,
		H:           []float64{1, 0, 0, 1, 0, 0},
		Constraints: []qp.Constraints{{First: 0, Columns: 2, A: []float64{1, -1}}},
	})
	if err != nil {
		panic(err)
	}
	params, status := make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
	fitter.NewWorker().Fit64(params, status, []float64{1, 3, 0.5})
	fmt.Printf("%v: %.3f, squares left %.3f\n", status[0].Code, params[:2], params[2])
	// Output: OK: [2.000 2.000], squares left 2.250
}
