// Package lanes has what all fits share that put one voxel into each lane of a vector: aligned memory, matrices in the
// layouts that the steps of an instruction set read, and the rule for Newton steps.
//
//   - [Aligned] allocates memory that begins at a cache line. Everything that a step of package ops reads or writes by
//     whole vectors is allocated by it.
//   - [Panels] is a matrix cut into panels of rows. The rows of a panel lie side by side, column after column, so that a
//     number of a voxel is multiplied with all of them at once. [RoundedError] bounds the error of such a product in
//     single precision.
//   - [Design] is the design matrix of tensors, with the products of its columns from which normal matrices are summed.
//   - [Descent] is the state of a voxel's Newton steps: which point is the best one, how the next step is damped, and
//     whether any step can help.
package lanes
