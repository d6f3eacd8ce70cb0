// Package acq describes what was acquired: how each volume of an image was diffusion-weighted, and what
// signal one fibre population gives under that weighting. Every model is made from these two things.
//
// # Gradients
//
// A diffusion image is a series of volumes. Each was taken with a b-value, the strength of the weighting in
// s/mm2, along a b-vector, its direction; volumes with next to no weighting are called b0s, and volumes of
// equal b-value form a shell. A GradientTable holds one of each to a volume. ReadGradients reads FSL's pair of
// text files, ReadMRtrixGradients a table of MRtrix3's, and NewGradientTable takes slices.
//
// Real files are untidy: b0s with b = 5 and a direction, b0s with NaN for a direction, vectors that are
// not quite of unit length, 64 numbers for 65 volumes. What is harmless is taken as DIPY takes it, so that
// DesignMatrix is DIPY's, to rounding; what could be either harmless or a mistake
// comes back as a warning; what would give wrong results is an error that names the file, what was found and
// what was expected.
//
// The two programs that people use disagree on some tables, and the rules are those of the one that says more. DIPY's keep
// b-vectors of about unit length to the bit; MRtrix3's read a vector of another length as a scaled b-value (BValueScaling),
// and find the shells (ClusterShells), of which a model may be told to take some (ChooseShells). b-values that
// cannot be in s/mm2 are refused.
//
// # Frames
//
// FSL's b-vectors are written along the axes of the image, with x turned around when the image is
// right-handed; MRtrix3's along the axes of the scanner. A GradientTable keeps FSL's frame, in which DIPY
// works without any flip. WorldBvecs gives the vectors in the scanner's frame.
//
// # Responses
//
// Spherical deconvolution divides the measured signal by the signal of a single fibre: the Response. It comes as
// an axially symmetric tensor with its signal at b0 (DIPY), or as zonal spherical harmonics, a row to a shell
// (MRtrix3). ParseResponse reads the first from four numbers, ReadResponse either from a file, and AutoResponse
// estimates it from the image as DIPY's auto_response_ssst does.
package acq
