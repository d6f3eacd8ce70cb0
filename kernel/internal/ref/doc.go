// Package ref holds the kernels in portable Go: the reference that every other implementation is
// compared with, and what runs where no other implementation does. Those of tensors are in package reftensor.
//
// Each file is one step of the mathematics of one voxel on memory that the caller owns. Nothing here
// allocates after a New function has returned, nothing depends on the processor, and every product
// that is added to something is rounded first (written float64(x*y)): a compiler may then not fuse
// the two, so that the same input gives the same bits on every architecture.
//
// The loops keep several independent sums in registers. A sum that waits for the previous addition
// runs at the latency of an addition, about a quarter of what the processor can do; eight rows of a
// matrix at a time (Panels) or a square tile of three rows and three columns (cholesky) keep it busy
// and load each number fewer times. Slices are cut to one length before a loop, which lets the
// compiler prove that no index needs a check.
package ref
