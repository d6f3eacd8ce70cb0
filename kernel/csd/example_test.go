package csd_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// Package model makes a design from a gradient table and a response. Here its iterations go to single precision, which
// changes the time and not the way of a voxel.
func ExampleNew() {
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for _, direction := range sh.Repulsion(60, 1) {
		bvals, bvecs = append(bvals, 2000), append(bvecs, direction)
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic(err)
	}
	response := acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}
	m, err := model.NewCSD(gradients, response, model.CSDOptions{})
	if err != nil {
		panic(err)
	}
	design := m.Design()
	design.Precision = kernel.Mixed
	fitter, err := csd.New(design)
	if err != nil {
		panic(err)
	}

	signal := make([]float32, fitter.Measurements()) // of a fibre along x
	for i, d := range bvecs {
		signal[i] = float32(1000 * math.Exp(-bvals[i]*(0.3e-3+1.4e-3*d[0]*d[0])))
	}
	coefficients, status := make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
	fitter.NewWorker().Fit(coefficients, status, signal)
	fmt.Printf("%v: %d coefficients\n", status[0].Code, len(coefficients))
	// Output: OK: 45 coefficients
}
