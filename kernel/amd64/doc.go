// Package amd64 holds the AVX2 and AVX-512 kernels. Sets lists the instruction sets that this processor can run, as
// tables of functions. kernel/internal/sets chooses one of them. Names lists the names of all sets of this
// architecture.
//
// # Lane = voxel
//
// Most kernels treat several voxels at once, one in each lane of the vector registers. What is scalar code for one
// voxel becomes the same code on vectors, and a voxel's result cannot depend on its neighbours. Kernels need no masks,
// shuffles or loops for a rest, except where signals are packed into lanes. A driver in the package of each problem
// keeps the lanes full: when a voxel has converged, its result is written out and the next voxel takes its lane.
//
// An entry of a table is a step for a whole batch of voxels: it packs signals into lanes, multiplies by a matrix,
// factorises, or makes one Newton pass. The call through the table therefore costs nothing beside the work, and it is
// short enough for Go's scheduler, which cannot interrupt it. Scratch memory comes from the caller, aligned to 64 bytes
// and padded to whole tiles. No step reads or writes beyond it. Tests check this with memory between pages that may not
// be touched.
//
// # Which function is which step
//
// tables_amd64.go has the tables. The comments of their fields, in kernel/internal/ops, are the contracts of the steps.
// A function's own comment, in a file such as csd_avx2_amd64.go, says in short what it computes, on how many voxels,
// and how its arguments lie in memory. The parts of its name are the table, the field, the precision where it is
// single, and the set:
//
//	csd...       ops.CSD                  csdFactoriseAVX2
//	csd...Single ops.CSDSingle            csdFactoriseSingleAVX2
//	qp...        ops.QP                   qpPredictAVX2
//	nnls...      ops.NNLS                 nnlsPriceAVX2
//	peaks...     ops.Peaks                peaksMaximaSingleAVX2
//	tensor...    ops.Tensor               tensorModelAVX2
//	single...    ops.TensorSingle         singleModelAVX2
//	fraction...  ops.GridSingle           fractionDescendAVX2
//	peak...      ops.PeakLoops            peakFloat64AVX2
//
// # Where the assembly comes from
//
// The .s files, and the declarations of their functions, are written by the Go program in _asm. It is a module of its
// own, on the library avo. generate.go has the commands:
//
//	go generate ./kernel/amd64
//
// One generator serves all instruction sets. It is told how wide vectors are, how many registers there are, whether
// instructions have masks (_asm/set.go), and what sizes of blocks follow (_asm/vectors.go). Each function in a .s
// file begins with comments: what it computes, by which formula, and which registers hold what. CI generates the files
// again and fails where they differ.
package amd64
