// Package kernel is the mathematics of one voxel, done for many: constrained spherical deconvolution,
// least squares with inequalities (of several tissues, say), the free-water tensor, the plain tensor, and
// least squares with unknowns that are not negative, with the sparse fascicle model on it. It reads no
// files, starts no goroutines, and allocates nothing once a worker is made.
//
// # Designs, fitters, workers
//
// A fit is prepared in three steps. A design (csd.Design, qp.Design, freewater.Design, tensor.Design, nnls.Design,
// nnls.SFMDesign) holds what depends on the acquisition and on the options, as plain matrices; package model makes
// them from gradient tables. A constructor checks a design and turns it into a Fitter: factorised, transposed,
// cut into panels, whatever its loops want to find. A Fitter never changes, so that all cores share
// one. Each core then makes a Worker of its own, which is scratch memory with a Fit method.
//
// Everything above this package, the scheduler, the command line, the C library, sees only Fitter and
// Worker: a block of n voxels goes in, n rows of parameters and n words of status come out.
//
//	signal  n x Measurements   float32 as files hold it, or float64 as NumPy does; voxel after voxel
//	params  n x Parameters     float64
//	status  n                  what happened, and the iterations that it took
//
// # What a result depends on
//
// On the voxel's own signal and on the instruction set, and on nothing else: not on the neighbours in
// the block, not on how voxels are divided into calls, not on the number of workers. A map made on 72
// cores is the same to the last bit as one made on one.
//
// No voxel stops a fit. Where a signal is NaN, zero or beyond what a model can use, the parameters are
// zero and the status says why; where an iteration does not settle, the last iterate is written and
// the status says so. Codes lists what can be said.
//
// # Spherical deconvolution
//
// In a voxel with fibres in several directions the signal is the signal of one fibre (the response)
// turned into each direction and added up: a convolution on the sphere. In spherical harmonics a
// convolution is a product, so the fibre orientation distribution follows from a linear system. It is
// badly conditioned at high degrees, and a distribution cannot be negative; Tournier's method adds to
// the least-squares problem a penalty on the directions whose amplitude came out small or negative,
// solves again, and repeats until the set of those directions stays the same. The fixed point depends
// on the path, so csd.New follows DIPY's path decision by decision and reaches the same set after the
// same number of iterations.
//
// The work of an iteration is a symmetric matrix of 45 x 45 that depends on the set, its Cholesky
// factorisation, and the amplitudes in 181 directions. Multiplying the matrix out would cost three
// times as much as all the rest together. gram.Map tells how the algebra of spherical harmonics
// replaces that by a short sparse sum.
//
// A set is all that an iteration passes on to the next, and a set needs no fifteen digits. With Mixed the way
// is therefore found in single precision, by twice as many voxels at a time; a bound of its errors tells which
// iterations to leave to double precision, which also computes the result. csd.New has the details.
//
// A distribution is summed up by its peaks and by GFA, which peaks.NewFinder finds by DIPY's rules, for a block of voxels at
// once: in single precision first, whose rounding has a bound, then in double precision at the few vertices that
// can be peaks. The results are those of the portable code, to the last bit.
//
// # Several tissues: least squares with inequalities
//
// With several shells the signal of a voxel can be divided among tissues: white matter with its
// distribution, grey matter and CSF without directions. That is a linear least-squares problem, and no
// amplitude may be negative: some 50 unknowns, 300 inequalities, of which 40 hold with equality at the
// solution. qp.New solves such problems for many voxels, the matrices being the same for all, and
// reports for every voxel how well the conditions of a solution hold. It finds the set of inequalities
// that hold with equality by an interior-point method, whose matrices gram.Map makes as cheap as those
// of spherical deconvolution, solves exactly for that set, and checks.
//
// # The tensor, and free water beside it
//
// A diffusion tensor is a linear model of the logarithm of the signal. With free water in the voxel
// (cerebrospinal fluid, oedema) the signal is a tensor's and an isotropic one's, mixed by a fraction
// that has to be found as well; that is a nonlinear fit with bounds, started from a linear one.
// tensor.New and freewater.New document what they minimise, their order of parameters, and their rules
// for signals that no tensor describes. tensor.NewEigen gives the eigenvalues and eigenvectors of tensors.
//
// # Non-negative least squares, and sparse fascicles
//
// Many models are a sum of known signals with weights that cannot be negative. At the minimum most weights
// are zero; the rest is an ordinary least-squares problem, once it is known which they are. nnls.New finds
// out by letting one column in after another, the one along which the misfit falls fastest, and letting
// those out whose weight would become negative (Lawson and Hanson 1974). All voxels have one matrix: its
// Gram matrix is made once, A^T y is one product of matrices for a block of voxels, and an entry costs a
// row of a triangular factor and a sum of a few rows of the Gram matrix. In mixed precision these two products
// are in single precision, and where columns are nearly combinations of a few, A^T y is put together from those.
// All that this may cost has a bound: a column whose price is within it of zero is looked at again in double
// precision, so that nothing is decided by an error. Squaring a matrix loses half of the digits; a voxel
// where that may have mattered is solved once more from the matrix itself. The conditions of the minimum
// are checked in every voxel, and how well they hold is part of the result.
//
// nnls.NewSFM is that for fascicles in fixed directions (Rokem 2015), with or without the penalties of an
// elastic net; nnls.Solve is one small problem in one call.
//
// # Instruction sets
//
// The loops live in packages of their own, one for each instruction set; internal/ref is the portable
// one, in Go, and the reference for all others. WithISA or the environment variable VOXFIT_ISA choose
// one by name; by default a fixed rule does, from what the processor can do, so that one machine
// always gives the same bits: the first there is of avx512, avx2 (both amd64), neon (arm64) and generic, which is
// the portable code. A name that is not available is an error.
package kernel
