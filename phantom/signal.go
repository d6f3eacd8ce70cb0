package phantom

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
)

// An acquisition is a gradient table in the layout that the simulation reads.
type acquisition struct {
	b, x, y, z []float64
	norm2      []float64 // |g|^2: 1, or 0 where there is no direction
	water      []float64 // exp(-b |g|^2 Dw)
}

// directionTolerance is how far the length of a direction may be from 1: what package acq accepts.
const directionTolerance = 1e-2

// newAcquisition reads a gradient table. Signals follow its b-matrices b g g^T, as the design
// matrices of tensor fits do, so that a direction whose last digits were lost in a text file is
// simulated as the fit will read it, and a volume without direction has no weighting whatever its
// b-value.
func newAcquisition(g *acq.GradientTable) (*acquisition, error) {
	if g == nil || g.Len() == 0 {
		return nil, fmt.Errorf("phantom: the gradient table is empty; expected at least one volume")
	}
	n := g.Len()
	if len(g.Bvecs) != n {
		return nil, fmt.Errorf("phantom: the gradient table has %s and %s; expected as many of both", plural.Count(n, "b-value"), plural.Count(len(g.Bvecs), "direction"))
	}
	column := func() []float64 { return make([]float64, n) }
	a := &acquisition{b: column(), x: column(), y: column(), z: column(), norm2: column(), water: column()}
	for i, v := range g.Bvecs {
		b := g.Bvals[i]
		if !(b >= 0) || math.IsInf(b, 1) {
			return nil, fmt.Errorf("phantom: volume %d has b-value %g; expected a finite number of 0 or more", i, b)
		}
		norm2 := float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2])
		if norm := math.Sqrt(norm2); norm != 0 && !(math.Abs(norm-1) <= directionTolerance) {
			return nil, fmt.Errorf("phantom: volume %d has a direction of length %g; expected 1 (or 0 for a b0)", i, norm)
		}
		a.b[i], a.x[i], a.y[i], a.z[i], a.norm2[i] = b, v[0], v[1], v[2], norm2
		a.water[i] = decay(-float64(b * float64(norm2*FreeWaterDiffusivity)))
	}
	return a, nil
}

// simulate writes the noiseless signal of v into dst.
func (a *acquisition) simulate(dst []float64, v *Voxel) {
	clear(dst)
	for k := range v.Compartments {
		if c := &v.Compartments[k]; c.Fraction > 0 {
			a.add(dst, c, float64(v.S0*c.Fraction))
		}
	}
	if v.FreeWater > 0 {
		scale := float64(v.S0 * v.FreeWater)
		for i, w := range a.water[:len(dst)] {
			dst[i] += float64(scale * w)
		}
	}
}

// add adds scale exp(-b (radial |g|^2 + (axial - radial) (g.u)^2)) to dst.
func (a *acquisition) add(dst []float64, c *Compartment, scale float64) {
	n := len(dst)
	b, x, y, z, norm2 := a.b[:n], a.x[:n], a.y[:n], a.z[:n], a.norm2[:n]
	ux, uy, uz := c.Direction[0], c.Direction[1], c.Direction[2]
	radial, delta := c.Radial, c.Axial-c.Radial
	for i := range dst {
		cos := float64(x[i]*ux) + float64(y[i]*uy) + float64(z[i]*uz)
		d := float64(radial*norm2[i]) + float64(delta*float64(cos*cos))
		dst[i] += float64(scale * decay(-float64(b[i]*d)))
	}
}

// Noiseless returns the signal of v for every volume of g, in double precision. Without noise, Phantom.Signal holds the
// same numbers, rounded to float32.
func (v Voxel) Noiseless(g *acq.GradientTable) ([]float64, error) {
	a, err := newAcquisition(g)
	if err != nil {
		return nil, err
	}
	dst := make([]float64, g.Len())
	a.simulate(dst, &v)
	return dst, nil
}
