package phantom

import (
	"cmp"
	"math"
	"slices"
)

// A bundle is a tract: its share of the white matter at a point (0 to 1), and its direction there, both in the
// coordinates of an anatomy. Each bundle is in both hemispheres. x is the distance from the plane between them.
// direction returns the direction on the side of positive x.
type bundle struct {
	weight        func(x, y, z float64) float64
	direction     func(x, y, z float64) [3]float64
	axial, radial float64 // diffusivities, mm2/s
}

var brainBundles = []bundle{
	{inCallosum, callosal, 1.75e-3, 0.25e-3},
	{inCorticospinal, rising, 1.7e-3, 0.3e-3},
	{tube(0.50, 0.34, 0.17, -0.65, 0.55), forwards, 1.6e-3, 0.4e-3},     // superior longitudinal fasciculus
	{tube(0.48, -0.36, 0.13, -0.75, 0.70), forwards, 1.6e-3, 0.4e-3},    // inferior longitudinal and fronto-occipital
	{tube(0.095, 0.335, 0.055, -0.55, 0.60), forwards, 1.6e-3, 0.35e-3}, // cingulum
}

// Fibres that run straight to the cortex spread, and are less anisotropic.
const outwardAxial, outwardRadial = 1.45e-3, 0.55e-3

func callosal(x, _, _ float64) [3]float64 { return [3]float64{1, 0, float64(2 * callosumRise * x)} }
func rising(_, _, _ float64) [3]float64   { return [3]float64{corticospinalLean, 0, 1} }
func forwards(_, _, _ float64) [3]float64 { return [3]float64{0, 1, 0} }

// The corpus callosum runs from side to side in curves z = c + rise x^2, and widens on its way to the cortex.
const callosumRise = 1.1

func inCallosum(x, y, z float64) float64 {
	c := z - float64(callosumRise*float64(x*x))
	widened := float64(0.30 * x)
	ends := float64(0.5 * float64(x*x)) // fans out forwards and backwards
	return min(ramp(c-(0.13-widened)), ramp((0.29+widened)-c), ramp(y+0.60+ends), ramp(0.55+ends-y))
}

// The corticospinal tract rises from the brain stem between thalamus and putamen to the cortex, and widens.
const corticospinalLean = 0.26

func inCorticospinal(x, y, z float64) float64 {
	along := z + 0.15
	dx, dy := x-(0.265+float64(corticospinalLean*along)), y+0.05
	radius := 0.085 + float64(0.07*(z+0.8))
	return min(ramp(radius-math.Sqrt(float64(dx*dx)+float64(dy*dy*0.4))), ramp(z+0.95))
}

// tube is a bundle along y around a line.
func tube(x0, z0, radius, back, front float64) func(x, y, z float64) float64 {
	return func(x, y, z float64) float64 {
		dx, dz := x-x0, z-z0
		return min(ramp(radius-math.Sqrt(float64(dx*dx)+float64(dz*dz))), ramp(y-back), ramp(front-y))
	}
}

// ramp is 0 outside of a bundle and rises to 1 within a short depth.
func ramp(depth float64) float64 { return max(0, min(1, depth/0.08)) }

// leastShare is the smallest share of a bundle that is kept. A smaller one does not count as a population.
const leastShare = 0.1

// setBundles finds the bundles at a point. Where they leave room, fibres run straight towards the cortex.
func (v *BrainVoxel) setBundles(a *anatomy, p [3]float64) {
	x, side := math.Abs(p[0]), 1.0
	if p[0] < 0 {
		side = -1
	}
	var found []tractShare
	sum := 0.0
	for _, b := range brainBundles {
		if w := b.weight(x, p[1], p[2]); w > 0 {
			d := b.direction(x, p[1], p[2])
			d[0] = float64(d[0] * side)
			found = append(found, tractShare{w, d, b.axial, b.radial})
			sum += w
		}
	}
	if rest := 1 - sum; rest > 0 {
		found = append(found, tractShare{rest, outwards(p), outwardAxial, outwardRadial})
		sum = 1
	}
	slices.SortStableFunc(found, func(a, b tractShare) int { return cmp.Compare(b.share, a.share) })
	kept := 0.0
	for _, f := range found[:min(len(found), len(v.Shares))] {
		if f.share < float64(leastShare*sum) {
			break
		}
		k := v.Fibres
		v.Directions[k], v.Shares[k], v.Axial[k], v.Radial[k] = a.axis(f.direction), f.share, f.axial, f.radial
		v.Fibres++
		kept += f.share
	}
	for k := range v.Fibres {
		v.Shares[k] /= kept
	}
}

// A tractShare is a bundle at one point.
type tractShare struct {
	share         float64
	direction     [3]float64
	axial, radial float64
}

// outwards is the direction from the core of a hemisphere, a line from back to front, to a point.
func outwards(p [3]float64) [3]float64 {
	core := [3]float64{0.25, max(-0.5, min(0.5, p[1])), 0}
	if p[0] < 0 {
		core[0] = -core[0]
	}
	d := [3]float64{p[0] - core[0], p[1] - core[1], p[2] - core[2]}
	if norm3(d) < 1e-6 {
		return [3]float64{0, 0, 1}
	}
	return d
}

// axis turns a direction in the coordinates of the anatomy into a unit vector in those of the gradient table. Voxels
// are equally wide in all directions.
func (a *anatomy) axis(d [3]float64) (u [3]float64) {
	for i := range u {
		u[i] = float64(d[i] * a.semi[i])
	}
	u[0] = -u[0] // voxels are numbered from right to left
	length := norm3(u)
	for i := range u {
		u[i] = u[i] / length
	}
	return u
}
