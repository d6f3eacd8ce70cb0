// Package freewater is the diffusion tensor with free water beside it.
//
// With free water in a voxel (cerebrospinal fluid, oedema) the signal is a tensor's and an isotropic one's, mixed by
// a fraction that has to be found as well:
//
//	S = S0 ((1-f) exp(-b : D) + f exp(-b Diso))
//
// WLS (Hoy et al. 2014) looks for f on a grid, first by tenths, then by hundredths, then by thousandths; for each f the
// tensor is a weighted linear fit. NLS (as in DIPY's fwdti) is a nonlinear fit with bounds of all at once. New
// documents what they minimise, their order of parameters, and their rules for signals that nothing can be fitted to.
//
// # In lanes
//
// What both methods have in common, the rules and the starts of a voxel, is in lanes.go.
//
// WLS (wls.go) keeps the portable code's grid, point for point. In mixed precision sixteen voxels at a time go through
// its levels in single precision (gridlots.go, gridbatch.go), with right-hand sides from a power series where water is
// a small part (gridseries.go). Where rounding leaves a choice, a search in double precision (gridsearch.go) makes it.
// All searches share one evaluation of the objective.
//
// NLS (nls.go) takes its first Newton steps in single precision, sixteen voxels in step (single.go, singledesign.go),
// and ends each fit in double precision, in one of eight lanes (slots.go). A voxel whose minimum is doubtful starts
// again from elsewhere.
//
// The package shares with package tensor what package internal/lanes holds (the design, the course of Newton steps),
// and nothing else.
package freewater
