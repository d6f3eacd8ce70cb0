// Package qp solves linear least squares with linear inequalities. Every voxel is a problem of its own, and all have
// the same matrices. Spherical deconvolution of several tissues is an example.
//
// With several shells the signal of a voxel can be divided among tissues: white matter with its distribution, grey
// matter and CSF without directions (Jeurissen et al., NeuroImage 2014). That is a linear least-squares problem in
// which no amplitude may be negative. It has some 50 unknowns and 300 inequalities, of which some 40 hold with equality
// at the solution. New solves such problems for many voxels, and reports for every voxel how well the conditions of a
// solution hold.
//
// In lanes a voxel goes through three stages:
//
//   - its solution without constraints (unconstrained.go), which is the result where it satisfies them;
//   - an interior-point method (slots.go), which finds the set of inequalities that hold with equality. Package gram
//     makes its matrices as cheap as those of spherical deconvolution;
//   - the exact solution for that set (exact.go), which is checked. A set that was wrong is corrected, eight times at
//     most.
//
// The portable code uses the dual active-set method of Goldfarb and Idnani. It also fits the voxels for which no set
// passes the check.
package qp
