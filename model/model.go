package model

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// A Model is one model made ready for one acquisition: its kernel, and what its parameters mean. It is
// immutable and shared by all workers.
type Model interface {
	// Kind is what there is to say of the model without an acquisition: its names, needs and options.
	Kind() *Kind
	// Options are the options in force, with all defaults, of the type of Kind().Options.
	Options() any
	// Fitter is the kernel: signal in, parameters and status out.
	Fitter() kernel.Fitter
	// Parameters says what the kernel's parameters are, in their order. The caller does not change it.
	Parameters() []Map
	// Maps lists what Derive writes, in its order. The caller does not change it.
	Maps() []Map
	// Warnings are sentences on what the set-up found suspicious.
	Warnings() []string
	// NewDeriver allocates what one worker needs to turn parameters into maps.
	NewDeriver() Deriver
}

// A Deriver turns parameters into maps in its own scratch. It is not safe for use by two goroutines at
// a time; it does not allocate.
type Deriver interface {
	// Derive writes the maps of n = len(status) voxels. params is n x Fitter().Parameters(); out has
	// one slice for each of Maps(), of n x Components values, voxel-major; a nil slice leaves the map out,
	// with the work for it.
	Derive(out [][]float32, params []float64, status []kernel.Status)
}

// GivenFrame is what descriptions of maps say of their axes: they are those of the b-vectors that the model was made
// with. A program that has turned the b-vectors, as kbench fit --frame world does, puts other words in their place.
const GivenFrame = "in the frame of the given b-vectors"

// A Map describes one output image, or one group of parameters.
type Map struct {
	// Name is the parameter's BIDS name: "fod", "gfa", "fa", "fwf", "status".
	Name string
	// Suffix is what ends the file name: "dwimap".
	Suffix string
	// Components is the number of values a voxel: 1 gives a 3D image, more a 4D one.
	Components int
	// Unit is a unit ("mm2/s"), or "" for a pure number, code or arbitrary unit.
	Unit string
	// Arbitrary says that the unit is that of the images or of the response, which nothing tells.
	Arbitrary bool
	// Description says in one sentence what the values are and how they are ordered.
	Description string
	// Basis is that of spherical harmonics; sh.DefaultBasis where the values are none.
	Basis sh.Basis
	// Elements names the components of a tensor.
	Elements []string
	// Directions are those of the components, where each belongs to one.
	Directions [][3]float64
	// Shape is that of an array of the components, in C order, where they are no list.
	Shape []int
	// OnRequest is whether kbench writes the map only when it is asked for by name.
	OnRequest bool
}

// asModel keeps a model that could not be made from being an interface that is not nil.
func asModel[M Model](m M, err error) (Model, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// statusMaps are the last two maps of every model.
var statusMaps = []Map{
	{Name: "status", Suffix: "dwimap", Components: 1, Description: "What happened to the voxel, as a code; 1 is outside the mask."},
	{Name: "iterations", Suffix: "dwimap", Components: 1, Description: "Iterations that the fit took; 0 where nothing was iterated."},
}

// deriveStatus writes the maps of statusMaps.
func deriveStatus(out [][]float32, status []kernel.Status) {
	for v, s := range status {
		put(out[0], v, float32(s.Code))
		put(out[1], v, float32(s.Iterations))
	}
}

// put writes a voxel's value into a map of one component, where the map is wanted.
func put(dst []float32, v int, value float32) {
	if dst != nil {
		dst[v] = value
	}
}

// narrow writes parameters as the values of a map.
func narrow(dst []float32, values []float64) {
	for i, v := range values {
		dst[i] = float32(v)
	}
}
