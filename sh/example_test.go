package sh_test

import (
	"fmt"

	"github.com/voxfit/voxfit/sh"
)

// A function on the sphere, moved from DIPY's convention to MRtrix3's: the coefficients change places,
// the amplitudes stay.
func Example() {
	const lmax = 2
	dipy := []float64{1, 0.1, 0.2, 0.3, 0.4, 0.5}
	mrtrix := make([]float64, len(dipy))
	sh.Convert(mrtrix, dipy, lmax, sh.Descoteaux07, sh.Tournier07)
	fmt.Println(mrtrix)

	direction := [][3]float64{{0.6, 0.64, 0.48}}
	amplitude := func(b sh.Basis, coefficients []float64) (sum float64) {
		for i, y := range b.Evaluate(lmax, direction) {
			sum += y * coefficients[i]
		}
		return sum
	}
	fmt.Printf("%.6f %.6f\n", amplitude(sh.Descoteaux07, dipy), amplitude(sh.Tournier07, mrtrix))
	// Output:
	// [1 0.5 0.4 0.3 0.2 0.1]
	// 0.262754 0.262754
}

// The directions in which DIPY's CSD allows no negative amplitudes.
func ExampleSymmetric362Hemisphere() {
	s := sh.Symmetric362Hemisphere()
	fmt.Println(len(s.Vertices), "vertices,", len(s.Edges), "edges, from", s.Vertices[0])
	// Output: 181 vertices, 540 edges, from [0 0 1]
}
