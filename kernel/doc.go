// Package kernel holds what all fits of voxels share. The fits themselves are in packages below it, one for each
// mathematical problem:
//
//	kernel/csd        constrained spherical deconvolution        csdm
//	kernel/qp         least squares with linear inequalities     msmt
//	kernel/nnls       non-negative least squares, fascicles      sfm
//	kernel/tensor     the diffusion tensor, eigenvalues          dti
//	kernel/freewater  the tensor with free water beside it       fwdtim
//	kernel/peaks      peaks and GFA of functions on the sphere
//	kernel/gram       matrices that csd and qp make cheaply
//
// The right column names the model of package model that each one serves. These packages read no files, start no
// goroutines, and allocate no memory once a worker is made.
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
// from gradient tables. A constructor checks a design and turns it into a Fitter, whose matrices are in the layout that
// its loops read. A Fitter never changes, so all cores share one. Each core then makes its own Worker, which is scratch
// memory with a Fit method.
//
// Everything above these packages (the scheduler, the command line, the C library) sees only Fitter and Worker. A block
// of n voxels goes in; n rows of parameters and n words of status come out.
//
//	signal  n x Measurements   float32 as files hold it, or float64 as NumPy does; voxel after voxel
//	params  n x Parameters     float64
//	status  n                  what happened, and the iterations that it took
//
// # What a result depends on
//
// A voxel's result depends on its own signal and on the instruction set, and on nothing else. It does not depend on the
// neighbours in the block, on how voxels are divided into calls, or on the number of workers. A map made on 72 cores is
// the same to the last bit as one made on one.
//
// No voxel stops a fit. Where a signal is NaN, zero or beyond what a model can use, the parameters are zero and the
// status says why; where an iteration does not converge, the last iterate is written and the status says so. Codes
// lists all statuses.
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
// Each architecture has a package with its loops. The portable loops, in Go, are in internal/ref and
// internal/reftensor; all others are tested against them. WithISA or the environment variable VOXFIT_ISA chooses a set
// by name. Without them a fixed rule takes the first set that the processor has, in this order: avx512, avx2 (both
// amd64), neon (arm64), generic (the portable code). One machine therefore always gives the same bits. A name that is
// not available is an error. MeasureThroughput measures the peak speed of a set.
package kernel
