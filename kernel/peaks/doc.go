// Package peaks finds the peaks of functions on the sphere, of fibre orientation distributions for example, and their
// generalised fractional anisotropy (GFA), by DIPY's rules.
//
// A Design says on which vertices, and by which rules. A Finder is made of it once and shared; each worker loads a
// block of functions and asks for Peaks and GFA. With Refine, peaks then climb from their vertices to the maxima
// between them, as in MRtrix3's sh2peaks.
//
// In lanes, functions are sampled in single precision first, whose rounding has a bound, then in double precision at
// the few vertices that can be peaks. The results are those of the portable code, to the last bit: Finder and Worker
// give the same on every instruction set.
package peaks
