// Package model makes the kernel for an acquisition, and turns the parameters that the kernel finds into maps with
// names.
//
// A kernel knows matrices and numbers. A user has a gradient table, perhaps a response function, and
// wants images called fa, gfa or peaks. A Model stands between them:
//
//	gradient table, response, options --NewCSD, NewMSMT, NewFreeWater, NewTensor, NewSFM--> Model
//	Model.Fitter()      the kernel: signal in, parameters and status out
//	Model.Maps()        the maps that can be made: name, components, unit, description
//	Model.NewDeriver()  what one worker needs to turn parameters into these maps
//
// Set-up happens once and may be slow; it uses ordinary linear algebra. Fitting and deriving happen for
// every voxel and do not allocate.
//
// The defaults of all options are DIPY's, so that a model with the zero options gives DIPY's numbers. Only those of
// MSMT are MRtrix3's, because its multi-tissue deconvolution is the one that people use. The documentation of each
// model says which class or function of DIPY, or which command of MRtrix3, it follows. Names and components of maps
// follow the BIDS derivatives that pyAFQ and QSIRecon write.
//
// Directions, of peaks or of eigenvectors, are in the frame of the b-vectors that were given. For FSL's files that is
// the image's own frame. To write files for software that works in the scanner's frame, turn the b-vectors first
// (acq.GradientTable.WorldBvecs).
package model
