package nnls

import (
	"errors"
	"fmt"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// SFMDesign is the sparse fascicle model of one acquisition (Rokem et al., PLoS ONE 2015), as a matrix. The model is of
// the diffusion-weighted signal over S0. It has a part that is the same in all directions, and a few fascicles with
// weights that cannot be negative.
type SFMDesign struct {
	// Measurements is the number of values per voxel in the signal.
	Measurements int
	// B0s are the places of the values without diffusion weighting. Their mean is S0.
	B0s []int
	// Volumes are the places of the diffusion-weighted values, in the order of the rows of A.
	Volumes []int
	// Directions is the number of columns of A: the directions that a fascicle may have.
	Directions int
	// A is len(Volumes) x Directions, row-major. A column is the signal over S0 of a fascicle in one direction, less
	// the signal of its mean diffusivity.
	A []float64
	// L1 and L2 are the penalties of an elastic net on the weights w. The objective is 1/2 |A w - y|^2 + L1 sum(w) +
	// L2/2 |w|^2. Without penalties the fit is non-negative least squares.
	L1, L2 float64
	// Intercept lets the fit add any constant to A w, as scikit-learn's ElasticNet does by default. The constant is not
	// among the parameters.
	Intercept bool
	// Precision is Mixed (the default) or Double.
	Precision kernel.Precision
}

// SFMExtra is how many parameters follow the weights of a Fitter made by NewSFM.
const SFMExtra = 4

// NewSFM makes a Fitter whose parameters are the weights of the directions, then four values:
//
//	S0         the mean of the values without diffusion weighting
//	isotropic  the mean of the diffusion-weighted values over S0, with negative values taken for zero
//	residual   the root mean square of (A w + isotropic) S0 - signal, over S0, of the diffusion-weighted
//	           values
//	KKT        how well the conditions for the minimum hold, see New
//
// The weights minimise the objective for y = signal/S0 - isotropic, as in DIPY's sparse fascicle model with its
// IsotropicModel. New says how they are found. An elastic net is solved in the same way, exactly. (scikit-learn
// descends along coordinates until it is near the minimum.)
//
// The status of a voxel is as New says, and besides:
//
//	ZeroSignal      S0 is not positive, or all diffusion-weighted values are zero; all parameters are zero
//	NonFinite       a value is NaN or infinite; all parameters are zero
//	Overflow        a value is too large for single precision or for S0; all parameters are zero
//	NegativeSignal  the fit ended normally, and a value is negative
//
// The error names the first field that does not fit the others.
func NewSFM(d SFMDesign, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: sparse fascicle design: %w", err)
	}
	n := &fitter{
		measurements: d.Measurements, volumes: d.Volumes, b0s: d.B0s,
		unknowns: d.Directions, extra: SFMExtra, l1: d.L1,
	}
	m := len(d.Volumes)
	columns := transposed(d.A, m, d.Directions)
	centred := append([]float64(nil), columns...)
	means := make([]float64, d.Directions)
	for j := range means {
		column := centred[j*m:][:m]
		means[j] = sum(column) / float64(m)
		for i := range column {
			column[i] -= means[j]
		}
	}
	if d.Intercept {
		n.means, columns = means, centred
	} else {
		for _, mean := range means {
			n.offsets = append(n.offsets, mean*float64(m))
		}
	}
	return n.finish(columns, centred, d.L2, d.Precision, set), nil
}

func (d *SFMDesign) check() error {
	if len(d.B0s) == 0 {
		return errors.New("field B0s is empty: the signal is taken relative to that without diffusion weighting")
	}
	for _, list := range []struct {
		name    string
		volumes []int
	}{{"B0s", d.B0s}, {"Volumes", d.Volumes}} {
		for i, v := range list.volumes {
			if v < 0 || v >= d.Measurements {
				return fmt.Errorf("field %s[%d] is %d, must be from 0 to %d (Measurements - 1)", list.name, i, v, d.Measurements-1)
			}
		}
	}
	return checkLeastSquares("Volumes", len(d.Volumes), "Directions", d.Directions, d.A, d.L1, d.L2, d.Precision)
}
