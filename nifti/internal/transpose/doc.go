// Package transpose turns volumes of an image into rows of voxels: numbers that lie volume after volume, as NIfTI stores
// them, into single precision that lies voxel after voxel, as the kernels read them.
//
// [ToRows] takes sixteen volumes at a time, whose values of a voxel are one cache line of single precision. So each line
// of a row is written once and whole. [ToPlanes] is the way back, for maps.
//
// On amd64 with AVX2 this is assembly. Eight planes are one square of 8 x 8 elements of 32 bits, which vectors transpose in
// two steps: the two halves of planes 0 to 3 and of planes 4 to 7 are loaded side by side, then elements are interleaved
// and after that pairs of them. An element is one number of single precision, or two neighbouring 16-bit integers, or four
// of 8 bits, which shifts take apart before they are converted. Other processors take the same way in Go. Both give the same
// bits, since all conversions are exact.
package transpose
