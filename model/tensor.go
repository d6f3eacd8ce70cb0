package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/tensor"
)

var tensorKind = &Kind{
	Name: "dti", Class: "TensorModel", Words: "Diffusion tensor", Short: "DTI", Entity: "tensor", Function: "fit_dti",
	Summary: "The diffusion tensor, as DIPY's TensorModel or (method iwls) MRtrix3's dwi2tensor fits it",
	Needs:   Needs{Shells: 1, Measurements: 7},
	Options: TensorOptions{},
	Timed:   Timed{Variant: "wls"},
	New: func(in Inputs, options any) (Model, error) {
		return asModel(NewTensor(in.Gradients, options.(TensorOptions)))
	},
}

// TensorOptions change how the diffusion tensor is fitted. A field that is zero has its default, which is DIPY's.
type TensorOptions struct {
	// Method is kernel.WLS (the default), kernel.NLS, kernel.OLS or kernel.IWLS.
	Method kernel.Method `json:"method" choices:"wls,nls,ols,iwls" default:"wls" aliases:"fit_method" spellings:"wlls=wls,ls=ols,lls=ols,olls=ols,nlls=nls" help:"Least squares: weighted, non-linear, ordinary, or iteratively reweighted as MRtrix3's dwi2tensor does it."`
	// MinSignal replaces smaller values before a logarithm is taken, in the unit of the signal.
	MinSignal float64 `json:"min_signal" range:"(0,inf)" default:"1e-4" with:"method=wls,nls,ols" help:"Measured values below it are raised to it. It is in the unit of the signal."`
	// Iterations is the number of reweighted fits of IWLS after the first. NoReweighting stands for none.
	Iterations int `json:"iterations" range:"[0,65535]" default:"2" zero:"-1" with:"method=iwls" help:"Number of reweighted fits after the first, as in MRtrix3's dwi2tensor -iter."`
	// UniformStart gives the first fit of IWLS equal weights.
	UniformStart bool `json:"uniform_start" with:"method=iwls" help:"Give all measurements equal weights in the first fit, as MRtrix3's dwi2tensor -ols does."`
	// MRtrixOrder writes the map tensor in MRtrix3's order. Parameters are always in DIPY's.
	MRtrixOrder bool `json:"mrtrix_order" help:"Write the map tensor as D11, D22, D33, D12, D13, D23, MRtrix3's order."`
	// ISA is the instruction set of the kernel, as kernel.WithISA takes it.
	ISA string
}

// NoReweighting is the value of TensorOptions.Iterations that ends IWLS after its first fit, because 0 stands for
// the default.
const NoReweighting = -1

func (o *TensorOptions) forMRtrix() bool { return o.MRtrixOrder }

// Tensor is the diffusion tensor, fitted as DIPY's TensorModel or MRtrix3's dwi2tensor fits it. tensor.New documents
// its parameters.
type Tensor struct {
	options        TensorOptions
	fitter         kernel.Fitter
	eigen          *tensor.Eigen
	minDiffusivity float64
}

// unusedMinSignal is the minimum signal for the kernel with IWLS, which must be positive but is not used.
const unusedMinSignal = 1e-4

// NewTensor sets the model up for one acquisition. The error says which option is not right, or that
// the acquisition does not determine a tensor.
func NewTensor(g *acq.GradientTable, o TensorOptions) (*Tensor, error) {
	if err := prepare(&o); err != nil {
		return nil, fmt.Errorf("dti: %w", err)
	}
	minSignal := o.MinSignal
	if o.Method == kernel.IWLS {
		minSignal = unusedMinSignal
	}
	least := g.LeastDiffusivity()
	fitter, err := tensor.New(tensor.Design{
		W: g.DesignMatrix(), Method: o.Method, MinSignal: minSignal, LeastDiffusivity: least,
		Iterations: max(0, o.Iterations), UniformStart: o.UniformStart,
	}, kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("dti: %w", tableError(g, err))
	}
	eigen, err := tensor.NewEigen(kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("dti: %w", err)
	}
	return &Tensor{o, fitter, eigen, least}, nil
}

// tableError explains the kernel's error that a design is undetermined in terms of the gradient table. It returns
// other errors unchanged.
func tableError(g *acq.GradientTable, err error) error {
	if !errors.Is(err, kernel.ErrUndetermined) {
		return err
	}
	if err := g.CheckWeighted(); err != nil {
		return err
	}
	return errors.New("the gradient table does not determine six tensor elements and S0: there are too few directions, or no second b-value")
}

// Kind describes the model before there is an acquisition.
func (t *Tensor) Kind() *Kind { return tensorKind }

// Options are the TensorOptions in force.
func (t *Tensor) Options() any { return t.options }

// Warnings returns nil: this model has no warnings.
func (t *Tensor) Warnings() []string { return nil }

// Parameters are tensor (six elements in DIPY's order) and s0.
func (t *Tensor) Parameters() []Map { return tensorMaps("diffusion", false)[4:] }

// Fitter is the kernel.
func (t *Tensor) Fitter() kernel.Fitter { return t.fitter }

// Maps are fa, md, ad, rd, tensor, s0, evals, evecs, mode, colorFA, status and iterations. For FA and diffusivities,
// eigenvalues below 1e-6 over the largest element of the b-matrix are raised to that value, as DIPY does. The tensor
// itself is as fitted.
func (t *Tensor) Maps() []Map {
	return slices.Concat(tensorMaps("diffusion", t.options.MRtrixOrder), eigenMaps("diffusion"), statusMaps)
}

// NewDeriver allocates what one worker needs to turn parameters into maps.
func (t *Tensor) NewDeriver() Deriver {
	return &tensorDeriver{mrtrixOrder: t.options.MRtrixOrder, parameters: t.fitter.Parameters(), minDiffusivity: t.minDiffusivity, eigen: t.eigen.NewWorker()}
}
