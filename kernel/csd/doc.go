// Package csd is constrained spherical deconvolution.
//
// In a voxel with fibres in several directions the signal is the signal of one fibre (the response) turned into each
// direction and added up: a convolution on the sphere. In spherical harmonics a convolution is a product, so the fibre
// orientation distribution follows from a linear system. That system is badly conditioned at high degrees, and its
// solution may be negative, which a distribution cannot be. Tournier's method (NeuroImage 2007) therefore adds a
// penalty on the directions whose amplitude came out small or negative, and solves again. It repeats this until the set
// of those directions stays the same. Where it ends depends on every set on the way. New therefore makes DIPY's
// decisions one by one, and reaches the same set after the same number of iterations.
//
// The work of an iteration is a symmetric matrix of 45 x 45 that depends on the set, its Cholesky factorisation, and
// the amplitudes in 181 directions. To multiply out this matrix would cost three times as much as all the rest
// together. Package gram explains how the algebra of spherical harmonics replaces the product by a short sparse sum.
//
// # In lanes
//
// An instruction set fits one voxel in each lane of a vector. Voxels arrive one vector at a time (arrivals.go), and for
// each the product z = X^T s, the starting point and the first set of directions are computed. Then each voxel goes to
// a slot (slots.go), which is one lane, and stays there until its set no longer changes. A slot whose voxel is finished
// takes the next one, so that no lane waits for another. The moments of a set (see package gram) are kept from one
// iteration to the next, and only the directions that came or went are added or subtracted (moments.go), four
// neighbours on the sphere at a time (groups.go).
//
// # In single precision
//
// An iteration passes nothing but the set of directions to the next, and finding a set does not need fifteen digits.
// Amplitudes are therefore compared with the threshold in single precision, except where a bound of the rounding error
// says that this could give another set (rounded.go). With kernel.Mixed, the iterations themselves are in single
// precision, for twice as many voxels at a time (mixed.go). A bound of the errors (guard.go) tells which of them must
// be left to double precision. The result is always computed in double precision. The documentation of New has the
// details.
package csd
