// Package peaks finds the peaks of functions on the sphere, of fibre orientation distributions for example, and their
// generalised fractional anisotropy (GFA), by DIPY's rules.
//
// A Design says on which vertices peaks are looked for, and by which rules. A Finder is made from a design once, and
// all workers share it. Each worker loads a block of functions and asks for Peaks and GFA. With Refine, each peak then
// moves from its vertex to the maximum nearby, as in MRtrix3's sh2peaks.
//
// In lanes, functions are first sampled in single precision, whose rounding error has a known bound, and then in double
// precision at the few vertices that can be peaks. The results are those of the portable code to the last bit, so every
// instruction set gives the same.
package peaks
