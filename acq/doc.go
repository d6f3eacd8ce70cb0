// Package acq describes what was acquired: how each volume of an image was diffusion-weighted, and what
// signal one fibre population gives under that weighting. Every model is made from these two things.
//
// # Gradients
//
// A diffusion image is a series of volumes. Each was taken with a b-value, the strength of the weighting in s/mm2,
// along a b-vector, its direction; volumes with next to no weighting are called b0s, and volumes of equal b-value form
// a shell. A GradientTable holds a b-value and a b-vector for each volume. ReadGradients reads FSL's pair of text
// files, ReadMRtrixGradients reads a table of MRtrix3, and NewGradientTable takes slices.
//
// Real files are untidy: b0s with b = 5 and a direction, b0s with NaN for a direction, vectors that are not quite of
// unit length, 64 numbers for 65 volumes. What is harmless is read as DIPY reads it, so that DesignMatrix equals DIPY's
// within rounding. What may be a mistake gives a warning. What would give wrong results is an error that names the
// file, what was found and what was expected.
//
// DIPY and MRtrix3 read some tables differently. voxfit then follows the program whose rule covers more cases. As in
// DIPY, b-vectors of about unit length are kept to the bit. As in MRtrix3, a vector of another length scales its
// b-value (BValueScaling), and shells are clusters of b-values (ClusterShells). A model can be told to take some of
// the shells (ChooseShells). b-values that cannot be in s/mm2 are refused.
//
// # Frames
//
// FSL writes b-vectors along the axes of the image, with x turned around when the image is right-handed. MRtrix3 writes
// them along the axes of the scanner. A GradientTable keeps FSL's frame, in which DIPY works without any flip.
// WorldBvecs gives the vectors in the scanner's frame.
//
// # Responses
//
// Spherical deconvolution divides the measured signal by the signal of a single fibre: the Response. It comes as an
// axially symmetric tensor with its signal at b0 (DIPY), or as zonal spherical harmonics, with one row for each shell
// (MRtrix3). ParseResponse reads the first from four numbers, ReadResponse either from a file, and AutoResponse
// estimates it from the image as DIPY's auto_response_ssst does.
package acq
