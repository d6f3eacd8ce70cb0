// Package tensor fits the diffusion tensor, and computes the eigenvalues and eigenvectors of symmetric 3 x 3 matrices.
//
// The logarithm of a signal is linear in the tensor: log S = log S0 - b : D. New fits it in four ways:
//
//	OLS   ordinary least squares on the logarithm
//	WLS   weighted least squares on the logarithm
//	IWLS  the same, with weights that are computed anew from each fit, as in MRtrix3
//	NLS   nonlinear least squares on the signal itself
//
// The documentation of New says in which order the parameters are, and which rules hold for signals that no tensor
// describes.
//
// NewEigen computes the eigenvalues and eigenvectors of tensors, from which FA, MD and the like follow.
//
// An instruction set fits eight voxels side by side. In the linear fits the eight take the same steps at the same time
// (lanes.go). In the nonlinear fit a lane takes the next voxel as soon as its own has converged (newton.go). The
// portable code fits voxels whose normal equations are too inaccurate.
package tensor
