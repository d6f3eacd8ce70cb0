// Package nnls is linear least squares with unknowns that are not negative, and the sparse fascicle model on it.
//
// Many models are a sum of known signals with weights that cannot be negative. At the minimum most weights
// are zero; the rest is an ordinary least-squares problem, once it is known which they are. New finds
// out by letting one column in after another, the one along which the misfit falls fastest, and letting
// those out whose weight would become negative (Lawson and Hanson 1974). All voxels have one matrix: its
// Gram matrix is made once, A^T y is one product of matrices for a block of voxels, and an entry costs a
// row of a triangular factor and a sum of a few rows of the Gram matrix.
//
// In mixed precision these two products are in single precision, and where columns are nearly combinations of a few,
// A^T y comes from two matrices of low rank (lowrank.go). All that this may cost has a bound: a column whose price (the
// gradient along it) is within the bound of zero is looked at again in double precision, so that nothing is decided by
// an error. Squaring a matrix loses half of the digits; a voxel where that may have mattered is solved once more from
// the matrix itself. The conditions of the minimum are checked in every voxel, and how well they hold is part of the
// result.
//
// NewSFM is that for fascicles in fixed directions (Rokem et al. 2015), with or without the penalties of an elastic
// net. A Combination adds up what the weights that were found stand for. Solve is one small problem in one call.
package nnls
