package native

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// A Model is one model made ready for one acquisition. It is shared by all threads.
type Model struct {
	model    model.Model
	fields   []model.Map // of the parameters
	warnings []string
	isa      string
	idle     sync.Pool // *fitWorker, for batches too small to start threads for
}

// A Handle stands for a Model where pointers of Go may not be kept. 0 is no model, and none is given
// out twice.
type Handle uint64

// ErrHandle is the error of a handle that was never given out, or was freed.
var ErrHandle = errors.New("voxfit: no model has this handle: it was freed, or never made")

var registry struct {
	sync.RWMutex
	models map[Handle]*Model
	last   Handle
}

// New makes the model of that name ("csdm", "fwdtim", "msmt", "dti", "sfm") and a handle to it. b-values
// are in s/mm2, b-vectors in the frame that results shall have; the options are a JSON object, see
// README.md. Errors say what was found and what was expected.
func New(name string, bvals []float64, bvecs [][3]float64, options string) (Handle, error) {
	m, err := newModel(name, bvals, bvecs, options)
	if err != nil {
		return 0, err
	}
	registry.Lock()
	defer registry.Unlock()
	if registry.models == nil {
		registry.models = map[Handle]*Model{}
	}
	registry.last++
	registry.models[registry.last] = m
	return registry.last, nil
}

// Find returns the model of a handle.
func Find(h Handle) (*Model, error) {
	registry.RLock()
	defer registry.RUnlock()
	if m, ok := registry.models[h]; ok {
		return m, nil
	}
	return nil, ErrHandle
}

// Free gives a handle back. Fits that go on in other threads end as if nothing had happened.
func Free(h Handle) error {
	registry.Lock()
	defer registry.Unlock()
	if _, ok := registry.models[h]; !ok {
		return ErrHandle
	}
	delete(registry.models, h)
	return nil
}

// Measurements is the number of values of a voxel's signal.
func (m *Model) Measurements() int { return m.model.Fitter().Measurements() }

// Parameters is the number of values that Fit writes for a voxel.
func (m *Model) Parameters() int { return m.model.Fitter().Parameters() }

// ParameterFields says what the parameters are, in their order.
func (m *Model) ParameterFields() []model.Map { return m.fields }

// MapFields says what Derive writes, in its order.
func (m *Model) MapFields() []model.Map { return m.model.Maps() }

// Warnings are sentences on what the set-up found suspicious.
func (m *Model) Warnings() []string { return m.warnings }

// ISA is the instruction set of the kernels.
func (m *Model) ISA() string { return m.isa }

// newModel makes a model that no handle stands for.
func newModel(name string, bvals []float64, bvecs [][3]float64, options string) (*Model, error) {
	build, ok := builders[name]
	if !ok {
		return nil, fmt.Errorf("voxfit: there is no model %q; there are csdm, fwdtim, msmt, dti and sfm", name)
	}
	built, err := build(acquired{bvals, bvecs}, options)
	if err != nil {
		return nil, err
	}
	m := &Model{model: built.model, warnings: built.warnings}
	m.isa, err = kernel.ChosenISA(kernel.WithISA(built.isa))
	m.fields = parameterFields(built.model)
	for _, f := range slices.Concat(m.MapFields(), m.fields) {
		if len(f.Name) > maxNameBytes {
			return nil, fmt.Errorf("%s: the name %q has %d bytes, expected at most %d", name, f.Name, len(f.Name), maxNameBytes)
		}
	}
	return m, err
}

// maxNameBytes is what voxfit_field has room for.
const maxNameBytes = 63

// parameterFields names the parameters, which the maps of the model are made of.
func parameterFields(of model.Model) []model.Map {
	maps := map[string]model.Map{}
	var fods []model.Map
	for _, m := range of.Maps() {
		maps[m.Name] = m
		if of.Name() == "msmt" && m.Components > 0 && len(m.Name) > 4 && m.Name[:4] == "fod_" {
			m.Description = "SH coefficients of the tissue's distribution, basis tournier07: even l ascending, m = -l..l."
			fods = append(fods, m)
		}
	}
	switch of.Name() {
	case "csdm":
		fod := maps["fod"]
		fod.Description = "SH coefficients of the fibre orientation distribution, basis descoteaux07: even l ascending, m = -l..l."
		return []model.Map{fod}
	case "msmt":
		return append(fods, model.Map{Name: "residual", Components: 1, Description: "Sum of the squared differences of predicted and measured signal."}, maps["kkt"])
	case "sfm":
		return []model.Map{maps["weights"], maps["s0"], maps["isotropic"], maps["residual"], maps["kkt"]}
	case "fwdtim":
		return []model.Map{maps["tensor"], maps["s0"], maps["fwf"]}
	}
	return []model.Map{maps["tensor"], maps["s0"]}
}
