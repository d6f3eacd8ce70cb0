// Package startup has tests of what a program does first on a processor: it chooses an instruction set and fits some
// voxels by each model. They are few and quick enough for emulators of processors that are not at hand, as
//
//	go test -exec "qemu-x86_64-static -cpu Haswell" ./model/startup -sets avx2,generic
//
// does for one without AVX-512. What the kernels of a set do is tested in package kernel, on processors that have it.
package startup
