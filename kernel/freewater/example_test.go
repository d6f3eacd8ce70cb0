package freewater_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/freewater"
	"github.com/voxfit/voxfit/sh"
)

// The signal is that of a fibre along x with a quarter of free water.
func ExampleNew() {
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for shell, b := range []float64{1000, 2000} {
		for _, direction := range sh.Repulsion(30, uint64(shell)) {
			bvals, bvecs = append(bvals, b), append(bvecs, direction)
		}
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic(err)
	}
	fitter, err := freewater.New(freewater.Design{
		W: gradients.DesignMatrix(), B0: []int{0}, Bvals: bvals, Diso: 3e-3, MDReg: 2.7e-3, MinSignal: 1e-6,
	})
	if err != nil {
		panic(err)
	}

	signal := make([]float64, fitter.Measurements())
	for i, d := range bvecs {
		tissue := math.Exp(-bvals[i] * (0.3e-3 + 1.4e-3*d[0]*d[0]))
		signal[i] = 1000 * (0.75*tissue + 0.25*math.Exp(-bvals[i]*3e-3))
	}
	params, status := make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
	fitter.NewWorker().Fit64(params, status, signal)
	fmt.Printf("%v: Dxx %.2e mm2/s, S0 %.0f, free water %.2f\n", status[0].Code, params[0], params[6], params[7])
	// Output: OK: Dxx 1.70e-03 mm2/s, S0 1000, free water 0.25
}
