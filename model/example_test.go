package model_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// A voxel with two fibres at right angles, from the signal to the map of peaks.
func ExampleNewCSD() {
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for _, d := range sh.Repulsion(60, 1) {
		bvals, bvecs = append(bvals, 3000), append(bvecs, d)
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := acq.ParseResponse("0.0017,0.0003,0.0003,1000")
	if err != nil {
		fmt.Println(err)
		return
	}
	csd, err := model.NewCSD(gradients, response, model.CSDOptions{Peaks: 3, RefinePeaks: true})
	if err != nil {
		fmt.Println(err)
		return
	}

	signal := make([]float32, gradients.Len())
	for i, d := range bvecs {
		fibre := func(along float64) float64 { return math.Exp(-bvals[i] * (0.3e-3 + 1.4e-3*along*along)) }
		signal[i] = float32(600*fibre(d[0]) + 400*fibre(d[1])) // along x and along y
	}
	params := make([]float64, csd.Fitter().Parameters())
	status := make([]kernel.Status, 1)
	csd.Fitter().NewWorker().Fit(params, status, signal)

	maps := make([][]float32, len(csd.Maps()))
	for i, m := range csd.Maps() {
		maps[i] = make([]float32, m.Components)
		fmt.Printf("%s has %d for each voxel\n", m.Name, m.Components)
	}
	csd.NewDeriver().Derive(maps, params, status)
	for k := range 3 {
		p := maps[2][3*k:]
		fmt.Printf("peak %d: |x| %.2f, |y| %.2f, |z| %.2f\n", k+1, math.Abs(float64(p[0])), math.Abs(float64(p[1])), math.Abs(float64(p[2])))
	}
	// Output:
	// fod has 45 for each voxel
	// gfa has 1 for each voxel
	// peaks has 9 for each voxel
	// peakvalues has 3 for each voxel
	// status has 1 for each voxel
	// iterations has 1 for each voxel
	// peak 1: |x| 1.00, |y| 0.00, |z| 0.00
	// peak 2: |x| 0.00, |y| 1.00, |z| 0.00
	// peak 3: |x| 0.00, |y| 0.00, |z| 0.00
}
