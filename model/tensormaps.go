package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/tensor"
)

const diffusivityUnit = "mm2/s"

// The orders of a tensor's elements: DIPY's, in which they are fitted, and MRtrix3's.
var (
	tensorElements = []string{"Dxx", "Dxy", "Dyy", "Dxz", "Dyz", "Dzz"}
	mrtrixElements = []string{"D11", "D22", "D33", "D12", "D13", "D23"}
	mrtrixIndices  = [6]int{0, 2, 5, 1, 3, 4} // places of MRtrix3's elements among DIPY's
)

// tensorMaps are the first maps of every model with a tensor. whose says in the descriptions whose tensor it is. The
// last two maps are also parameters.
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
			Description: fmt.Sprintf("Elements %s of the %s tensor as fitted, "+GivenFrame+"; eigenvalues may be negative.", strings.Join(elements, ", "), whose)},
		{Name: "s0", Suffix: "dwimap", Components: 1, Arbitrary: true,
			Description: fmt.Sprintf("Fitted signal at b = 0, of the %s model.", whose)},
	}
}

// eigenMaps are the maps that are made from eigenvalues and eigenvectors. They come after those of tensorMaps and of
// further parameters.
func eigenMaps(whose string) []Map {
	return []Map{
		{Name: "evals", Suffix: "dwimap", Components: 3, Unit: diffusivityUnit, OnRequest: true,
			Description: fmt.Sprintf("Eigenvalues of the %s tensor, the largest first. Values that are too small are raised, as they are before FA is computed.", whose)},
		{Name: "evecs", Suffix: "dwimap", Components: 9, Shape: []int{3, 3}, OnRequest: true,
			Description: fmt.Sprintf("Eigenvectors of the %s tensor "+GivenFrame+", as the columns of a 3 x 3 matrix in the order of evals; their signs follow no rule.", whose)},
		{Name: "mode", Suffix: "dwimap", Components: 1, OnRequest: true,
			Description: fmt.Sprintf("Mode of the %s tensor (Ennis and Kindlmann 2006): 1 where it is linear, -1 where it is planar, 0 between them and where all eigenvalues are equal.", whose)},
		{Name: "colorFA", Suffix: "dwimap", Components: 3, OnRequest: true,
			Description: fmt.Sprintf("FA of the %s tensor times the sizes of the first eigenvector's x, y and z, "+GivenFrame+": red, green and blue.", whose)},
	}
}

// A tensorDeriver derives the maps of tensorMaps, an optional further parameter, those of eigenMaps, and the status.
type tensorDeriver struct {
	mrtrixOrder    bool
	parameters     int
	minDiffusivity float64 // eigenvalues are raised to it before anything is made of them
	eigen          *tensor.EigenWorker
	tensors        [6 * tensorBlock]float64
	values         [3 * tensorBlock]float64
	vectors        [9 * tensorBlock]float64
}

// tensorBlock is how many tensors are decomposed at once.
const tensorBlock = 64

func (d *tensorDeriver) Derive(out [][]float32, params []float64, status []kernel.Status) {
	for first := 0; first < len(status); first += tensorBlock {
		d.derive(out, params, first, min(first+tensorBlock, len(status)))
	}
	deriveStatus(out[d.firstEigenMap()+4:], status)
}

// firstEigenMap is the number of maps before those of eigenMaps.
func (d *tensorDeriver) firstEigenMap() int { return 5 + d.parameters - 6 }

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
	eigen := out[d.firstEigenMap():][:4]
	var vectors []float64
	if eigen[1] != nil || eigen[3] != nil {
		vectors = d.vectors[:9*(next-first)]
	} else if out[0] == nil && out[1] == nil && out[2] == nil && out[3] == nil && eigen[0] == nil && eigen[2] == nil {
		return
	}
	d.eigen.Decompose(d.values[:3*(next-first)], vectors, d.tensors[:6*(next-first)])
	for v := first; v < next; v++ {
		e := d.raised((*[6]float64)(d.tensors[6*(v-first):]), (*[3]float64)(d.values[3*(v-first):]))
		fa := fractionalAnisotropy(e[0], e[1], e[2])
		for i, x := range [...]float64{fa, (e[0] + e[1] + e[2]) / 3, e[0], (e[1] + e[2]) / 2} {
			put(out[i], v, float32(x))
		}
		put(eigen[2], v, float32(mode(e)))
		if eigen[0] != nil {
			narrow(eigen[0][3*v:], e[:])
		}
		if vectors != nil {
			writeVectors(eigen[1], eigen[3], v, (*[9]float64)(vectors[9*(v-first):]), e, fa)
		}
	}
}

// writeVectors writes a voxel's eigenvectors and its colours, each unless its map is nil. It writes zeros where no
// tensor was fitted.
func writeVectors(directions, colors []float32, voxel int, vectors *[9]float64, values [3]float64, fa float64) {
	if values == ([3]float64{}) {
		vectors = new([9]float64)
	}
	if directions != nil {
		narrow(directions[9*voxel:], vectors[:])
	}
	if colors != nil {
		for i := range 3 {
			colors[3*voxel+i] = float32(fa * math.Abs(vectors[3*i]))
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

// raised returns a tensor's eigenvalues, raised to the least diffusivity as DIPY does. They are zeros where no
// tensor was fitted.
func (d *tensorDeriver) raised(tensor *[6]float64, values *[3]float64) [3]float64 {
	if *tensor == ([6]float64{}) {
		return [3]float64{} // they stay zeros: nothing was fitted
	}
	return [3]float64{max(values[0], d.minDiffusivity), max(values[1], d.minDiffusivity), max(values[2], d.minDiffusivity)}
}

// mode returns the mode of Ennis and Kindlmann (2006): 3 sqrt(6) times the determinant of the deviatoric tensor divided
// by its norm. It is 0 if all eigenvalues are equal, as in DIPY.
func mode(e [3]float64) float64 {
	mean := (e[0] + e[1] + e[2]) / 3
	a, b, c := e[0]-mean, e[1]-mean, e[2]-mean
	largest := max(math.Abs(a), math.Abs(b), math.Abs(c))
	if largest == 0 || e[0] == e[2] {
		return 0
	}
	a, b, c = a/largest, b/largest, c/largest // so that no product underflows
	norm := math.Sqrt(float64(a*a) + float64(b*b) + float64(c*c))
	return max(-1, min(1, 3*math.Sqrt(6)*(a/norm)*(b/norm)*(c/norm)))
}

// fractionalAnisotropy returns the FA of Basser and Pierpaoli (1996). It is 0 for three zeros, as in DIPY.
func fractionalAnisotropy(e1, e2, e3 float64) float64 {
	largest := max(math.Abs(e1), math.Abs(e2), math.Abs(e3))
	if largest == 0 {
		return 0
	}
	e1, e2, e3 = e1/largest, e2/largest, e3/largest // so that no square underflows or overflows
	a, b, c := e1-e2, e2-e3, e3-e1
	square := func(x float64) float64 { return float64(x * x) } // float64 keeps the compiler from fusing
	return math.Sqrt(0.5 * (square(a) + square(b) + square(c)) / (square(e1) + square(e2) + square(e3)))
}
