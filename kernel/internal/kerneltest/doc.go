// Package kerneltest is what the tests of kernels share, and the tests and benchmarks of the steps of instruction sets.
//
//   - ForEachISA runs a test on each instruction set of this processor; VOXFIT_REQUIRE names those that
//     must be there.
//   - Voxels, Sizes and Some say how much of a test is left where tests are short.
//   - Study, Crossings and the methods of a Scheme are signals: ordinary, odd and hard ones.
//   - DivisionIntoCalls, CallsOfAnySize, OrderOfVoxels, SameInFloat32, NoAllocations and LengthsThatDisagree are the
//     promises that every Fitter is held to.
//
// The benchmarks whose names end in Steps are what bench/counts and bench/regress measure.
package kerneltest
