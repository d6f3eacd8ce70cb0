// Package qp is linear least squares with linear inequalities, one problem for each voxel with the same matrices:
// spherical deconvolution of several tissues, for example.
//
// With several shells the signal of a voxel can be divided among tissues: white matter with its distribution, grey
// matter and CSF without directions (Jeurissen et al., NeuroImage 2014). That is a linear least-squares problem, and no
// amplitude may be negative: some 50 unknowns, 300 inequalities, of which 40 hold with equality at the solution. New
// solves such problems for many voxels, and reports for every voxel how well the conditions of a solution hold.
//
// In lanes a voxel goes through three stages:
//
//   - its solution without constraints (unconstrained.go), which is the result where it satisfies them;
//   - an interior-point method (slots.go), which finds the set of inequalities that hold with equality. Its matrices
//     are as cheap as those of spherical deconvolution by way of package gram;
//   - the exact solution for that set (exact.go), which is checked. A set that was wrong is corrected, eight times at
//     most.
//
// The portable code has the dual active-set method of Goldfarb and Idnani. It also gives the result of voxels for which
// no set passes the check.
package qp
