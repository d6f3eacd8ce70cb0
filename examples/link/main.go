// Link fits voxels from a Go program. It takes a gradient table, a model and a block of signal. Run it with
// `go run ./examples/link`.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
)

func main() {
	// A synthetic brain of 1,000 voxels. Signal is a []float32: all measurements of a voxel, then those of the next.
	brain, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 1000})
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.NewFreeWater(brain.Gradients, model.FreeWaterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	result := fit.New(m.Fitter(), 1000)
	account, err := fit.Block(context.Background(), m.Fitter(), brain.Signal, result, sched.Plan{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d voxels in %v; free water in the first: %.3f (%v)\n", account.Done, account.Wall, result.Parameters[7], result.Status[0].Code)
}
