// Package transpose turns volumes of an image into rows of voxels. NIfTI stores numbers volume after volume; the
// kernels read single precision, voxel after voxel.
//
// [ToRows] takes sixteen volumes at a time. Sixteen values of a voxel, in single precision, fill one cache line, so
// that each line of a row is written once, as a whole. [ToPlanes] is the way back, for maps.
//
// On amd64 with AVX2 both are assembly, which transposes squares of 8 x 8 elements of 32 bits: eight planes, eight
// elements of each. It loads the two halves of a plane 0 to 3 and of plane 4 to 7 side by side, then interleaves
// elements, and then pairs of elements. An element is one number of single precision, two neighbouring integers of 16
// bits, or four of 8 bits. Shifts take integers out of their element before they are converted. On other processors the
// same is done in Go. Both give the same bits, since all conversions are exact.
package transpose
