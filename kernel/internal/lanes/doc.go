// Package lanes is what fits of one voxel in each lane of a vector have in common: memory that begins at a cache line,
// matrices in the layouts that the steps of an instruction set read, and the rule by which Newton steps are taken.
//
//   - Aligned allocates. All memory that a step of package ops reads or writes by whole vectors comes from it.
//   - Panels is a matrix cut into panels of rows; a panel's rows lie side by side, column after column, so that one
//     number of a voxel is multiplied with all of them. RoundedError bounds what single precision does to such a
//     product.
//   - Design is the design matrix of tensors, with the products of its columns that normal matrices are sums of.
//   - Descent is the course of a voxel's Newton steps: which point is the best one, how the next step is damped, and
//     when none will help.
package lanes
