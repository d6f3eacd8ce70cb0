// Package qp solves linear least squares with linear inequalities. Every voxel is a problem of its own, and all have
// the same matrices. Spherical deconvolution of several tissues is an example.
//
// With several shells the signal of a voxel can be divided among tissues: white matter, which has a distribution of
// directions, and grey matter and CSF, which have none (Jeurissen et al., NeuroImage 2014). This is a linear
// least-squares problem in which no amplitude may be negative. It has some 50 unknowns and 300 inequalities, of which
// some 40 hold with equality at the solution. New solves such problems for many voxels. For every voxel it reports how
// well the conditions of a solution hold.
//
// In lanes a voxel goes through up to three stages:
//
//   - unconstrained.go solves without the inequalities. Where this solution satisfies them, no iteration is needed.
//   - slots.go finds the set of inequalities that hold with equality, by an interior-point method. Package gram makes its
//     matrices as cheap as those of spherical deconvolution.
//   - exact.go solves exactly for this set and checks the solution. It corrects a set that was wrong, eight times at most.
//
// The portable code uses the dual active-set method of Goldfarb and Idnani. It also fits the voxels for which no set
// passes the check.
package qp
