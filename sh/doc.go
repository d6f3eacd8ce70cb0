// Package sh holds what diffusion MRI needs of functions on the sphere: real spherical harmonics in the bases of DIPY
// and MRtrix3, and the sets of directions on which such functions are sampled.
//
// # Harmonics
//
// The diffusion signal and the fibre orientation distribution have the same value in a direction and
// in its opposite, so only harmonics of even degree l occur: Count(lmax) of them, 45 for the usual
// lmax 8. A function is then a row of coefficients, stored l ascending and m = -l..l within each l
// (Terms), and its amplitude in a direction is the product with a row of Basis.Evaluate.
//
// The two programs that people use agree on storage, on normalisation (orthonormal over the whole sphere) and on the
// functions. They differ in one thing: where DIPY's default, Descoteaux07 in its legacy form, keeps the cosine of an
// azimuth at -m and the sine at m, MRtrix3's Tournier07 has them the other way around. Convert swaps them. Coefficients
// that are read in the wrong basis look plausible and point the wrong way, so every file that voxfit writes says its
// basis.
//
// A Rotation turns functions exactly, for example from the axes of an image to those of the scanner. It has one matrix
// for each degree, since a rotation does not mix degrees.
//
// Evaluate uses no trigonometric functions. It divides the Legendre functions by their powers of the sine, and
// multiplies the rest by powers of x + iy. That is exact near the poles and stable for any lmax.
//
// # Spheres
//
// A Sphere is a set of unit vectors with the edges between neighbours. A function has a peak at a vertex where it is
// larger than at all neighbours. NewSphere finds the edges by the convex hull. Since functions here are antipodally
// symmetric, half of the vertices will do: in a hemisphere, made by NewHemisphere, each vertex stands for its antipode
// too, and neighbours across the rim are joined.
//
// Symmetric362 and its hemisphere are DIPY's, vertex by vertex, because a CSD fit depends on the directions in which it
// forbids negative amplitudes. For the same reason Directions300 are MRtrix3's. The spheres that Hemisphere gives by
// name are DIPY's too, because peaks are looked for on vertices; DefaultHemisphere is DIPY's default. Repulsion spreads
// axes evenly, and the same seed gives the same set of axes again, to the last bit.
package sh
