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
	// GridSingle is the search for the fraction of free water on a grid, in single precision.
	GridSingle *GridSingle
	// Peaks finds peaks of functions on the sphere. It needs CSD.
	Peaks *Peaks
	// NNLS is non-negative least squares, and the sparse fascicle model.
	NNLS *NNLS
	// Ceiling are the loops that measure what no kernel of the set can exceed.
	Ceiling PeakLoops
}
