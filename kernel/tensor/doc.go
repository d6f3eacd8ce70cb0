// Package tensor is the diffusion tensor: its fit, and the eigenvalues and eigenvectors of symmetric 3 x 3 matrices.
//
// The logarithm of a signal is linear in the tensor, log S = log S0 - b : D. New fits it in four ways: by ordinary or
// weighted least squares on the logarithm (OLS, WLS), by weights that are computed anew from each fit as in MRtrix3
// (IWLS), and by nonlinear least squares on the signal itself (NLS). It documents what each minimises, the order of the
// parameters, and the rules for signals that no tensor describes.
//
// NewEigen gives the eigenvalues and eigenvectors of tensors, from which FA, MD and the like follow.
//
// An instruction set fits eight voxels side by side: the linear fits in step (lanes.go), the nonlinear one with a lane
// that takes the next voxel when its own has settled (newton.go). What needs more care than their normal equations give
// goes to the portable code.
package tensor
