package simulate_test

import (
	"fmt"
	"log"

	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study/simulate"
)

// Chunks of 212 voxels were timed on one core at 1 us a voxel; what would 36 cores of a larger machine make of 435,686 voxels?
func Example() {
	machine, err := simulate.FindMachine("c5.18xlarge")
	if err != nil {
		log.Fatal(err)
	}
	times := simulate.ChunkTimes{Model: "TensorModel", BytesPerVoxel: 1552, Dispatch: 1e-7, Start: 1e-4, Spawn: 1e-5}
	times.Add(212, 212e-6)
	plan := simulate.Plan{Machine: machine, Times: times, Voxels: 435686, Chunks: []int{2048}, Cores: []int{1, 36}, Policy: sched.NUMA, Elastic: true}
	predictions, err := plan.Predict()
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range predictions {
		fmt.Printf("cores %2d, predicted speed-up %.1f\n", p.Cores, p.SpeedUp.Value)
	}
	// Output:
	// cores  1, predicted speed-up 1.0
	// cores 36, predicted speed-up 33.8
}
