// Package reftensor holds the portable kernels of the diffusion tensor and of free water. Package ref holds the others.
// Both follow the same rules: nothing depends on the processor, and every rounding is written out.
//
// A LogLinear is the design that both models share. Its weighted fits (weighted.go) serve the linear methods of the
// tensor, and the search for the fraction of free water (grid.go). Newton steps (newton.go) end both nonlinear fits.
// Where free water has many minima (fastdecay.go), the steps of MINPACK are taken as well (levenberg.go). lanes.go
// gives the kernels of instruction sets what is computed here.
package reftensor
