package main

// Sizes of the blocks that 32 registers allow; package arm64 repeats them.
const (
	csdTile   = 3                             // edge of the squares of sums of the Cholesky factorisation
	csdPanel  = 14                            // rows of a matrix that are multiplied together
	csdStripe = 28                            // registers that hold a stripe of moments
	csdLanes  = 4                             // voxels side by side: a pair
	tileBytes = csdTile * csdTile * pairBytes // of a tile of the packed triangle
)

// csd writes the steps of constrained spherical deconvolution. Lane = voxel: a pair holds the same number of
// four voxels, so that the arithmetic of one voxel is what a plain loop would do, and no voxel sees its
// neighbours. The operations and their order are those of amd64.
//
// Package ops says what each step is, as seen from Go.
func csd(p *program) {
	p.csdPack("csdPackFloat64", "float64", 8, true)
	p.csdPack("csdPackFloat32", "float32", 4, true)
	p.csdPack("csdTranspose", "float64", 8, false)
	p.csdInspect()
	p.csdMultiply()
	p.csdBelow()
	p.csdAccumulate()
	p.csdAssemble()
	p.csdFactorise()
	p.csdBackSolve()
}
