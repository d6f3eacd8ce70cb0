// Package ref holds the kernels in portable Go, except those of tensors, which are in package reftensor. It is the
// reference with which every other implementation is compared. It also runs wherever no other implementation does.
//
// Each file is one step of the mathematics of one voxel, on memory that the caller owns. Nothing here allocates after a
// New function has returned, and nothing depends on the processor. Every product that is added to something is rounded
// first, as float64(x*y). A compiler may then not fuse the two operations, so that the same input gives the same bits
// on every architecture.
//
// The loops keep several independent sums in registers. A single sum would have to wait for each of its additions, at
// about a quarter of the processor's speed. Eight rows of a matrix at a time (Panels), or a square tile of three rows
// and three columns (cholesky), keep the processor busy, and each number is loaded fewer times. Before a loop, slices
// are cut to one length. The compiler can then prove that no index needs a check.
package ref
