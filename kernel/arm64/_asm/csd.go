package main

import "strings"

// These are the sizes of the blocks that 32 registers allow. Package arm64 repeats them.
const (
	csdTile   = 3                             // edge of the squares of sums of the Cholesky factorisation
	csdPanel  = 14                            // rows of a matrix that are multiplied together
	tileBytes = csdTile * csdTile * pairBytes // of a tile of the packed triangle
)

// csd writes the steps of constrained spherical deconvolution. Lane = voxel: a pair holds the same number of four
// voxels, or of eight in single precision. The arithmetic of a voxel is therefore what a plain loop would do, and no
// voxel sees its neighbours. The operations and their order are those of amd64.
//
// Package ops says what each step computes, as Go sees it.
func csd(p *program) {
	p.csdPack("Float64", 8)
	p.csdPack("Float32", 4)
	p.csdInspect()
	p.csdMultiply()
	csdIteration(p)
	p.csdBelowRounded()
}

// csdSingle writes the steps of an iteration in single precision.
func csdSingle(p *program) {
	p.format = single
	csdIteration(p)
	p.csdCondition()
}

// csdIteration writes the steps of an iteration. They exist in both precisions.
func csdIteration(p *program) {
	p.csdTranspose()
	p.csdBelow()
	p.csdAccumulate()
	p.csdAssemble()
	p.csdFactorise()
	p.csdBackSolve()
}

// step begins a function that exists in both precisions. In the signature, number and sum stand for the types. Sums of
// rows are integers in single precision.
func (p *program) step(name, signature string, doc ...string) {
	number, sum := "*float64", "*float64"
	if p.format.isSingle() {
		name, number, sum = name+"Single", "*float32", "*int32"
	}
	p.function(name, strings.NewReplacer("*number", number, "*sum", sum).Replace(signature), doc...)
}
