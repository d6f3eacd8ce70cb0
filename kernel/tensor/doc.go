// Package tensor fits the diffusion tensor, and computes the eigenvalues and eigenvectors of symmetric 3 x 3 matrices.
//
// The logarithm of a signal is linear in the tensor, log S = log S0 - b : D. New fits it in four ways: by ordinary or
// weighted least squares on the logarithm (OLS, WLS), by weights that are computed anew from each fit as in MRtrix3
// (IWLS), and by nonlinear least squares on the signal itself (NLS). The documentation of New says what each one
// minimises, in which order the parameters are, and which rules hold for signals that no tensor describes.
//
// NewEigen gives the eigenvalues and eigenvectors of tensors, from which FA, MD and the like follow.
//
// An instruction set fits eight voxels side by side. The linear fits of the eight take the same steps at the same time
// (lanes.go). In the nonlinear fit a lane takes the next voxel as soon as its own has converged (newton.go). Voxels
// whose normal equations are too inaccurate go to the portable code.
package tensor
