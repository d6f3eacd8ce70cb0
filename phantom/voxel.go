package phantom

import "fmt"

// A Tissue is the kind of a voxel. The values are those of the tissue map on disk, where 0 is a
// voxel outside the mask.
type Tissue uint8

// The tissues.
const (
	WhiteMatter Tissue = iota + 1 // one to three fibre populations
	GreyMatter                    // nearly isotropic, FA below 0.18
	CSF                           // cerebrospinal fluid: free water, in half of the voxels with a little grey matter
)

// String returns "white matter", "grey matter" or "CSF".
func (t Tissue) String() string {
	switch t {
	case WhiteMatter:
		return "white matter"
	case GreyMatter:
		return "grey matter"
	case CSF:
		return "CSF"
	}
	return fmt.Sprintf("Tissue(%d)", uint8(t))
}

// A Compartment is one axially symmetric diffusion tensor and its share of a voxel.
type Compartment struct {
	// Direction is the axis, a unit vector in the frame of the gradient directions. Its sign
	// has no meaning.
	Direction [3]float64
	// Fraction is the share of the voxel's signal at b = 0.
	Fraction float64
	// Axial and Radial are the diffusivities along and across the axis, in mm2/s.
	Axial, Radial float64
}

// A Voxel is the truth of one voxel: its noiseless signal is that of
//
//	S(b, g) = S0 ( sum_k f_k exp(-b (radial_k + (axial_k - radial_k) (g.u_k)^2)) + f_w exp(-b Dw) )
//
// with f_k and u_k the fractions and directions of Compartments, f_w FreeWater and Dw 3e-3 mm2/s
// ([FreeWaterDiffusivity]). The fractions and FreeWater add to 1.
type Voxel struct {
	Tissue Tissue
	// Fibres is the number of fibre populations: 1 to 3 in white matter, else 0.
	Fibres int
	// S0 is the signal without diffusion weighting.
	S0 float64
	// FreeWater is the share of free water in the signal at b = 0.
	FreeWater float64
	// Compartments holds the fibres of white matter, largest fraction first, or in its first
	// element the one nearly isotropic tensor of grey matter (in CSF too, where its fraction may
	// be 0). The rest are zero.
	Compartments [3]Compartment
}

// FreeWaterDiffusivity is the diffusivity of free water at body temperature, in mm2/s, as the
// free-water models assume it (Pasternak 2009).
const FreeWaterDiffusivity = 3e-3

// The ranges that white and grey matter are drawn from, in mm2/s. The core's are narrower, so that
// its FA is 0.78 to 0.89 and noise leaves it above 0.7.
const (
	axialLow, axialHigh           = 1.5e-3, 1.9e-3
	radialLow, radialHigh         = 0.2e-3, 0.45e-3
	coreAxialLow, coreAxialHigh   = 1.6e-3, 1.9e-3
	coreRadialLow, coreRadialHigh = 0.2e-3, 0.3e-3
	greyLow, greyHigh             = 0.8e-3, 1.0e-3
	// greyAnisotropy a gives the tensor D(1+2a), D(1-a), D(1-a), of FA 3a / sqrt(3 + 6 a^2).
	greyAnisotropy = 0.1
	s0Spread       = 0.1
)

// drawVoxel draws the truth of one voxel. The order of the draws is part of the phantom's
// definition: another order is another phantom.
func drawVoxel(s *stream, o Options, core bool) Voxel {
	var v Voxel
	v.S0 = float64(o.S0 * s.between(1-s0Spread, 1+s0Spread))
	if core {
		v.drawCore(s)
		return v
	}
	switch kind := drawKind(s, o.Mix); kind {
	case 3:
		v.Tissue = GreyMatter
		v.FreeWater = drawGreyWater(s)
		v.drawGrey(s)
	case 4:
		v.Tissue = CSF
		v.FreeWater = drawCSFWater(s)
		v.drawGrey(s)
	default:
		v.Tissue = WhiteMatter
		v.Fibres = kind + 1
		v.FreeWater = drawWhiteWater(s)
		v.drawFibres(s)
	}
	return v
}

// drawKind returns an index into Mix.shares.
func drawKind(s *stream, m Mix) int {
	u, last := s.unit(), 0
	for kind, share := range m.shares() {
		if share == 0 {
			continue
		}
		if u < share {
			return kind
		}
		u -= share
		last = kind
	}
	return last // the shares added to a little less than 1
}

// drawWhiteWater draws the free water of white matter: none in 30% of the voxels, below 0.3 in 55%, 0.3 to 0.8 in
// 15%.
func drawWhiteWater(s *stream) float64 {
	u, w := s.unit(), s.unit()
	switch {
	case u < 0.30:
		return 0
	case u < 0.85:
		return float64(0.3 * w)
	}
	return 0.3 + float64(0.5*w)
}

// drawGreyWater draws the free water of grey matter: none in half of the voxels, below 0.5 in the others.
func drawGreyWater(s *stream) float64 {
	u, w := s.unit(), s.unit()
	if u < 0.5 {
		return 0
	}
	return float64(0.5 * w)
}

// drawCSFWater draws the free water of CSF: nothing else in half of the voxels, 0.8 to 1 in the others.
func drawCSFWater(s *stream) float64 {
	u, w := s.unit(), s.unit()
	if u < 0.5 {
		return 1
	}
	return 0.8 + float64(0.2*w)
}

// drawCore draws a voxel of the core, from which response functions are estimated: one fibre and nothing else.
func (v *Voxel) drawCore(s *stream) {
	v.Tissue = WhiteMatter
	v.Fibres = 1
	v.Compartments[0] = Compartment{
		Direction: s.direction(),
		Fraction:  1,
		Axial:     s.between(coreAxialLow, coreAxialHigh),
		Radial:    s.between(coreRadialLow, coreRadialHigh),
	}
}

func (v *Voxel) drawGrey(s *stream) {
	d := s.between(greyLow, greyHigh)
	a := s.between(0, greyAnisotropy)
	v.Compartments[0] = Compartment{
		Direction: s.direction(),
		Fraction:  1 - v.FreeWater,
		Axial:     d + float64(d*float64(2*a)),
		Radial:    d - float64(d*a),
	}
}

// drawFibres draws v.Fibres independent fibres. Their shares of the tissue are Dirichlet(3): each a
// sum of three exponential numbers over the sum of all.
func (v *Voxel) drawFibres(s *stream) {
	fibres := v.Compartments[:v.Fibres]
	sum := 0.0
	for k := range fibres {
		fibres[k] = Compartment{
			Direction: s.direction(),
			Fraction:  s.exponential() + s.exponential() + s.exponential(),
			Axial:     s.between(axialLow, axialHigh),
			Radial:    s.between(radialLow, radialHigh),
		}
		sum += fibres[k].Fraction
	}
	for k := range fibres {
		fibres[k].Fraction = float64((1 - v.FreeWater) * (fibres[k].Fraction / sum))
	}
	for k := 1; k < len(fibres); k++ {
		for j := k; j > 0 && fibres[j].Fraction > fibres[j-1].Fraction; j-- {
			fibres[j], fibres[j-1] = fibres[j-1], fibres[j]
		}
	}
}
