package model

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
)

// FreeWaterOptions change how the tensor with free water is fitted. The zero value is DIPY's default;
// zero in a field stands for the default given there.
type FreeWaterOptions struct {
	// Method is kernel.NLS (the default) or kernel.WLS.
	Method kernel.Method
	// Diso is the diffusivity of free water, mm2/s: 3e-3.
	Diso float64
	// MDReg is the mean diffusivity, mm2/s, from which on a voxel is taken for free water: 2.7e-3.
	MDReg float64
	// MinSignal replaces smaller values before a logarithm is taken, in the unit of the signal: 1e-6.
	MinSignal float64
	// Precision is kernel.Mixed (the default) or kernel.Double.
	Precision kernel.Precision
	// ISA is the instruction set of the kernel, as kernel.WithISA takes it.
	ISA string
}

// FreeWater is the tensor with free water, fitted as DIPY's FreeWaterTensorModel fits it. Its
// parameters are those of kernel.NewFreeWater.
type FreeWater struct {
	fitter kernel.Fitter
	eigen  *kernel.Eigen
}

// NewFreeWater sets the model up for one acquisition, which must have three b-values that differ (b = 0
// may be one) and at least one b0 volume. The error says what was found.
func NewFreeWater(g *acq.GradientTable, o FreeWaterOptions) (*FreeWater, error) {
	setDefault(&o.Diso, 3e-3)
	setDefault(&o.MDReg, 2.7e-3)
	setDefault(&o.MinSignal, 1e-6)
	if n := differentBvals(g.Bvals); n < 3 {
		return nil, fmt.Errorf("fwdtim: the gradient table has %d different b-values (rounded as DIPY rounds them), expected at least 3, b = 0 included", n)
	}
	fitter, err := kernel.NewFreeWater(kernel.FreeWaterDesign{
		W: g.DesignMatrix(), B0: g.B0s(), Bvals: g.Bvals, Method: o.Method,
		Diso: o.Diso, MDReg: o.MDReg, MinSignal: o.MinSignal, Precision: o.Precision,
	}, kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("fwdtim: %w", err)
	}
	eigen, err := kernel.NewEigen(kernel.WithISA(o.ISA))
	if err != nil {
		return nil, fmt.Errorf("fwdtim: %w", err)
	}
	return &FreeWater{fitter, eigen}, nil
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

// Name is "fwdtim".
func (f *FreeWater) Name() string { return "fwdtim" }

// StudyName is "FreeWaterTensorModel".
func (f *FreeWater) StudyName() string { return "FreeWaterTensorModel" }

// FileName is "fwtensor".
func (f *FreeWater) FileName() string { return "fwtensor" }

// Fitter is the kernel.
func (f *FreeWater) Fitter() kernel.Fitter { return f.fitter }

// Maps are fa, md, ad, rd, tensor, s0, fwf (the fraction of free water), status and iterations. FA and
// diffusivities are those of the tissue, with negative eigenvalues raised to zero, as DIPY does; the
// tensor itself is as fitted.
func (f *FreeWater) Maps() []Map {
	maps := append(tensorMaps("tissue's"), Map{Name: "fwf", Suffix: "dwimap", Components: 1,
		Description: "Fraction of free water in the signal without diffusion weighting."})
	maps[5].Description = "Signal without diffusion weighting that the fit predicts, tissue and free water together."
	return append(maps, statusMaps...)
}

// NewDeriver allocates the scratch that turns parameters into maps.
func (f *FreeWater) NewDeriver() Deriver {
	return &tensorDeriver{parameters: f.fitter.Parameters(), eigen: f.eigen.NewWorker()}
}
