// Package nifti reads diffusion acquisitions from NIfTI files and writes maps to such files. It never holds the data
// twice.
//
// # What a file holds
//
// A NIfTI file is a header and a long row of numbers. The header says how many voxels there are along x, y and z, how
// many volumes follow one another, how a number is stored, and where the voxels lie in the scanner. The numbers come
// volume by volume, and within a volume with x fastest; so voxel (i, j, k) has the linear number
//
//	v = i + nx*(j + ny*k)
//
// which is what all indexes in this package are. A diffusion acquisition has a volume for each measurement: 288 of them
// in the Human Connectome Project's protocol, each a weak image of the whole brain.
//
// # Turning volumes into voxels
//
// A model needs all measurements of a voxel side by side. The file has them far apart: one in each volume. So reading
// is a transposition, and [Image.ReadMasked] does it on the way from the disk. It takes the voxels inside the mask from
// the same piece of sixteen volumes, converts them to float32, and writes them as rows. Sixteen float32 numbers are one
// cache line, so that each line of the result is written once, as a whole. The pieces are small enough for all of that
// to stay in the second-level cache.
//
//	file:   | volume 0: v0 v1 v2 ... | volume 1: v0 v1 v2 ... | ...
//	result: | voxel a: t0 t1 t2 ...  | voxel b: t0 t1 t2 ...  | ...   (a, b, ... in the mask)
//
// A .nii file is read by several goroutines, each of which takes pieces. A .nii.gz file is one stream, which package gunzip
// decompresses in several places at the same time. Its volumes are collected, sixteen at a time: while one group is
// turned into rows, the next one is decompressed.
//
// A fit needs the rows of some thousand voxels at a time, not of all. [Image.Volumes] keeps the masked voxels of a
// compressed file in memory in the type that the file stores (int16 takes half the memory of float32), and makes rows
// when they are asked for. The voxels of a .nii file stay in the file until then.
//
// # Which voxels
//
// A [Mask] is a list of linear voxel numbers, from a mask image ([ReadMask]) or of all voxels ([FullMask]). A mask that
// was drawn on another grid gives results that look plausible and are wrong, so [Mask.CheckAgainst] compares shapes and
// affines before anything is fitted.
//
// # Where the voxels lie
//
// A header can place its voxels in two ways, the qform (a rotation, for the scanner's own frame)
// and the sform (any affine, also for templates). [Header.Affine] chooses as nibabel does: the
// sform where it is set, else the qform, else the voxel spacing alone. Maps keep both, with their
// codes, and so lie over the acquisition in every viewer.
//
// # What numbers mean
//
// Stored integers become values by value = stored*scl_slope + scl_inter. A slope of zero, NaN or infinity means that
// the stored numbers are the values (nibabel's rule). The arithmetic is in float64 and its result is rounded once to
// float32, in the same way on every processor. A finite value beyond float32's 3.4e38 becomes a NaN with a mark, which
// the kernels know from other NaNs: the voxel gets the status Overflow. All integer types of 8 to 64 bits and float32
// and float64 are read, in both byte orders; complex numbers, colours and float128 are refused by name.
//
// # Writing
//
// [WriteMap] spreads fitted values over the grid of the acquisition. [WriteSignal] writes a whole block. [WriteVolumes]
// writes an image that is made volume by volume, of float32 or of integers. All write without scaling, and compress on
// all CPUs if the name ends in .gz. A file gets its name only when it is complete and on disk: it is written under a
// temporary name in the same folder, synced and renamed. After any error (a full disk, a cancelled context) nothing is
// left behind. Only a process that is killed leaves its temporary file, named ".NAME.tmp-XXXXXXXX".
//
// # What can go wrong
//
// Headers can be wrong: by damage, by the fault of another program, or on purpose. Every size is checked before memory
// is taken for it. The length of a .nii file must suffice for what its header says. The length of a .nii.gz file bounds
// what it can hold, since deflate cannot shrink more than 1032 to 1; whether it really holds that much, and whether its
// checksum is right, is found while it is streamed. Every error is one line with the file, what was found and what was
// expected:
//
//	sub-01_dwi.nii.gz: truncated: 1048576 bytes after decompression, expected 2097504
//
// The pairs of .hdr and .img files of NIfTI and ANALYZE 7.5 are not read; header extensions are
// skipped, and not copied to maps.
//
// The format is that of nifti1.h and nifti2.h (https://nifti.nimh.nih.gov).
package nifti
