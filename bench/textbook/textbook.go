package textbook

import (
	"errors"
	"fmt"

	"github.com/voxfit/voxfit/model"
)

// A Fitter fits one voxel after another in memory of its own: each goroutine needs its own Fitter.
type Fitter interface {
	// Parameters is how many parameters a voxel has.
	Parameters() int
	// Fit writes the parameters of one voxel's signal, all measurements in the order of the acquisition. With an error they
	// are zero; it says why there are none.
	Fit(params []float64, signal []float32) error
}

// ErrNoModel is what New says of a model, or of options of one, that are not here.
var ErrNoModel = errors.New("textbook: no such model")

// New makes the Fitter of a model that voxfit has set up: CSD by DIPY's convention, the sparse fascicle model by NNLS, or the
// tensor with free water by NLS. The parameters are the first of those of the model's own Fitter. The error is ErrNoModel, or
// says what is wrong with the model's matrices.
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
