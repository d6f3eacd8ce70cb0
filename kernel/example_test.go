package kernel_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// The example fits two voxels of one acquisition: a fibre along x, and one in which nothing was measured.
func Example() {
	directions := sh.Repulsion(60, 1)
	bvals := []float64{0}
	bvecs := [][3]float64{{}}
	for _, d := range directions {
		bvals, bvecs = append(bvals, 2000), append(bvecs, d)
	}
	gradients, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		fmt.Println(err)
		return
	}
	response := acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}
	csd, err := model.NewCSD(gradients, response, model.CSDOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fitter := csd.Fitter()

	signal := make([]float32, 2*fitter.Measurements())
	for i, d := range bvecs {
		signal[i] = float32(1000 * math.Exp(-bvals[i]*(0.3e-3+1.4e-3*d[0]*d[0])))
	}
	params := make([]float64, 2*fitter.Parameters())
	status := make([]kernel.Status, 2)
	fitter.NewWorker().Fit(params, status, signal)

	hemisphere := sh.DefaultHemisphere()
	finder, err := peaks.NewFinder(peaks.Design{
		Directions: hemisphere.Vertices, Edges: hemisphere.Edges,
		Coefficients: fitter.Parameters(), B: sh.Descoteaux07.Evaluate(8, hemisphere.Vertices),
		RelativeThreshold: 0.5, MinSeparation: 25, Max: 5, Refine: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	worker := finder.NewWorker()
	worker.Load(params, fitter.Parameters(), 2)
	peaks, gfa := worker.Peaks(), worker.GFA()
	for voxel, s := range status {
		fmt.Printf("voxel %d: %v, GFA %.2f\n", voxel, s.Code, gfa[voxel])
		for _, p := range peaks[voxel] {
			fmt.Printf("  peak along %.1f %.1f %.1f\n", math.Abs(p.Direction[0]), math.Abs(p.Direction[1]), math.Abs(p.Direction[2]))
		}
	}
	// Output:
	// voxel 0: OK, GFA 0.96
	//   peak along 1.0 0.0 0.0
	// voxel 1: ZeroSignal, GFA 0.00
}
