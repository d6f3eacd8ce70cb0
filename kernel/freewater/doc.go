// Package freewater fits the diffusion tensor together with a fraction of free water.
//
// With free water in a voxel (cerebrospinal fluid, oedema) the signal is a mixture of a tensor's signal and an
// isotropic one. The fraction f of the latter has to be found as well:
//
//	S = S0 ((1-f) exp(-b : D) + f exp(-b Diso))
//
// WLS (Hoy et al. 2014) looks for f on a grid: first by tenths, then by hundredths, then by thousandths. For each f the
// tensor is a weighted linear fit. NLS, as in DIPY's fwdti, is one nonlinear fit of all parameters, within bounds. The
// documentation of New says what the two minimise, in which order the parameters are, and which rules hold for signals
// to which nothing can be fitted.
//
// # In lanes
//
// The rules for a voxel and its starting points are the same for both methods. They are in lanes.go.
//
// WLS (wls.go) keeps the portable code's grid, point for point. In mixed precision sixteen voxels at a time go through
// the three levels of the grid in single precision (gridlots.go, gridbatch.go). Where water is a small part of the
// signal, a power series gives the right-hand sides (gridseries.go). Where the error of single precision could change
// which point is chosen, a search in double precision chooses it (gridsearch.go). All searches share one evaluation of
// the objective.
//
// NLS (nls.go) takes its first Newton steps in single precision, sixteen voxels at a time (single.go, singledesign.go),
// and ends each fit in double precision, in one of eight lanes (slots.go). A voxel that may have ended in a local
// minimum is fitted again from other starting points.
//
// This package and package tensor share the design and the order of Newton steps, which are in package internal/lanes.
// They share nothing else.
package freewater
