package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/voxfit/voxfit/kernel"
)

const diffusivityUnit = "mm2/s"

// The orders of a tensor's elements: DIPY's, in which they are fitted, and MRtrix3's.
var (
	tensorElements = []string{"Dxx", "Dxy", "Dyy", "Dxz", "Dyz", "Dzz"}
	mrtrixElements = []string{"D11", "D22", "D33", "D12", "D13", "D23"}
	mrtrixIndices  = [6]int{0, 2, 5, 1, 3, 4} // of MRtrix3's elements among DIPY's
)

// tensorMaps are the first maps of every model with a tensor; whose says whose tensor it is. The last two are
// parameters, too.
func tensorMaps(whose string, mrtrixOrder bool) []Map {
	elements := tensorElements
	if mrtrixOrder {
		elements = mrtrixElements
	}
	one := func(name, unit, description string) Map {
		return Map{Name: name, Suffix: "dwimap", Components: 1, Unit: unit, Description: fmt.Sprintf(description, whose)}
	}
	return []Map{
		one("fa", "", "Fractional anisotropy of the %s tensor."),
		one("md", diffusivityUnit, "Mean diffusivity of the %s tensor."),
		one("ad", diffusivityUnit, "Axial diffusivity, the largest eigenvalue of the %s tensor."),
		one("rd", diffusivityUnit, "Radial diffusivity, the mean of the two smaller eigenvalues of the %s tensor."),
		{Name: "tensor", Suffix: "dwimap", Components: 6, Unit: diffusivityUnit, Elements: elements,
			Description: fmt.Sprintf("Elements %s of the %s tensor as fitted, in the frame of the given b-vectors; eigenvalues may be negative.", strings.Join(elements, ", "), whose)},
		one("s0", "", "Signal without diffusion weighting that the fit predicts, of the %s model."),
	}
}

// A tensorDeriver derives the maps of tensorMaps, an optional further parameter, and the status.
type tensorDeriver struct {
	mrtrixOrder    bool
	parameters     int
	minDiffusivity float64 // eigenvalues are raised to it before anything is made of them
	eigen          *kernel.EigenWorker
	tensors        [6 * tensorBlock]float64
	values         [3 * tensorBlock]float64
}

// tensorBlock is how many tensors are decomposed at once.
const tensorBlock = 64

func (d *tensorDeriver) Derive(out [][]float32, params []float64, status []kernel.Status) {
	for first := 0; first < len(status); first += tensorBlock {
		d.derive(out, params, first, min(first+tensorBlock, len(status)))
	}
	deriveStatus(out[d.parameters-1:], status)
}

// derive derives the maps of one block of voxels.
func (d *tensorDeriver) derive(out [][]float32, params []float64, first, next int) {
	for v := first; v < next; v++ {
		p := params[v*d.parameters:][:d.parameters]
		copy(d.tensors[6*(v-first):], p[:6])
		if out[4] != nil {
			d.writeTensor(out[4][6*v:], p[:6])
		}
		for k, x := range p[6:] {
			put(out[5+k], v, float32(x))
		}
	}
	if out[0] == nil && out[1] == nil && out[2] == nil && out[3] == nil {
		return
	}
	d.eigen.Decompose(d.values[:3*(next-first)], nil, d.tensors[:6*(next-first)])
	for v := first; v < next; v++ {
		fa, md, ad, rd := d.scalars((*[6]float64)(d.tensors[6*(v-first):]), (*[3]float64)(d.values[3*(v-first):]))
		for i, x := range [...]float64{fa, md, ad, rd} {
			put(out[i], v, float32(x))
		}
	}
}

func (d *tensorDeriver) writeTensor(dst []float32, tensor []float64) {
	if !d.mrtrixOrder {
		narrow(dst, tensor)
		return
	}
	for i, element := range mrtrixIndices {
		dst[i] = float32(tensor[element])
	}
}

// scalars are those of a tensor with its eigenvalues raised as DIPY does it, zero where no tensor was
// fitted.
func (d *tensorDeriver) scalars(tensor *[6]float64, values *[3]float64) (fa, md, ad, rd float64) {
	if *tensor == ([6]float64{}) {
		return 0, 0, 0, 0 // raising zeros would make a diffusivity of nothing
	}
	e1, e2, e3 := max(values[0], d.minDiffusivity), max(values[1], d.minDiffusivity), max(values[2], d.minDiffusivity)
	return fractionalAnisotropy(e1, e2, e3), (e1 + e2 + e3) / 3, e1, (e2 + e3) / 2
}

// fractionalAnisotropy is that of Basser and Pierpaoli (1996), 0 for three zeros, as in DIPY.
func fractionalAnisotropy(e1, e2, e3 float64) float64 {
	largest := max(math.Abs(e1), math.Abs(e2), math.Abs(e3))
	if largest == 0 {
		return 0
	}
	e1, e2, e3 = e1/largest, e2/largest, e3/largest // no square vanishes or overflows
	a, b, c := e1-e2, e2-e3, e3-e1
	square := func(x float64) float64 { return float64(x * x) } // rounded: nothing is fused
	return math.Sqrt(0.5 * (square(a) + square(b) + square(c)) / (square(e1) + square(e2) + square(e3)))
}
