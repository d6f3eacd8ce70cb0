// Package kerneltest has what the tests of kernels share, and the tests and benchmarks of the steps of instruction
// sets.
//
//   - ForEachISA runs a test on each instruction set of this processor. VOXFIT_REQUIRE names sets that must be there.
//   - Voxels, Sizes and Some say how much a test does when tests are short.
//   - Study, Crossings and the methods of a Scheme make signals: ordinary, odd and hard ones.
//   - DivisionIntoCalls, CallsOfAnySize, OrderOfVoxels, SameInFloat32, NoAllocations and LengthsThatDisagree test the
//     promises that every Fitter keeps.
//
// bench/counts and bench/regress run the benchmarks whose names end in Steps.
package kerneltest
