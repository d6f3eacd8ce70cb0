package textbook

import (
	"errors"
	"fmt"

	"github.com/voxfit/voxfit/model"
)

// A Fitter fits one voxel after another in memory of its own, so each goroutine needs its own Fitter.
type Fitter interface {
	// Parameters is how many parameters a voxel has.
	Parameters() int
	// Fit writes the parameters of one voxel. signal has all measurements in the order of the acquisition. With an
	// error, the parameters are zero.
	Fit(params []float64, signal []float32) error
}

// ErrNoModel is the error of New for a model, or options of a model, that this package does not have.
var ErrNoModel = errors.New("textbook: no such model")

// New makes the Fitter of a model that package model has set up: CSD by DIPY's convention, the sparse fascicle model
// by NNLS, or the tensor with free water by NLS. Its parameters are the first parameters of the model's own Fitter.
// The error is ErrNoModel, or says what is wrong with the model's matrices.
func New(m model.Model) (Fitter, error) {
	switch m := m.(type) {
	case *model.CSD:
		return NewCSD(m.Design())
	case *model.SFM:
		return NewSFM(m.Design())
	case *model.FreeWater:
		return NewFreeWater(m.Design())
	}
	return nil, fmt.Errorf("%w: %s", ErrNoModel, m.Kind().Name)
}
