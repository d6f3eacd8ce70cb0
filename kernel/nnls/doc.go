// Package nnls solves linear least squares with unknowns that cannot be negative, and fits the sparse fascicle model,
// which is such a problem.
//
// Many models are a sum of known signals with weights that cannot be negative. At the minimum most weights are zero.
// Once it is known which ones are not, they follow from an ordinary least-squares problem. New finds them as Lawson and
// Hanson (1974) do: it lets in one column after another, each time the one along which the misfit falls fastest, and
// takes out those whose weight would become negative. All voxels have the same matrix A, so its Gram matrix A^T A is
// made once, and A^T y is one product of matrices for a block of voxels. Letting in a column then costs one row of a
// triangular factor and a sum of a few rows of the Gram matrix.
//
// In mixed precision, A^T y and the sums of rows are in single precision. Where the columns are nearly combinations of
// a few, A^T y comes from two matrices of low rank (lowrank.go). The errors that this makes have a bound. A column
// whose price (the gradient along it) is closer to zero than the bound is looked at again in double precision, so that
// no decision rests on an error. Working with A^T A instead of A loses half of the digits, so a voxel where this may
// matter is solved once more from A itself. The conditions of the minimum are checked in every voxel, and how well they
// hold is part of the result.
//
// NewSFM applies this to fascicles in fixed directions (Rokem et al. 2015), with or without the penalties of an elastic
// net. A Combination adds up rows of a matrix with the weights that were found, which gives an ODF, for example. Solve
// solves one small problem in one call.
package nnls
