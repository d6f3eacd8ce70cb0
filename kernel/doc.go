// Package kernel is what all fits of voxels share. The fits themselves, the mathematics of one voxel done for many,
// are packages below it, one for each problem:
//
//	kernel/csd        constrained spherical deconvolution        csdm
//	kernel/qp         least squares with linear inequalities     msmt
//	kernel/nnls       non-negative least squares, fascicles      sfm
//	kernel/tensor     the diffusion tensor, eigenvalues          dti
//	kernel/freewater  the tensor with free water beside it       fwdtim
//	kernel/peaks      peaks and GFA of functions on the sphere
//	kernel/gram       matrices that csd and qp make cheaply
//
// (On the right is the model of package model that each one serves.) They read no files, start no goroutines, and
// allocate nothing once a worker is made.
//
// # Designs, fitters, workers
//
// A fit is prepared in three steps:
//
//	csd.Design  --csd.New-->   Fitter         --NewWorker-->   Worker
//	plain matrices             factorised,                     scratch of one core,
//	of an acquisition          laid out;                       with Fit and Fit64
//	                           shared by all cores
//
// A design holds what depends on the acquisition and on the options, as plain matrices; package model makes designs
// from gradient tables. A constructor checks a design and turns it into a Fitter, with its matrices as its loops want
// to find them. A Fitter never changes, so that all cores share one. Each core then makes a Worker of its own, which is
// scratch memory with a Fit method.
//
// Everything above these packages, the scheduler, the command line, the C library, sees only Fitter and
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
// # Instruction sets
//
//	csd, qp, nnls, tensor, freewater, peaks
//	     |                          |
//	     | steps of a set           | one voxel after the other,
//	     v                          v and rare voxels
//	amd64 (avx512, avx2)       internal/ref and internal/reftensor (generic)
//	arm64 (neon)
//
// The loops live in packages of their own, one for each architecture; internal/ref and internal/reftensor have the
// portable one, in Go, and the reference for all others. WithISA or the environment variable VOXFIT_ISA choose a set by
// name; by default a fixed rule does, from what the processor can do, so that one machine always gives the same bits:
// the first there is of avx512, avx2 (both amd64), neon (arm64) and generic, which is the portable code. A name that is
// not available is an error. MeasureThroughput measures the peak of a set.
package kernel
