package fit_test

import (
	"context"
	"fmt"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
)

// A tensor in every voxel of a small phantom, in 16 chunks on two workers.
func ExampleBlock() {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 200})
	if err != nil {
		panic(err)
	}
	dti, err := model.NewTensor(p.Gradients, model.TensorOptions{})
	if err != nil {
		panic(err)
	}
	result := fit.New(dti.Fitter(), 200)
	account, err := fit.Block(context.Background(), dti.Fitter(), p.Signal, result, sched.Plan{Chunks: 16, Workers: 2})
	if err != nil {
		panic(err)
	}
	sum := account.Sum()
	fmt.Println(account.Done, "voxels in", sum.Chunks, "chunks, first status", result.Status[0].Code)
	fmt.Println("every core-second accounted for:", sum.Total() == 2*account.Wall)
	// Output:
	// 200 voxels in 17 chunks, first status OK
	// every core-second accounted for: true
}
