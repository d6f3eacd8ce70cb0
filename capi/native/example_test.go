package native_test

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/voxfit/voxfit/capi/native"
)

// What a C program does: make a model, fit a batch in memory of its own, give the handle back.
func Example() {
	bvals := []float64{0, 1000, 1000, 1000, 1000, 1000, 1000}
	bvecs := [][3]float64{{}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0.8, 0}, {0, 0.6, 0.8}, {0.6, 0, 0.8}}
	handle, err := native.New("dti", bvals, bvecs, `{"method": "ols"}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer native.Free(handle)
	m, err := native.Find(handle)
	if err != nil {
		fmt.Println(err)
		return
	}
	signal := make([]float64, len(bvals)) // of an isotropic voxel of 1e-3 mm2/s
	for i, b := range bvals {
		signal[i] = 100 * math.Exp(-1e-3*b)
	}
	params, status := make([]float64, m.Parameters()), make([]uint8, 1)
	err = m.Fit(&native.Batch{
		Voxels: 1,
		Signal: native.Signal{Data: unsafe.Pointer(&signal[0]), Type: native.Float64},
		Params: unsafe.Pointer(&params[0]), ParamsType: native.Float64,
		Status: status,
	})
	fmt.Printf("error %v, status %d, Dxx %.4f, Dxy %.4f\n", err, status[0], params[0], math.Abs(params[1]))
	// Output: error <nil>, status 0, Dxx 0.0010, Dxy 0.0000
}
