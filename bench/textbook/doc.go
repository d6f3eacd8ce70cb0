// Package textbook fits three of voxfit's models as an experienced Go programmer writes them first: one voxel at a time, by
// the linear algebra of gonum (BLAS and LAPACK), its optimisers, and the vector operations of github.com/viterin/vek. It is
// what the kernels are compared with where the question is what they gain over libraries that are at hand.
//
//	CSD        the iterations of DIPY's csdeconv: products of matrices, Cholesky factors, triangular solves
//	SFM        sparse fascicles by NNLS: Lawson and Hanson's method on A^T A, made once, with a factor that grows
//	FreeWater  the tensor with free water by NLS: Newton's method of gonum/optimize, with exact second derivatives
//
// [New] takes a model that package model has set up, so that both sides have the same matrices. `kbench compare --engines
// textbook` times the two beside each other, and so do the benchmarks here:
//
//	go test ./bench/textbook -run '^$' -bench .
//
// # What is fair
//
// Nothing here is slow on purpose. Vectors and matrices are allocated once, but for those of gonum/optimize and a few short
// ones. LAPACK is called without the estimates of condition that mat adds, save inside gonum's Newton method. Products go by
// the routine that was fastest for their size, and what depends on the matrices alone is made once. What a first version does
// not have is what the kernels are: many voxels side by side in the lanes of a vector, single precision with bounds of its
// rounding, and the algebra of package gram, which replaces CSD's product of matrices.
//
// # How the libraries work
//
// vek has AVX2 for amd64, but not on macOS, and Go elsewhere; gonum has SSE2 for amd64, and for others Go with a little
// assembly. They choose by themselves: VOXFIT_ISA and the tag purego are about voxfit's own kernels. vek has no exponential
// and no logarithm in double precision, so those are Go's, value by value. gonum/optimize passes each evaluation between
// goroutines: FreeWater takes about three times as long on a goroutine that is bound to a thread (runtime.LockOSThread).
//
// # What it agrees with
//
// Tests hold coefficients and weights within 1e-9 of the largest of what the kernels find, and the sum of squares of
// free water within 1e-9 of theirs, on the phantom and on real data. That sum may have several minima, most of all where
// nearly all is water. Where the first start leads to a tensor that no tissue has, FreeWater therefore starts from other
// fractions, too, and keeps the lowest end. That is enough for the brains of the tests. In air and in water phantoms, where
// signals are noise after the first shell, it ends above the kernels in some voxels: their own rules for such signals
// (package freewater) are not here. Nor is their last step where the tissue is below 1e-12 of S0, where the rounding of f
// shows in the sum of squares.
package textbook
