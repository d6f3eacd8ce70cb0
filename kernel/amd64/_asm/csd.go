package main

// csd writes the steps of constrained spherical deconvolution for one width of vectors. Lane = voxel:
// a register holds the same number of as many voxels as it has lanes, so that the arithmetic of one
// voxel is what a plain loop would do, and no voxel sees its neighbours. Both instruction sets do the
// same operations in the same order: their results are equal to the last bit.
//
// Package ops says what each step is, as seen from Go.
func csd(v, single vectors) {
	v.pack("Float64", 8)
	v.pack("Float32", 4)
	v.inspect()
	v.multiply()
	csdIteration(v)
	if v.evex {
		v.belowRounded(single)
	}
}

// csdIteration writes the steps of an iteration, which there are in both precisions.
func csdIteration(v vectors) {
	v.transpose()
	v.below()
	v.accumulate()
	v.assemble()
	v.factorise()
	v.backSolve()
	if v.size == 4 {
		v.condition()
	}
}
