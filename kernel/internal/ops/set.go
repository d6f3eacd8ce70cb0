package ops

// A Set holds the tables of one instruction set. It never changes. Where a table is nil, the set has no steps for that
// model, and the model runs on the portable code.
type Set struct {
	// Name is the set's name in VOXFIT_ISA: "avx512", "avx2" or "neon".
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
	// Ceiling measures the peak speed of the set, which no kernel can exceed.
	Ceiling PeakLoops
}
