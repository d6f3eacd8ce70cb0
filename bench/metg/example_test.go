package metg_test

import (
	"context"
	"fmt"
	"time"

	"github.com/voxfit/voxfit/bench/metg"
)

// Two of the opponents on one CPU, in one round. Which lengths of tasks are measured depends on the machine.
func Example() {
	found, err := metg.Run(context.Background(), metg.Options{
		Opponents: []string{"voxfit", "errgroup"}, CPUs: []int{0}, Rounds: 1, Point: time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range found {
		fmt.Println(o.Name, len(o.Curve(1)) > 0, o.METG(1, 0.5).Median > 0)
	}
	// Output:
	// voxfit true true
	// errgroup true true
}
