package model

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// A Model is one model, set up for one acquisition: its kernel, and what the kernel's parameters mean. It is
// immutable and shared by all workers.
type Model interface {
	// Kind describes the model without an acquisition: its names, needs and options.
	Kind() *Kind
	// Options returns the options in force, with defaults filled in. Their type is that of Kind().Options.
	Options() any
	// Fitter is the kernel: signal in, parameters and status out.
	Fitter() kernel.Fitter
	// Parameters describes the kernel's parameters, in their order. The caller must not change the list.
	Parameters() []Map
	// Maps describes the maps that Derive writes, in its order. The caller must not change the list.
	Maps() []Map
	// Warnings are sentences about what the set-up found suspicious.
	Warnings() []string
	// NewDeriver allocates what one worker needs to turn parameters into maps.
	NewDeriver() Deriver
}

// A Deriver turns parameters into maps in its own scratch. It is not safe for use by two goroutines at a time. It
// does not allocate.
type Deriver interface {
	// Derive writes the maps of n = len(status) voxels. params is n x Fitter().Parameters(). out has one slice for
	// each of Maps(), n x Components, with the components of a voxel together. A map whose slice is nil is left
	// out, and so is the work for it.
	Derive(out [][]float32, params []float64, status []kernel.Status)
}

// GivenFrame is how descriptions of maps name the frame of their axes, which is that of the b-vectors given to the
// model. A program that has rotated the b-vectors, as kbench fit --frame world does, replaces these words.
const GivenFrame = "in the frame of the given b-vectors"

// A Map describes one output image, or one group of parameters.
type Map struct {
	// Name is the parameter's BIDS name: "fod", "gfa", "fa", "fwf", "status".
	Name string
	// Suffix is the end of the file name: "dwimap".
	Suffix string
	// Components is the number of values of a voxel: 1 gives a 3D image, more a 4D one.
	Components int
	// Unit is a unit ("mm2/s"), or "" for a pure number, code or arbitrary unit.
	Unit string
	// Arbitrary says that values are in the unit of the images or of the response, which is not known.
	Arbitrary bool
	// Description says in one sentence what the values are and how they are ordered.
	Description string
	// Basis is the basis of SH coefficients, and sh.DefaultBasis where the values are not SH coefficients.
	Basis sh.Basis
	// Elements names the components of a tensor.
	Elements []string
	// Directions has the direction of each component, where each component belongs to one.
	Directions [][3]float64
	// Shape is the shape of a voxel's components in C order, where these are a matrix. nil stands for a list.
	Shape []int
	// OnRequest is whether kbench writes the map only when it is asked for by name.
	OnRequest bool
}

// asModel makes an interface of what a constructor returned. With an error this is nil: a nil pointer, assigned to
// an interface, would give one that is not nil.
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
