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
// A step is called for thousands of operations at a time, so that the call costs nothing beside them. It is short
// enough, some microseconds, for Go's scheduler, which cannot interrupt assembly.
//
// # Lanes
//
// A vector is so many lanes, and in most steps each lane holds a number of another voxel, which no step mixes with its
// neighbours'. A vector is one register; in package arm64, a pair. How many lanes there are stands in the tables:
//
//   - CSD and, for iterations in single precision, CSDSingle have Lanes. QP works on the vectors of CSD, and has
//     therefore no number of its own. Tile, Panel and Stripe are the sizes of blocks that the registers of the set
//     allow; drivers lay out matrices by them.
//   - Peaks has Lanes for each precision. Those of double precision are the lanes of CSD, and those of single precision
//     are twice as many.
//   - NNLS looks at one voxel at a time, but for Project. Its Lanes and Singles say how many numbers of that voxel a
//     vector holds: four or a multiple.
//   - Tensor, TensorSingle and GridSingle take voxels in batches of TensorBatch (8), in single precision of
//     TensorBatchSingle (16), on every instruction set. Their Lanes say how many of them share a vector: a batch is one
//     vector of AVX-512, and two, worked on one after the other, elsewhere.
//
// Drivers read these numbers and know none of their own. TestDriversTakeVectorsOfAnyWidth, in
// kernel/internal/kerneltest, shows it: it runs them on a set in Go whose vectors have 2 or 16 lanes (4 or 16 for NNLS).
// A set of another width is therefore a new Set and nothing else, within three limits. A batch of the tensor models is
// a whole number of vectors, so that vectors of more than eight numbers need a larger TensorBatch. The sets of lanes in
// Found have 16 bits. And the tables of a Set fit together, as TestTablesAgreeOnLanes checks.
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
