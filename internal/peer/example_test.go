package peer_test

import (
	"fmt"

	"github.com/voxfit/voxfit/internal/peer"
)

// Two voxels of three measurements, as a call of peer.DIPY takes them.
func ExampleMatrix() {
	signal := peer.Matrix([]float64{100, 60, 40, 90, 50, 30}, 3)
	fmt.Println(signal.Shape, signal.Row(1))
	// Output: [2 3] [90 50 30]
}
