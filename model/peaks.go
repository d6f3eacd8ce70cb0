package model

import (
	"fmt"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/sh"
)

// peakRules say how the peaks of a fibre orientation distribution are found.
type peakRules struct {
	sphere            *sh.Sphere
	relativeThreshold float64
	minSeparation     float64 // in degrees
	most              int
	refine            bool
}

// finder finds peaks of sums of harmonics up to a degree.
func (r peakRules) finder(basis sh.Basis, lmax int, isa string) (*peaks.Finder, error) {
	return r.newFinder(sh.Count(lmax), basis.Evaluate(lmax, r.sphere.Vertices), isa)
}

// finderOfValues finds peaks of functions that are given by their values at the vertices.
func (r peakRules) finderOfValues(isa string) (*peaks.Finder, error) {
	return r.newFinder(len(r.sphere.Vertices), nil, isa)
}

func (r peakRules) newFinder(coefficients int, b []float64, isa string) (*peaks.Finder, error) {
	return peaks.NewFinder(peaks.Design{
		Directions: r.sphere.Vertices, Edges: r.sphere.Edges, Coefficients: coefficients, B: b,
		RelativeThreshold: r.relativeThreshold, MinSeparation: r.minSeparation, Max: r.most, Refine: r.refine,
	}, kernel.WithISA(isa))
}

// The places of the maps that peakRules.maps describes.
const (
	gfaMap = iota
	directionMap
	valueMap
	peakMapCount
)

// maps describes three maps of a function: its GFA, and the directions and the values of its peaks. what is the
// function's name in a sentence, and label ends the names of the maps.
func (r peakRules) maps(what, label string) []Map {
	sphere := fmt.Sprintf("the %s of the sphere %s", plural.Count(len(r.sphere.Vertices), "vertex"), r.sphere.Name)
	where := "at " + sphere
	if r.refine {
		where = "reached from " + sphere
	}
	return []Map{
		{Name: "gfa" + label, Suffix: "dwimap", Components: 1,
			Description: fmt.Sprintf("Generalised fractional anisotropy of %s, from its values at %s.", what, sphere)},
		{Name: "peaks" + label, Suffix: "dwimap", Components: 3 * r.most,
			Description: r.directionsOf(what, where)},
		{Name: "peakvalues" + label, Suffix: "dwimap", Components: r.most, Arbitrary: true,
			Description: fmt.Sprintf("The values of %s at its peaks, in their order; zeros where there are fewer.", what)},
	}
}

// directionsOf describes the map of directions.
func (r peakRules) directionsOf(what, where string) string {
	if r.most == 1 {
		return fmt.Sprintf("Unit vector of the highest peak of %s, %s, "+GivenFrame+"; zeros where there is none.", what, where)
	}
	return fmt.Sprintf("Unit vectors of up to %d peaks of %s, %s, the highest first, "+GivenFrame+"; zeros where there are fewer.", r.most, what, where)
}

// A peakDeriver writes maps of peaks.
type peakDeriver struct {
	worker *peaks.Worker
	most   int
}

func newPeakDeriver(f *peaks.Finder, most int) peakDeriver {
	return peakDeriver{f.NewWorker(), most}
}

// block is how many functions the worker takes at a time.
func (d peakDeriver) block() int { return d.worker.Block() }

// derive writes those of the three maps that are not nil, for n voxels from the voxel first on. functions has a row
// of stride numbers for each of these, and the function is at the beginning of its row.
func (d peakDeriver) derive(out [][]float32, functions []float64, stride, first, n int) {
	if out[gfaMap] == nil && out[directionMap] == nil && out[valueMap] == nil {
		return
	}
	for done := 0; done < n; done += d.block() {
		d.worker.Load(functions[done*stride:], stride, min(d.block(), n-done))
		if out[gfaMap] != nil {
			copy(out[gfaMap][first+done:], d.worker.GFA())
		}
		if out[directionMap] == nil && out[valueMap] == nil {
			continue
		}
		for i, peaks := range d.worker.Peaks() {
			writePeaks(out[directionMap], out[valueMap], first+done+i, d.most, peaks)
		}
	}
}

// writePeaks writes at most most peaks of a voxel, into those of the two maps that are wanted.
func writePeaks(directions, values []float32, voxel, most int, found []peaks.Peak) {
	if directions != nil {
		directions = directions[3*most*voxel:][:3*most]
		clear(directions)
		for i, p := range found {
			narrow(directions[3*i:], p.Direction[:])
		}
	}
	if values != nil {
		values = values[most*voxel:][:most]
		clear(values)
		for i, p := range found {
			values[i] = float32(p.Value)
		}
	}
}
