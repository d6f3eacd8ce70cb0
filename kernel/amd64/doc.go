// Package amd64 holds the AVX2 and AVX-512 kernels. Sets lists the tables of those that the processor can
// run, of which kernel/internal/sets picks one; tables_amd64.go has them all. Names lists what they are called.
//
// # Lane = voxel
//
// Every kernel treats several voxels at once, one to a lane of the vector registers: a step that is
// scalar code for one voxel becomes the same code on vectors, with no masks, shuffles or tails, and a
// voxel's result cannot depend on its neighbours. A driver in the package of each problem keeps the lanes full: when
// a voxel has converged, its result is written out and the next voxel takes its lane.
//
// A table entry is a whole step on a batch (pack signals into lanes; multiply by a matrix; factorise;
// one Newton pass), so that a call through the table costs nothing beside its work and stays short
// enough for Go's scheduler. Scratch comes from the caller, aligned to 64 bytes and padded to whole
// tiles; no step reads or writes beyond it, which tests check with guard pages.
//
// # Where the assembly comes from
//
// The .s files and the declarations of their functions are written by the Go program in _asm (avo, a module
// of its own), as generate.go says:
//
//	go generate ./kernel/amd64
//
// One generator serves all instruction sets. It is told how wide vectors are, how many registers there are,
// whether instructions have masks (_asm/set.go), and what sizes of blocks follow (_asm/vectors.go). The comments beside
// the generators, and in the generated files, say which registers hold what and which formula is computed.
// CI generates the files anew and fails when they differ.
package amd64
