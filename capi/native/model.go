package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// A Model is one model, set up for one acquisition. It is shared by all threads.
type Model struct {
	model    model.Model
	fields   []model.Map // of the parameters
	warnings []string
	isa      string
	idle     sync.Pool // *fitWorker, for batches too small to start threads for

	idleDerivers sync.Pool // *deriveWorker, likewise
}

// ErrHandle is the error of a handle that was never given out, or was freed.
var ErrHandle = errors.New("voxfit: no model has this handle: it was freed, or never made")

var models = handles[*Model]{missing: ErrHandle}

// New makes the model of that name (model.Names lists them) and a handle to it. b-values are in s/mm2, and b-vectors
// in the frame that the results are to have. The options are a JSON object (see README.md). Errors say what was
// found and what was expected.
func New(name string, bvals []float64, bvecs [][3]float64, options string) (Handle, error) {
	m, err := newModel(name, bvals, bvecs, options)
	if err != nil {
		return 0, err
	}
	return models.add(m), nil
}

// Options lists all models, with their options and maps, as JSON.
func Options() (string, error) {
	listing, err := model.NewListing()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(listing)
	return string(text), err
}

// Find returns the model of a handle.
func Find(h Handle) (*Model, error) { return models.find(h) }

// Free gives a handle back. Fits that other threads have begun can finish.
func Free(h Handle) error { return models.free(h) }

// Measurements is the number of values of a voxel's signal.
func (m *Model) Measurements() int { return m.model.Fitter().Measurements() }

// Parameters is the number of values that Fit writes for a voxel.
func (m *Model) Parameters() int { return m.model.Fitter().Parameters() }

// ParameterFields says what the parameters are, in their order.
func (m *Model) ParameterFields() []model.Map { return m.fields }

// MapFields says what Derive writes, in its order.
func (m *Model) MapFields() []model.Map { return m.model.Maps() }

// Warnings are sentences about what the set-up found suspicious.
func (m *Model) Warnings() []string { return m.warnings }

// ISA is the instruction set of the kernels.
func (m *Model) ISA() string { return m.isa }

// newModel makes a model without a handle.
func newModel(name string, bvals []float64, bvecs [][3]float64, options string) (*Model, error) {
	kind, err := model.Find(name)
	if err != nil {
		return nil, err
	}
	settings, err := kind.ParseJSON(options)
	if err != nil {
		return nil, err
	}
	g, warnings, err := acq.NewGradientTable(bvals, bvecs, settings.Gradients()...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m := &Model{}
	if m.model, err = settings.Model(g); err != nil {
		return nil, err
	}
	m.warnings, m.fields = append(warnings, m.model.Warnings()...), m.model.Parameters()
	m.isa, err = kernel.ChosenISA(kernel.WithISA(settings.ISA()))
	for _, f := range slices.Concat(m.MapFields(), m.fields) {
		if len(f.Name) > maxNameBytes {
			return nil, fmt.Errorf("%s: the name %q has %s, expected at most %d", name, f.Name, plural.Count(len(f.Name), "byte"), maxNameBytes)
		}
	}
	return m, err
}

// maxNameBytes is what voxfit_field has room for.
const maxNameBytes = 63
