package phantom

import (
	"slices"
	"sync"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/sh"
)

// The protocol of the Human Connectome Project's diffusion scans at 3 T (Sotiropoulos 2013), with
// nominal b-values: 288 volumes, of which every sixteenth is a b0.
const (
	hcpVolumes    = 288
	hcpB0Every    = 16
	hcpDirections = 90
)

var hcpShells = [...]float64{1000, 2000, 3000} // s/mm2

// HCP returns the gradient table of the published study's protocol of 288 volumes. Volumes 0, 16, 32 ... 272 have b =
// 0. The others have b = 1000, 2000 and 3000 s/mm2 in turn, with 90 directions for each of these shells.
//
// The directions are ours. Those of a shell repel each other and each other's opposites as electric charges do
// (sh.Repulsion, with a seed for each shell, so that no direction occurs twice). The scanner's own are optimised over
// the shells together (Caruyer 2013). The table is the same on every platform, and each call returns a copy of its own.
func HCP() *acq.GradientTable {
	g := hcp()
	return &acq.GradientTable{Bvals: slices.Clone(g.Bvals), Bvecs: slices.Clone(g.Bvecs), B0Threshold: g.B0Threshold}
}

var hcp = sync.OnceValue(func() *acq.GradientTable {
	var directions [len(hcpShells)][][3]float64
	for shell := range directions {
		directions[shell] = sh.Repulsion(hcpDirections, uint64(shell+1))
	}
	bvals := make([]float64, hcpVolumes)
	bvecs := make([][3]float64, hcpVolumes)
	weighted := 0
	for i := range bvals {
		if i%hcpB0Every == 0 {
			continue
		}
		shell := weighted % len(hcpShells)
		bvals[i] = hcpShells[shell]
		bvecs[i] = directions[shell][weighted/len(hcpShells)]
		weighted++
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic("phantom: " + err.Error()) // a fault of this package, not of its input
	}
	return g
})
