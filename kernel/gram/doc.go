// Package gram computes Gram matrices of spherical harmonics cheaply, for the packages csd and qp.
//
// Spherical deconvolution makes, for each voxel and iteration, the matrix H^T H of the rows of harmonics in some
// hundred directions. The product of two harmonics is a short sum of harmonics of higher degrees, so that all entries
// of the matrix are short sums of the same few numbers, the moments of the directions. A Map holds these sums. With 45
// coefficients they take 4,400 multiplications and additions; to multiply out a hundred rows takes 100,000.
//
// Package model makes a Map from the table of products of package sh. Checked compares a Map with the rows of harmonics
// that it was made for.
//
// Records hold a Map in the form that the steps of an instruction set read, as streams of numbers. A Quad gives four
// entries of the matrix from the same sums, and a Pair gives two. Quads stand two by two in a stream (twins), and so do
// pairs (couples), so that a number that is loaded is used twice.
package gram
