package metg_test

import (
	"fmt"

	"github.com/voxfit/voxfit/study/metg"
)

// A scheduler takes 1 us for each task besides its work. Two workers are half busy with tasks of 1 us.
func Example() {
	o := metg.Opponent{Name: "channel"}
	for _, iterations := range []uint64{250, 500, 1000, 2000, 4000} {
		work := float64(iterations) * 1e-9
		o.Measured = append(o.Measured, metg.Measurement{Round: 1, Tasks: 1000, Iterations: iterations, Alone: work, Seconds: 1000 * (work + 1e-6) / 2})
	}
	fmt.Printf("METG(50%%) %.2f us\n", 1e6*o.METG(2, 0.5).Median)
	// Output: METG(50%) 1.00 us
}
