// Package ops says what an instruction set must provide: tables of steps. A step is a part of a model's fit, such as a
// Cholesky factorisation, for a whole batch of voxels, in memory that the caller made. This package imports nothing of
// voxfit. Both sides therefore see it: the packages of instruction sets, which fill the tables, and the packages of
// problems, which call what is in them.
//
// # From a Set to a fit
//
//	kernel/amd64, kernel/arm64     assembly, and a Set for each instruction set: its tables, filled
//	kernel/internal/sets           the sets that this processor has, and the choice of one
//	kernel/csd, qp, nnls, ...      drivers in Go: they call the steps of the table of their problem
//	kernel/internal/ref, reftensor the same steps in portable Go, which a nil table falls back to
//
// A call of a step does thousands of operations, so that the cost of the call itself does not count. It takes no more
// than some microseconds, because Go's scheduler cannot interrupt assembly.
//
// # Lanes
//
// A vector has a number of lanes. In most steps each lane holds a number of another voxel ("lane = voxel" in the
// comments), and no step mixes the numbers of different lanes. A vector is one register in package amd64, and a pair of
// registers in package arm64. The tables say how many lanes there are:
//
//   - CSD has Lanes, and so has CSDSingle, for iterations in single precision. QP works on the vectors of CSD, and
//     therefore has no number of its own. Tile, Panel and Stripe are the sizes of blocks that the registers of the set
//     allow; drivers lay out matrices by them.
//   - Peaks has Lanes for each precision. Those of double precision are the lanes of CSD. Single precision has twice as
//     many.
//   - The steps of NNLS look at one voxel at a time, except Project. Its Lanes and Singles say how many numbers of that
//     voxel a vector holds: four or a multiple.
//   - Tensor takes voxels in batches of TensorBatch (8). TensorSingle and GridSingle take batches of TensorBatchSingle
//     (16). These sizes are the same on every instruction set. Lanes says how many voxels of a batch share a vector: a
//     batch is one vector of AVX-512. On AVX2 and NEON it is two vectors, worked on one after the other.
//
// Drivers read these numbers, and have no numbers of their own. TestDriversTakeVectorsOfAnyWidth, in
// kernel/internal/kerneltest, runs them on a set in Go whose vectors have 2 or 16 lanes (4 or 16 for NNLS). A set of
// another width is therefore a new Set and nothing else, within three limits. A batch of the tensor models must be a
// whole number of vectors, so that vectors of more than eight numbers need a larger TensorBatch. The sets of lanes in
// Found have only 16 bits. The tables of a Set must fit together, which TestTablesAgreeOnLanes checks.
//
// # Memory
//
// Memory belongs to the caller, who aligns it to 64 bytes and pads it to whole vectors, tiles and panels. A step reads
// and writes what its comment says and not a byte more. Tests check this with memory between pages that may not be
// touched. An offset counts bytes.
//
// # Precision
//
// A name that ends in Single is of single precision; other names are of double precision. Two sets may round
// differently, because a vector of more lanes adds numbers up in another order; within one set a voxel's result is
// always the same bits. Where a step has a bound for its error, its comment gives it.
package ops
