package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/freewater"
	"github.com/voxfit/voxfit/kernel/tensor"
)

var freeWaterKind = &Kind{
	Name: "fwdtim", Class: "FreeWaterTensorModel", Words: "Free-water tensor", Short: "free water", Entity: "fwtensor", Function: "fit_free_water",
	Summary: "The diffusion tensor with free water (Hoy 2014, Henriques 2017), as DIPY's FreeWaterTensorModel fits it",
	Needs:   Needs{Shells: 2, Measurements: 8},
	Options: FreeWaterOptions{},
	Timed:   Timed{Variant: "nls"},
	New: func(in Inputs, options any) (Model, error) {
		return asModel(NewFreeWater(in.Gradients, options.(FreeWaterOptions)))
	},
}

// FreeWaterOptions change how the tensor with free water is fitted. A field that is zero has its default, which is
// DIPY's.
type FreeWaterOptions struct {
	// Method is kernel.NLS (the default) or kernel.WLS.
	Method kernel.Method `json:"method" choices:"nls,wls" default:"nls" aliases:"fit_method" spellings:"wlls=wls,nlls=nls" help:"Least squares: non-linear or weighted."`
	// Diso is the diffusivity of free water.
	Diso float64 `json:"diso" unit:"mm2/s" range:"[1e-5,0.1)" default:"3e-3" aliases:"Diso" help:"Diffusivity of free water."`
	// MDReg is the least mean diffusivity of a voxel that is taken for free water alone.
	MDReg float64 `json:"mdreg" unit:"mm2/s" range:"[1e-5,0.1)" default:"2.7e-3" help:"A voxel whose mean diffusivity is this or more is taken for free water alone."`
	// MinSignal replaces smaller values before a logarithm is taken, in the unit of the signal.
	MinSignal float64 `json:"min_signal" range:"(0,inf)" default:"1e-6" help:"Measured values below it are raised to it before logarithms are taken. It is in the unit of the signal."`
	// MRtrixOrder writes the map tensor in MRtrix3's order. Parameters are always in DIPY's.
	MRtrixOrder bool `json:"mrtrix_order" help:"Write the map tensor as D11, D22, D33, D12, D13, D23, MRtrix3's order."`
	// Precision is kernel.Mixed (the default) or kernel.Double.
	Precision kernel.Precision `json:"precision" choices:"mixed,double" default:"mixed" help:"Precision of intermediate steps: mixed does part of them in single precision, for speed. The result is computed in double precision in both cases."`
	// ISA is the instruction set of the kernel, as kernel.WithISA takes it.
	ISA string
}

func (o *FreeWaterOptions) forMRtrix() bool { return o.MRtrixOrder }

// FreeWater is the tensor with free water, fitted as DIPY's FreeWaterTensorModel fits it. freewater.New documents its
// parameters.
type FreeWater struct {
	options FreeWaterOptions
	design  freewater.Design
	fitter  kernel.Fitter
	eigen   *tensor.Eigen
}

// NewFreeWater sets the model up for one acquisition, which must have three b-values that differ (b = 0
// may be one) and at least one b0 volume. The error says what was found.
func NewFreeWater(g *acq.GradientTable, o FreeWaterOptions) (*FreeWater, error) {
	if err := prepare(&o); err != nil {
		return nil, fmt.Errorf("fwdtim: %w", err)
	}
	if err := g.CheckWeighted(); err != nil {
		return nil, fmt.Errorf("fwdtim: %w", err)
	}
	if n := differentBvals(g.Bvals); n < 3 {
		return nil, fmt.Errorf("fwdtim: the gradient table has %s (rounded as DIPY rounds them), expected at least 3, b = 0 included", plural.Count(n, "different b-value"))
	}
	design := freewater.Design{
		W: g.DesignMatrix(), B0: g.B0s(), Bvals: g.Bvals, Method: o.Method,
		Diso: o.Diso, MDReg: o.MDReg, MinSignal: o.MinSignal, Precision: o.Precision,
	}
	fitter, err := freewater.New(design, kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("fwdtim: %w", tableError(g, err))
	}
	eigen, err := tensor.NewEigen(kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("fwdtim: %w", err)
	}
	return &FreeWater{o, design, fitter, eigen}, nil
}

// differentBvals counts b-values that differ after rounding to the second digit of the largest, as
// DIPY's check_multi_b does: to 100 s/mm2 where the largest is from 1000 to 9999.
func differentBvals(bvals []float64) int {
	largest := 0.0
	for _, b := range bvals {
		largest = max(largest, b)
	}
	if largest == 0 {
		return min(len(bvals), 1)
	}
	unit := math.Pow(10, math.Trunc(math.Log10(largest))-1)
	different := map[float64]bool{}
	for _, b := range bvals {
		different[math.RoundToEven(b/unit)] = true
	}
	return len(different)
}

// Kind describes the model before there is an acquisition.
func (f *FreeWater) Kind() *Kind { return freeWaterKind }

// Options are the FreeWaterOptions in force.
func (f *FreeWater) Options() any { return f.options }

// Warnings returns nil: this model has no warnings.
func (f *FreeWater) Warnings() []string { return nil }

// Parameters are tensor (six elements in DIPY's order), s0 and fwf.
func (f *FreeWater) Parameters() []Map { return f.list(false)[4:] }

// Fitter is the kernel.
func (f *FreeWater) Fitter() kernel.Fitter { return f.fitter }

// Design returns the matrices from which the kernel was made, for inspection and for other solvers. The caller must
// not change them.
func (f *FreeWater) Design() freewater.Design { return f.design }

// SumOfSquares is the objective of NLS, fwdti._nls_err_func in DIPY, at the parameters of one voxel and its signal.
// It adds up the squares of signal - S0 ((1-f) exp(-b:D) + f exp(-b Diso)) over all volumes.
func (f *FreeWater) SumOfSquares(params []float64, signal []float32) float64 {
	s0, fraction, sum := params[6], params[7], 0.0
	for i, s := range signal {
		w := f.design.W[7*i:][:7]
		tissue, water := 0.0, f.design.Diso*(w[0]+w[2]+w[5])
		for k := range 6 {
			tissue += w[k] * params[k]
		}
		residual := float64(s) - s0*((1-fraction)*math.Exp(tissue)+fraction*math.Exp(water))
		sum += residual * residual
	}
	return sum
}

// Maps are fa, md, ad, rd, tensor, s0, fwf (the fraction of free water), evals, evecs, mode, colorFA, status and
// iterations. FA and diffusivities are those of the tissue, with negative eigenvalues raised to zero, as DIPY does; the
// tensor itself is as fitted.
func (f *FreeWater) Maps() []Map {
	return slices.Concat(f.list(f.options.MRtrixOrder), eigenMaps("tissue's"), statusMaps)
}

func (f *FreeWater) list(mrtrixOrder bool) []Map {
	maps := append(tensorMaps("tissue's", mrtrixOrder), Map{Name: "fwf", Suffix: "dwimap", Components: 1,
		Description: "Fraction of free water in the signal without diffusion weighting."})
	maps[5].Description = "Fitted signal at b = 0, of tissue and free water together."
	return maps
}

// NewDeriver allocates what one worker needs to turn parameters into maps.
func (f *FreeWater) NewDeriver() Deriver {
	return &tensorDeriver{mrtrixOrder: f.options.MRtrixOrder, parameters: f.fitter.Parameters(), eigen: f.eigen.NewWorker()}
}
