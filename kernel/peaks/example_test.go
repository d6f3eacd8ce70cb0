package peaks_test

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel/peaks"
)

// The function is given by its values in three directions, each a neighbour of the others.
func Example() {
	finder, err := peaks.NewFinder(peaks.Design{
		Directions:        [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		Edges:             [][2]int{{0, 1}, {1, 2}, {2, 0}},
		Coefficients:      3,
		RelativeThreshold: 0.5, MinSeparation: 25, Max: 5,
	})
	if err != nil {
		panic(err)
	}
	worker := finder.NewWorker()
	worker.Load([]float64{0.2, 0.9, 0.1}, 3, 1)
	for _, p := range worker.Peaks()[0] {
		fmt.Printf("%v along %v\n", p.Value, p.Direction)
	}
	fmt.Printf("GFA %.2f\n", worker.GFA()[0])
	// Output:
	// 0.9 along [0 1 0]
	// GFA 0.81
}
