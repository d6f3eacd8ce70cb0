// Package ops says what an instruction set must provide: tables of steps, each a whole step of a model on a batch of
// voxels in memory that the caller made. It imports nothing of ours, so that the package of an instruction set, which
// fills the tables, and the packages of problems, which call what is in them, both see it.
//
// # From a Set to a fit
//
//	kernel/amd64, kernel/arm64     assembly, and a Set for each instruction set: its tables, filled
//	kernel/internal/sets           the sets that this processor has, and the choice of one
//	kernel/csd, qp, nnls, ...      drivers in Go: they call the steps of the table of their problem
//	kernel/internal/ref, reftensor the same steps in portable Go, which a nil table falls back to
//
// A call of a step does thousands of operations, so that the cost of the call itself does not count. It takes no more than
// some microseconds, because Go's scheduler cannot interrupt assembly.
//
// # Lanes
//
// A vector has a number of lanes. In most steps each lane holds a number of another voxel, and no step mixes it with the
// numbers in other lanes. A vector is one register, and in package arm64 a pair of registers. The tables say how many
// lanes there are:
//
//   - CSD and, for iterations in single precision, CSDSingle have Lanes. QP works on the vectors of CSD, and has
//     therefore no number of its own. Tile, Panel and Stripe are the sizes of blocks that the registers of the set
//     allow; drivers lay out matrices by them.
//   - Peaks has Lanes for each precision. Those of double precision are the lanes of CSD, and those of single precision
//     are twice as many.
//   - The steps of NNLS look at one voxel at a time, except Project. Its Lanes and Singles say how many numbers of that voxel a
//     vector holds: four or a multiple.
//   - Tensor, TensorSingle and GridSingle take voxels in batches of TensorBatch (8), in single precision of
//     TensorBatchSingle (16), on every instruction set. Their Lanes say how many of them share a vector: a batch is one
//     vector of AVX-512, and two, worked on one after the other, elsewhere.
//
// Drivers read these numbers, and have no numbers of their own. TestDriversTakeVectorsOfAnyWidth, in
// kernel/internal/kerneltest, runs them on a set in Go whose vectors have 2 or 16 lanes (4 or 16 for NNLS). A set of
// another width is therefore a new Set and nothing else, within three limits. A batch of the tensor models must be a whole
// number of vectors, so that vectors of more than eight numbers need a larger TensorBatch. The sets of lanes in Found have
// only 16 bits. And the tables of a Set must fit together, as TestTablesAgreeOnLanes checks.
//
// # Memory
//
// Memory belongs to the caller, who aligns it to 64 bytes and pads it to whole vectors, tiles and panels. Steps read and
// write what their comments say and not a byte more, which tests check with pages that may not be touched. Offsets
// count bytes.
//
// # Precision
//
// A name that ends in Single is of single precision; other names are of double precision. Two sets may round
// differently, because a vector of more lanes adds numbers up in another order; within one set a voxel's result is
// always the same bits. Where a step has a bound for its error, its comment gives it.
package ops
