package textbook_test

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// One voxel by the textbook and by the kernels.
func Example() {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 1, SNR: 30, Seed: 1})
	if err != nil {
		panic(err)
	}
	csdm, err := model.NewCSD(p.Gradients, phantom.Response(), model.CSDOptions{})
	if err != nil {
		panic(err)
	}
	fitter, err := textbook.New(csdm)
	if err != nil {
		panic(err)
	}
	theirs := make([]float64, fitter.Parameters())
	if err := fitter.Fit(theirs, p.Signal); err != nil {
		panic(err)
	}
	ours, status := make([]float64, csdm.Fitter().Parameters()), make([]kernel.Status, 1)
	csdm.Fitter().NewWorker().Fit(ours, status, p.Signal)
	largest := 0.0
	for i := range ours {
		largest = max(largest, math.Abs(ours[i]-theirs[i]))
	}
	fmt.Println(len(theirs), "coefficients, equal to within 1e-12:", largest < 1e-12)
	// Output: 45 coefficients, equal to within 1e-12: true
}
