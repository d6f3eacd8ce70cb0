package tensor_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/tensor"
	"github.com/voxfit/voxfit/sh"
)

// The signal is that of a fibre along x. The example fits its tensor, and computes the tensor's eigenvalues.
func ExampleNew() {
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for _, direction := range sh.Repulsion(30, 1) {
		bvals, bvecs = append(bvals, 1000), append(bvecs, direction)
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic(err)
	}
	fitter, err := tensor.New(tensor.Design{W: gradients.DesignMatrix(), Method: kernel.WLS, MinSignal: 1e-4})
	if err != nil {
		panic(err)
	}
	eigen, err := tensor.NewEigen()
	if err != nil {
		panic(err)
	}

	signal := make([]float64, fitter.Measurements())
	for i, d := range bvecs {
		signal[i] = 1000 * math.Exp(-bvals[i]*(0.3e-3+1.4e-3*d[0]*d[0]))
	}
	params, status := make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
	fitter.NewWorker().Fit64(params, status, signal)
	values := make([]float64, 3)
	eigen.NewWorker().Decompose(values, nil, params[:6])
	fmt.Printf("%v: S0 %.0f, diffusivities %.1e mm2/s\n", status[0].Code, params[6], values)
	// Output: OK: S0 1000, diffusivities [1.7e-03 3.0e-04 3.0e-04] mm2/s
}
