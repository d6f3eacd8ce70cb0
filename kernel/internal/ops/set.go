// Package ops says what an instruction set must provide: tables of micro-kernels, each a whole step of
// a model on a batch of voxels in scratch that the caller made. It imports nothing of ours, so that an
// instruction set's package and the packages that use its table both see it.
package ops

// A Set is the micro-kernels of one instruction set. It is immutable. A nil table means that the
// set has no kernels for that model, which then runs on the portable code.
type Set struct {
	// Name is what VOXFIT_ISA calls it: "avx512", "avx2", "neon".
	Name string
	// CSD is constrained spherical deconvolution.
	CSD *CSD
	// QP is constrained least squares. It needs CSD.
	QP *QP
	// Tensor is the diffusion tensor, with and without free water.
	Tensor *Tensor
	// TensorSingle is the same in single precision.
	TensorSingle *TensorSingle
	// FractionSingle is the search for the fraction of free water in single precision.
	FractionSingle *FractionSingle
	// Peaks finds peaks of functions on the sphere. It needs CSD.
	Peaks *Peaks
	// NNLS is non-negative least squares, and the sparse fascicle model.
	NNLS *NNLS
}
