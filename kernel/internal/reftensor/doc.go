// Package reftensor holds the portable kernels of the diffusion tensor and of free water, as package ref holds the
// others, by the same rules: nothing depends on the processor, and every rounding is written out.
//
// A LogLinear is the design that both models have. Weighted fits of it (weighted.go) serve the tensor's linear methods
// and the search for the fraction of free water (grid.go). Newton steps (newton.go) end both nonlinear fits. Where
// free water has many minima (fastdecay.go), the steps of MINPACK are taken as well (levenberg.go). lanes.go lends the
// kernels of instruction sets what was computed here.
package reftensor
