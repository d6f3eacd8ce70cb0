package phantom

import "math"

// An anatomy is the geometry of a brain. Its coordinates reach from -1 to 1 within the brain: x to the right side of
// the image, y forwards, z up. The brain is an ellipsoid with these semi-axes, in voxels.
type anatomy struct {
	centre, semi [3]float64
	waves        [foldWaves]wave
}

// The semi-axes relative to the image. The brain is about 152 x 168 x 116 mm large.
var brainSemi = [3]float64{0.43, 0.47, 0.46}

const foldWaves = 7

// A wave is the cosine of a linear form of the direction from the brain's middle. A sum of waves folds the cortex.
type wave struct {
	k     [3]float64 // turns per unit of the direction
	phase float64
}

func newAnatomy(shape [3]int, seed uint64) *anatomy {
	var a anatomy
	for i, n := range shape {
		a.centre[i], a.semi[i] = float64(n-1)/2, float64(brainSemi[i]*float64(n))
	}
	random := newStream(seed, forAnatomy, 0)
	for i := range a.waves {
		u := random.direction()
		turns := random.between(3.2, 5.2)
		for j := range u {
			a.waves[i].k[j] = float64(turns * u[j])
		}
		a.waves[i].phase = random.unit()
	}
	return &a
}

// A brainTissue is the tissue at a point.
type brainTissue uint8

const (
	outsideBrain brainTissue = iota
	whiteTissue
	greyTissue
	waterTissue
)

// The layers of the cortex along a radius, as shares of it.
const (
	pialRadius      = 0.97 // radius of the crown of a fold
	foldDepth       = 0.24 // how far the floor of a fold is below the crown, at most
	cortexThickness = 0.055
)

// tissueAt says what is at a point.
func (a *anatomy) tissueAt(p [3]float64) brainTissue {
	r := norm3(p)
	if r >= 1 {
		return outsideBrain
	}
	x, y, z := math.Abs(p[0]), p[1], p[2]
	pial, cortex := pialRadius, cortexThickness
	if r > innermostCortex {
		pial, cortex = a.cortexAt(p, r)
	}
	commissure := inCallosum(x, y, z) > 0
	switch {
	case r > pial:
		return waterTissue
	case x < 0.018 && r > 0.3 && (z > 0.1 || y > 0.62 || y < -0.62) && !commissure: // between the hemispheres
		return waterTissue
	case r > pial-cortex:
		return greyTissue
	case x < 0.075 && (z > 0.34 || y > 0.7 || y < -0.7) && !commissure: // the hemispheres' inner cortex
		return greyTissue
	case inEllipsoid(x, y, z, lateralVentricle) || inEllipsoid(x, y, z, ventricleHorn) || inEllipsoid(x, y, z, thirdVentricle):
		return waterTissue
	case inEllipsoid(x, y, z, thalamus) || inEllipsoid(x, y, z, putamen) || inEllipsoid(x, y, z, caudate):
		return greyTissue
	}
	return whiteTissue
}

// innermostCortex is a radius below which no cortex lies. At steep walls of folds, cortex is up to three times as
// thick along the radius.
const innermostCortex = pialRadius - foldDepth - 3*cortexThickness

// cortexAt is the radius of the cortex's outer surface in the direction of p, which has length r, and how far the
// cortex reaches below it along the radius. It reaches further where the surface is steep, so that the cortex is
// equally thick everywhere.
func (a *anatomy) cortexAt(p [3]float64, r float64) (pial, cortex float64) {
	u := [3]float64{p[0] / r, p[1] / r, p[2] / r}
	sum, slope := 0.0, [3]float64{}
	for i := range a.waves {
		w := &a.waves[i]
		turns := float64(w.k[0]*u[0]) + float64(w.k[1]*u[1]) + float64(w.k[2]*u[2]) + w.phase
		turns -= math.Round(turns)
		sum += cosTurn(turns)
		quarter := turns + 0.25 // its cosine is the derivative, up to a factor
		sine := float64(2 * math.Pi * cosTurn(quarter-math.Round(quarter)))
		for j := range slope {
			slope[j] += float64(sine * w.k[j])
		}
	}
	// Crowns are wide and floors narrow.
	fold := max(0, min(1, (sum-0.1)/2.8))
	pial = pialRadius - float64(foldDepth*float64(fold*fold))
	radial := float64(slope[0]*u[0]) + float64(slope[1]*u[1]) + float64(slope[2]*u[2])
	steep := 0.0
	for j := range slope {
		d := slope[j] - float64(radial*u[j])
		steep += float64(d * d)
	}
	scale := float64(2*foldDepth*fold) / 2.8
	if fold == 1 {
		scale = 0
	}
	return pial, float64(cortexThickness * min(3, math.Sqrt(1+float64(float64(scale*scale)*steep))))
}

// An ellipsoid stands for two, one in each hemisphere: x is the distance from the plane between the hemispheres.
type ellipsoid struct{ centre, semi [3]float64 }

var (
	lateralVentricle = ellipsoid{[3]float64{0.11, -0.02, 0.02}, [3]float64{0.075, 0.42, 0.10}}
	ventricleHorn    = ellipsoid{[3]float64{0.22, -0.40, -0.08}, [3]float64{0.08, 0.22, 0.10}}
	thirdVentricle   = ellipsoid{[3]float64{0, -0.02, -0.17}, [3]float64{0.025, 0.2, 0.13}}
	thalamus         = ellipsoid{[3]float64{0.14, -0.12, -0.17}, [3]float64{0.10, 0.19, 0.11}}
	caudate          = ellipsoid{[3]float64{0.17, 0.28, -0.06}, [3]float64{0.06, 0.16, 0.12}}
	putamen          = ellipsoid{[3]float64{0.38, 0.10, -0.15}, [3]float64{0.08, 0.27, 0.17}}
)

func inEllipsoid(x, y, z float64, e ellipsoid) bool {
	sum := 0.0
	for i, p := range [3]float64{x, y, z} {
		d := float64((p - e.centre[i]) / e.semi[i])
		sum += float64(d * d)
	}
	return sum < 1
}

// samplesPerAxis cubed is the number of points in a voxel by which its partial volumes are found.
const samplesPerAxis = 3

// voxel is the truth of one voxel, and whether most of it is in the brain.
func (a *anatomy) voxel(at [3]int) (v BrainVoxel, inside bool) {
	middle := a.point(at, [3]float64{})
	if reach := norm3(middle); reach > 1.5 {
		return v, false
	}
	var count [waterTissue + 1]int
	for sample := range samplesPerAxis * samplesPerAxis * samplesPerAxis {
		var offset [3]float64
		for i, rest := 0, sample; i < 3; i, rest = i+1, rest/samplesPerAxis {
			offset[i] = (float64(rest%samplesPerAxis)+0.5)/samplesPerAxis - 0.5
		}
		count[a.tissueAt(a.point(at, offset))]++
	}
	const all = samplesPerAxis * samplesPerAxis * samplesPerAxis
	v.White, v.Grey, v.Water = float64(count[whiteTissue])/all, float64(count[greyTissue])/all, float64(count[waterTissue])/all
	v.Bias = biasAt(middle)
	if v.White > 0 {
		v.setBundles(a, middle)
	}
	return v, 2*count[outsideBrain] < all
}

// point gives the coordinates of a point of a voxel: the voxel's middle plus the offset, which is in voxels.
func (a *anatomy) point(at [3]int, offset [3]float64) (p [3]float64) {
	for i := range p {
		p[i] = (float64(at[i]) + offset[i] - a.centre[i]) / a.semi[i]
	}
	p[0] = -p[0] // voxels are numbered from right to left
	return p
}

// biasAt is the bias field, which is smooth, and 0.7 to 1.3 within the brain.
func biasAt(p [3]float64) float64 {
	return 1.02 + float64(0.18*p[1]) - float64(0.10*p[2]) + float64(0.06*p[0]) - float64(0.10*float64(p[0]*p[0])) - float64(0.06*float64(p[1]*p[2]))
}

func norm3(p [3]float64) float64 {
	return math.Sqrt(float64(p[0]*p[0]) + float64(p[1]*p[1]) + float64(p[2]*p[2]))
}
