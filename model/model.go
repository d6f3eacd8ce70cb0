package model

import "github.com/voxfit/voxfit/kernel"

// A Model is one model made ready for one acquisition: its kernel, and what its parameters mean. It is
// immutable and shared by all workers.
type Model interface {
	// Name is the model's name on the command line: "csdm", "fwdtim", "dti", "sfm".
	Name() string
	// StudyName is its name in the published study's CSV, DIPY's class:
	// "ConstrainedSphericalDeconvModel", "FreeWaterTensorModel", "TensorModel", "SparseFascicleModel".
	StudyName() string
	// FileName is the model's entity in BIDS derivative names: "csd", "fwtensor", "tensor", "sfm".
	FileName() string
	// Fitter is the kernel: signal in, parameters and status out.
	Fitter() kernel.Fitter
	// Maps lists what Derive writes, in its order. The caller does not change it.
	Maps() []Map
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

// A Map describes one output image.
type Map struct {
	// Name is the parameter's BIDS name: "fod", "gfa", "fa", "fwf", "status".
	Name string
	// Suffix is what ends the file name: "dwimap".
	Suffix string
	// Components is the number of values a voxel: 1 gives a 3D image, more a 4D one.
	Components int
	// Unit is a unit ("mm2/s"), or "" for a pure number, code or arbitrary unit.
	Unit string
	// Description says in one sentence what the values are and how they are ordered.
	Description string
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
