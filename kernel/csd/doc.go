// Package csd is constrained spherical deconvolution.
//
// In a voxel with fibres in several directions the signal is the signal of one fibre (the response)
// turned into each direction and added up: a convolution on the sphere. In spherical harmonics a
// convolution is a product, so the fibre orientation distribution follows from a linear system. It is
// badly conditioned at high degrees, and a distribution cannot be negative; Tournier's method (NeuroImage 2007) adds to
// the least-squares problem a penalty on the directions whose amplitude came out small or negative,
// solves again, and repeats until the set of those directions stays the same. The fixed point depends
// on the path, so New follows DIPY's path decision by decision and reaches the same set after the
// same number of iterations.
//
// The work of an iteration is a symmetric matrix of 45 x 45 that depends on the set, its Cholesky
// factorisation, and the amplitudes in 181 directions. Multiplying the matrix out would cost three
// times as much as all the rest together. Package gram tells how the algebra of spherical harmonics
// replaces that by a short sparse sum.
//
// # In lanes
//
// An instruction set fits one voxel in each lane of a vector. Voxels arrive a vector at a time (arrivals.go): z = X^T
// s, the start, the first set. Then each goes to a slot (slots.go), where it stays until its set does. A slot whose
// voxel has settled takes the next, so that no lane waits for another. The moments of a set are kept and changed by
// what the set has changed by (moments.go), four neighbours on the sphere at a time (groups.go).
//
// # In single precision
//
// A set is all that an iteration passes on to the next, and a set needs no fifteen digits. Amplitudes are therefore
// compared with the threshold in single precision where a bound of its rounding allows it (rounded.go). With
// kernel.Mixed, the whole way is found in single precision, by twice as many voxels at a time (mixed.go); a bound of
// its errors (guard.go) tells which iterations to leave to double precision, which also computes the result. New has
// the details.
package csd
