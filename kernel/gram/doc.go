// Package gram gives Gram matrices of spherical harmonics by way of their products, for the packages csd and qp.
//
// Spherical deconvolution makes, for each voxel and iteration, the matrix H^T H of the rows of harmonics in some
// hundred directions. The product of two harmonics is a short sum of harmonics of higher degrees, so that all entries
// of the matrix are short sums of the same few numbers, the moments of the directions. A Map holds these sums. With 45
// coefficients, it takes 4,400 multiplications and additions, where multiplying out a hundred rows takes 100,000.
//
// Package model makes a Map from the table of products of package sh. Checked compares it with the rows that it is of.
//
// Records are a Map as the steps of an instruction set read it: one stream, in which quads go two by two (twins) and
// pairs as well (couples), so that a number that is loaded serves twice.
package gram
