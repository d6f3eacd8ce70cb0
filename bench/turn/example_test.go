package turn_test

import (
	"fmt"

	"github.com/voxfit/voxfit/bench/turn"
)

// A benchmark takes a turn before each measurement. Nobody gives turns here, so it goes on at once.
func Example() {
	for measurement := range 3 {
		turn.Take()
		fmt.Println("measurement", measurement)
	}
	// Output:
	// measurement 0
	// measurement 1
	// measurement 2
}
