package model

import (
	"fmt"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
)

// TensorOptions change how the diffusion tensor is fitted. The zero value is DIPY's default.
type TensorOptions struct {
	// Method is kernel.WLS (the default), kernel.OLS, kernel.NLS or kernel.IWLS.
	Method kernel.Method
	// MinSignal is what smaller values are raised to, in the unit of the signal; 0 is DIPY's 1e-4.
	// IWLS does not look at it.
	MinSignal float64
	// Iterations is the number of reweighted fits of IWLS after the first, MRtrix3's `dwi2tensor
	// -iter` (there 2 by default). Above 0 it makes WLS into IWLS.
	Iterations int
	// UniformStart gives the first fit of IWLS equal weights, `dwi2tensor -ols`.
	UniformStart bool
	// ISA is the instruction set of the kernel, as kernel.WithISA takes it.
	ISA string
}

// Tensor is the diffusion tensor, fitted as DIPY's TensorModel or MRtrix3's dwi2tensor fits it. Its
// parameters are those of kernel.NewTensor.
type Tensor struct {
	fitter         kernel.Fitter
	eigen          *kernel.Eigen
	minDiffusivity float64
}

// NewTensor sets the model up for one acquisition. The error says which option is not right, or that
// the acquisition does not determine a tensor.
func NewTensor(g *acq.GradientTable, o TensorOptions) (*Tensor, error) {
	setDefault(&o.MinSignal, 1e-4)
	if o.Iterations > 0 && (o.Method == kernel.DefaultMethod || o.Method == kernel.WLS) {
		o.Method = kernel.IWLS
	}
	w := g.DesignMatrix()
	fitter, err := kernel.NewTensor(kernel.TensorDesign{
		W: w, Method: o.Method, MinSignal: o.MinSignal,
		Iterations: o.Iterations, UniformStart: o.UniformStart,
	}, kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("dti: %w", err)
	}
	eigen, err := kernel.NewEigen(kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("dti: %w", err)
	}
	// DIPY: an eigenvalue that hardly changes the signal even at the strongest weighting is noise.
	return &Tensor{fitter, eigen, 1e-6 / -slices.Min(w)}, nil
}

// Name is "dti".
func (t *Tensor) Name() string { return "dti" }

// StudyName is "TensorModel".
func (t *Tensor) StudyName() string { return "TensorModel" }

// FileName is "tensor".
func (t *Tensor) FileName() string { return "tensor" }

// Fitter is the kernel.
func (t *Tensor) Fitter() kernel.Fitter { return t.fitter }

// Maps are fa, md, ad, rd, tensor, s0, status and iterations. FA and diffusivities are made of
// eigenvalues that are raised, where they are smaller, to 1e-6 over the largest element of the
// b-matrix, as DIPY does; the tensor itself is as fitted.
func (t *Tensor) Maps() []Map { return append(tensorMaps("diffusion"), statusMaps...) }

// NewDeriver allocates the scratch that turns parameters into maps.
func (t *Tensor) NewDeriver() Deriver {
	return &tensorDeriver{parameters: t.fitter.Parameters(), minDiffusivity: t.minDiffusivity, eigen: t.eigen.NewWorker()}
}
