package sched_test

import (
	"context"
	"fmt"

	"github.com/voxfit/voxfit/sched"
)

// Two workers compute the mean of four measurements in each of ten voxels. Three chunks are asked for, and the study's
// rule makes four: of 3, 3, 3 and 1 voxels.
func Example() {
	const voxels, measurements = 10, 4
	signal := make([]float32, voxels*measurements)
	for i := range signal {
		signal[i] = float32(i)
	}
	means := make([]float32, voxels)

	plan := sched.Plan{Voxels: voxels, Chunks: 3, Workers: 2}
	account, err := sched.Run(context.Background(), plan, func(worker int, r sched.Range) error {
		for v := r.Begin; v < r.End; v++ {
			for _, s := range signal[v*measurements : (v+1)*measurements] {
				means[v] += s / measurements
			}
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(means)
	fmt.Println(account.DoneChunks, "chunks,", account.Done, "voxels:", account.Completed)
	fmt.Println("every core-second is accounted for:", account.Sum().Total() == 2*account.Wall)

	// Output:
	// [1.5 5.5 9.5 13.5 17.5 21.5 25.5 29.5 33.5 37.5]
	// 4 chunks, 10 voxels: [voxels 0-9]
	// every core-second is accounted for: true
}

// One chunk fails. The others are done, and the account says which results can be kept.
func ExampleChunkError() {
	plan := sched.Plan{Voxels: 30, VoxelsPerChunk: 10, Workers: 1}
	account, err := sched.Run(context.Background(), plan, func(worker int, r sched.Range) error {
		if r.Begin == 10 {
			panic("bad block")
		}
		return nil
	})
	fmt.Println(err)
	fmt.Println(account.Completed)

	// Output:
	// sched: voxels 10-19 (worker 0): panic: bad block
	// [voxels 0-9 voxels 20-29]
}
