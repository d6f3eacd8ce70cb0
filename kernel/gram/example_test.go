package gram_test

import (
	"fmt"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// The map of a design for lmax 8 has few weights, and belongs to the rows of B alone.
func ExampleMap() {
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for _, direction := range sh.Repulsion(60, 1) {
		bvals, bvecs = append(bvals, 2000), append(bvecs, direction)
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic(err)
	}
	m, err := model.NewCSD(gradients, acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}, model.CSDOptions{})
	if err != nil {
		panic(err)
	}
	design := m.Design()
	n := design.Coefficients
	fmt.Printf("%d entries from %d pairs of moments by %d weights\n", n*(n+1)/2, design.Gram.Moments, len(design.Gram.Coefficients))
	_, err = design.Gram.Checked(design.B, n)
	fmt.Println(err)
	design.B[0] *= 2
	_, err = design.Gram.Checked(design.B, n)
	fmt.Println(err != nil)
	// Output:
	// 1035 entries from 81 pairs of moments by 2221 weights
	// <nil>
	// true
}
