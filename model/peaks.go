package model

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// PeakOptions say how the peaks of a fibre orientation distribution are found. The zero value is
// DIPY's defaults.
type PeakOptions struct {
	// Sphere holds the directions that are looked at, with edges between neighbours. nil means
	// sh.DefaultHemisphere, 362 of them.
	Sphere *sh.Sphere
	// RelativeThreshold is the least height of a peak relative to the highest; 0 means 0.5. For none give NoThreshold.
	RelativeThreshold float64
	// MinSeparation is the least angle between peaks in degrees; 0 means 25. For none give NoSeparation.
	MinSeparation float64
	// Max is the number of peaks in the maps; 0 means 5.
	Max int
	// Refine moves the peaks from the sphere's vertices to the maxima between them, as MRtrix3 does.
	Refine bool
}

// NoThreshold and NoSeparation, in PeakOptions, let each positive maximum be a peak, and each beside each.
const (
	NoThreshold  = 1e-300
	NoSeparation = 1e-300
)

func (o PeakOptions) withDefaults() PeakOptions {
	if o.Sphere == nil {
		o.Sphere = sh.DefaultHemisphere()
	}
	setDefault(&o.RelativeThreshold, 0.5)
	setDefault(&o.MinSeparation, 25)
	setDefault(&o.Max, 5)
	return o
}

// finder finds peaks of sums of harmonics up to a degree.
func (o PeakOptions) finder(basis sh.Basis, lmax int, isa string) (*kernel.PeakFinder, error) {
	s := o.Sphere
	return kernel.NewPeakFinder(kernel.PeakDesign{
		Directions: s.Vertices, Edges: s.Edges,
		Coefficients: sh.Count(lmax), B: basis.Evaluate(lmax, s.Vertices),
		RelativeThreshold: o.RelativeThreshold, MinSeparation: o.MinSeparation,
		Max: o.Max, Refine: o.Refine,
	}, kernel.WithISA(isa))
}

// Names of the maps of peaks, in their order.
const (
	gfaMap = iota
	directionMap
	valueMap
	peakMapCount
)

// maps describes GFA, directions and values of the peaks of a function, which what names.
func (o PeakOptions) maps(what, label string) []Map {
	sphere := fmt.Sprintf("the %d vertices of the sphere %s", len(o.Sphere.Vertices), o.Sphere.Name)
	where := "at " + sphere
	if o.Refine {
		where = "that " + sphere + " lead to"
	}
	return []Map{
		{Name: "gfa" + label, Suffix: "dwimap", Components: 1,
			Description: fmt.Sprintf("Generalised fractional anisotropy of %s, from its values at %s.", what, sphere)},
		{Name: "peaks" + label, Suffix: "dwimap", Components: 3 * o.Max,
			Description: fmt.Sprintf("Unit vectors of up to %d peaks of %s, %s, the highest first, in the frame of the given b-vectors; zeros where there are fewer.", o.Max, what, where)},
		{Name: "peakvalues" + label, Suffix: "dwimap", Components: o.Max,
			Description: fmt.Sprintf("The values of %s at its peaks, in their order; zeros where there are fewer.", what)},
	}
}

// A peakDeriver writes maps of peaks.
type peakDeriver struct {
	worker *kernel.PeakWorker
	most   int
}

func newPeakDeriver(f *kernel.PeakFinder, most int) peakDeriver {
	return peakDeriver{f.NewWorker(), most}
}

// derive writes those of the three maps that are wanted for n functions, each at the beginning of a row of stride
// numbers.
func (d peakDeriver) derive(out [][]float32, functions []float64, stride, n int) {
	if out[gfaMap] == nil && out[directionMap] == nil && out[valueMap] == nil {
		return
	}
	for first := 0; first < n; first += d.worker.Block() {
		d.worker.Load(functions[first*stride:], stride, min(d.worker.Block(), n-first))
		if out[gfaMap] != nil {
			copy(out[gfaMap][first:], d.worker.GFA())
		}
		if out[directionMap] == nil && out[valueMap] == nil {
			continue
		}
		for i, peaks := range d.worker.Peaks() {
			writePeaks(out[directionMap], out[valueMap], first+i, d.most, peaks)
		}
	}
}

// writePeaks writes at most most peaks of a voxel, into those of the two maps that are wanted.
func writePeaks(directions, values []float32, voxel, most int, peaks []kernel.Peak) {
	if directions != nil {
		directions = directions[3*most*voxel:][:3*most]
		clear(directions)
		for i, p := range peaks {
			narrow(directions[3*i:], p.Direction[:])
		}
	}
	if values != nil {
		values = values[most*voxel:][:most]
		clear(values)
		for i, p := range peaks {
			values[i] = float32(p.Value)
		}
	}
}
