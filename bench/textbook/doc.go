// Package textbook fits three of voxfit's models as an experienced Go programmer writes them first: one voxel at a
// time, with the linear algebra (BLAS and LAPACK) and the optimisers of gonum, and the vector operations of
// github.com/viterin/vek. It shows what the kernels gain over libraries that anyone can use.
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
// Nothing here is slow on purpose. Vectors and matrices are allocated once, except those of gonum/optimize and a few
// short ones. LAPACK is called without the estimates of condition numbers that gonum's mat adds, except inside
// gonum's Newton method. Each product uses the routine that was fastest for its size. Everything that depends on the
// matrices alone is computed once. The kernels have three things that such a first version does not have: many
// voxels side by side in the lanes of a vector, single precision with bounds of its rounding errors, and the algebra
// of package gram, which replaces CSD's product of matrices.
//
// # How the libraries work
//
// vek uses AVX2 on amd64, except on macOS, and Go elsewhere. gonum uses SSE2 on amd64, and elsewhere Go with a
// little assembly. The libraries choose by themselves: VOXFIT_ISA and the tag purego affect only voxfit's own
// kernels. vek has no exponential and no logarithm in double precision, so those are Go's, value by value.
// gonum/optimize passes each evaluation between goroutines: FreeWater takes about three times as long on a goroutine
// that is bound to a thread (runtime.LockOSThread).
//
// # What it agrees with
//
// Tests check that coefficients and weights differ from those of the kernels by at most 1e-9 of the largest, and the
// sum of squares of free water by 1e-9 of theirs, on the phantom and on real data. That sum of squares may have
// several minima, above all where nearly all is water. Where the first start leads to a tensor that no tissue has,
// FreeWater therefore starts from other fractions too, and keeps the result with the lowest sum of squares. That is
// enough for the brains of the tests. In air and in water phantoms, where signals are noise after the first shell,
// its sum of squares is larger than that of the kernels in some voxels, because it lacks the kernels' rules for such
// signals (package freewater). It also lacks the kernels' last step, for tissue below 1e-12 of S0, where the
// rounding of f changes the sum of squares.
package textbook
