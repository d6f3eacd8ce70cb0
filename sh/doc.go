// Package sh holds the functions on the sphere that diffusion MRI is written in: real spherical
// harmonics in the bases of DIPY and MRtrix3, and the sets of directions that such functions are
// sampled on.
//
// # Harmonics
//
// The diffusion signal and the fibre orientation distribution have the same value in a direction and
// in its opposite, so only harmonics of even degree l occur: Count(lmax) of them, 45 for the usual
// lmax 8. A function is then a row of coefficients, stored l ascending and m = -l..l within each l
// (Terms), and its amplitude in a direction is the product with a row of Basis.Evaluate.
//
// The two programs that people use agree on storage, on normalisation (orthonormal over the whole
// sphere) and on the functions. They differ in one thing: where DIPY's default, Descoteaux07 in its
// legacy form, keeps the cosine of an azimuth at -m and the sine at m, MRtrix3's Tournier07 has them the
// other way around. Convert swaps them. Coefficients taken for those of the wrong basis look plausible
// and point the wrong way, so whatever is written to disk says its basis.
//
// A Rotation turns functions with the space that they lie in, exactly: from the axes of an image to those of the scanner. It
// has a matrix for each degree, since degrees do not mix.
//
// Evaluate needs no trigonometric function: it multiplies Legendre functions, from which the powers of
// the sine are divided out, by powers of x + iy. That is exact near the poles and stable for any lmax.
//
// # Spheres
//
// A Sphere is a set of unit vectors with the edges between neighbours: where a function on the vertices
// exceeds its value at every neighbour, there is a peak. NewSphere finds the edges by the convex hull.
// Since functions here are antipodally symmetric, half of the vertices will do: in a hemisphere, made by
// NewHemisphere, each vertex stands for its antipode too, and neighbours across the rim are joined.
//
// Symmetric362 and its hemisphere are DIPY's, vertex by vertex, because a CSD fit depends on the directions
// in which it forbids negative amplitudes. Directions300 are MRtrix3's, for the same reason. So are the spheres that
// Hemisphere gives by name DIPY's, because peaks are looked for on vertices; DefaultHemisphere is DIPY's default.
// Repulsion spreads axes evenly; anyone can make a set of its again, to the last bit, with the same seed.
package sh
