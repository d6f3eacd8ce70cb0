package main

// csd writes the steps of constrained spherical deconvolution for one width of vectors. Lane = voxel: a register holds
// the same number of several voxels, one in each lane. The arithmetic of a voxel is therefore what a plain loop would
// do, and no voxel sees its neighbours. Both instruction sets do the same operations in the same order, so that their
// results are equal to the last bit.
//
// Package ops says what each step computes, as Go sees it.
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

// csdIteration writes the steps of an iteration. They exist in both precisions.
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
