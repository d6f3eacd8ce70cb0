package freewater

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Design is the tensor with free water of one acquisition, S = S0 ((1-f) exp(-b D(g)) + f exp(-b Diso)): Pasternak et
// al. 2009, and for several shells Hoy et al. 2014 and Henriques et al. 2017. Package model makes it from a gradient
// table. DIPY's names are given with the fields.
type Design struct {
	// W is DIPY's design matrix, measurements x 7, row-major. The first six columns are the negated b-tensor, -b (gx
	// gx, 2 gx gy, gy gy, 2 gx gz, 2 gy gz, gz gz) in s/mm2. The last column is -1.
	W []float64
	// B0 are the measurements without diffusion weighting. Their mean is the S0 of WLS.
	B0 []int
	// Bvals are the b-values of the measurements, in s/mm2. NLS takes its first guess from the shell that is nearest to
	// 1000.
	Bvals []float64
	// Method is NLS (the default) or WLS.
	Method kernel.Method
	// Diso is the diffusivity of free water in mm2/s, for example 3e-3.
	Diso float64
	// MDReg (DIPY's mdreg, 2.7e-3) is a mean diffusivity in mm2/s. A voxel whose plain tensor has this one or more is
	// taken for free water alone.
	MDReg float64
	// MinSignal (DIPY's min_signal, 1e-6) replaces smaller values before a logarithm is taken. A mean signal or mean b0
	// signal that is not above it counts as no signal.
	MinSignal float64
	// Precision is Mixed (the default) or Double.
	Precision kernel.Precision
}

// parameters is the number of parameters: Dxx Dxy Dyy Dxz Dyz Dzz S0 f.
const parameters = 8

// New makes a Fitter with eight parameters per voxel. The first six are the tensor of the tissue, Dxx, Dxy, Dyy, Dxz,
// Dyz, Dzz in mm2/s, as fitted: its eigenvalues are not clipped. The others are S0 and the fraction f of free water.
//
// WLS finds f to 0.001, on the grid of DIPY's fwdti.wls_iter, and the tensor by weighted linear least squares. With
// Mixed precision the grid is searched in single precision, with margins for its roundings. Double precision decides
// where these leave a choice, and makes the fit itself. Both precisions therefore give the same result to the last bit.
//
// NLS minimises DIPY's objective (fwdti.nls_iter without weighting) over the tensor, S0 and f in [0, 1]. It takes exact
// Newton steps in other unknowns: the prediction is exp(W p) + c w, where c = S0 f >= 0 and w is the signal of free
// water over its S0. Where it settles, no step would lower the sum of squares by more than 1e-10 of it.
//
// The objective can have several minima, and it has many where a part of the water decays faster still. NLS therefore
// also fits in DIPY's way, by the steps of MINPACK from DIPY's start, and keeps the lowest end. It does so where both
// of these hold:
//
//   - The tensor has an eigenvalue below zero or above Diso, or the first start did not lead there.
//   - Water with a faster decay leaves less than twice the sum of squares, or the signal is mostly noise.
//
// Where rounding decides in which minimum DIPY itself ends, DIPY may still end in a lower one: in 18 of 20,016 such
// voxels (BENCHMARKS.md).
//
// S0 is the signal that the fit predicts without diffusion weighting, of tissue and water together. With NLS, the part
// of the tissue is S0 (1-f), at least 2^-53 of S0. With WLS, it is S0 less f times the mean b0 signal.
//
// Two rules are DIPY's. A voxel whose plain tensor has a mean diffusivity of MDReg or more is free water alone. NLS
// keeps the result of WLS where this has f >= 0.99.
//
// The status of a voxel:
//
//	NonFinite            a value is NaN or infinite; parameters are zero (DIPY stops with an error)
//	ZeroSignal           the mean signal or the mean b0 signal is at most MinSignal; parameters are zero
//	Overflow             a value is too large for single precision, or the result is infinite; parameters are zero
//	NotPositiveDefinite  fewer than seven independent values are not zero, or their squares are singular
//	                     weights for WLS: see below
//	AllFreeWater         the rule on MDReg applies: f is 1, S0 the mean b0 signal, the tensor zero
//	MaxIterations        NLS did not settle; the best point is written
//	NegativeEigenvalue   the fit ended normally, and its tensor has an eigenvalue below zero
//	Refit                the first minimum of NLS looked doubtful (f of 0.85 or more, many steps, a
//	                     residual above a tenth of the signal's energy, or one of many minima as above),
//	                     and another start led to a lower one
//	NegativeSignal       a value is negative; the fit ended normally
//
// With NotPositiveDefinite, DIPY's rules decide what is written. Where the rule on MDReg applies to the tensor of least
// norm, the parameters are those of AllFreeWater. Otherwise WLS writes the solution of least norm, and so does NLS
// where it keeps the result of WLS. In all other cases NLS writes its fit.
//
// Iterations counts the steps of NLS from all its starts. With WLS it is 0.
//
// Instruction sets other than "generic" fit many voxels side by side, by the same rules. The portable code fits voxels
// on which this fails: where there is no convergence, or values are beyond what the sums can hold.
//
// Double is double precision throughout. With Mixed, NLS takes its first steps with sums over measurements in single
// precision. Each fit ends with a step whose residuals and gradient are in double precision. Double precision decides
// what single precision cannot. Both precisions therefore end in the same minimum. Tests hold their objectives within
// 1e-9 of the portable code's. Iterations may differ in some voxels, because the two tell by different signs which step
// is the last.
//
// The error names the field of the design that is not right.
func New(d Design, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	fitter, err := d.fitter()
	if err != nil {
		return nil, fmt.Errorf("kernel: free-water design: %w", err)
	}
	if set.Tensor != nil {
		fitter.lanes = newLaneFitter(set.Tensor, fitter.ref)
		if set.TensorSingle != nil && d.Precision != kernel.Double {
			fitter.lanes.single = newSingleDesign(set.TensorSingle, fitter.lanes)
		}
		if set.GridSingle != nil && d.Precision != kernel.Double {
			fitter.lanes.grid = newGridDesign(set, fitter.lanes.Design)
		}
	}
	return fitter, nil
}

func (d *Design) fitter() (*fitter, error) {
	if err := checks.DesignMatrix(d.W); err != nil {
		return nil, err
	}
	if err := d.checkMeasurements(len(d.W) / 7); err != nil {
		return nil, err
	}
	nonlinear := d.Method == kernel.NLS || d.Method == kernel.DefaultMethod
	switch {
	case !nonlinear && d.Method != kernel.WLS:
		return nil, fmt.Errorf("field Method is %v, must be NLS or WLS", d.Method)
	case d.Precision > kernel.Mixed:
		return nil, fmt.Errorf("field Precision is %v, must be Double or Mixed", d.Precision)
	case !checks.Positive(d.Diso):
		return nil, fmt.Errorf("field Diso is %v, must be positive", d.Diso)
	case !checks.Positive(d.MDReg):
		return nil, fmt.Errorf("field MDReg is %v, must be positive", d.MDReg)
	case !checks.Positive(d.MinSignal):
		return nil, fmt.Errorf("field MinSignal is %v, must be positive", d.MinSignal)
	}
	portable, err := reftensor.NewFreeWater(reftensor.FreeWaterSetup{
		Design: reftensor.NewLogLinear(d.W), B0: d.B0, Bvals: d.Bvals,
		Diso: d.Diso, MDReg: d.MDReg, MinSignal: d.MinSignal, Nonlinear: nonlinear,
	})
	if err != nil {
		return nil, fmt.Errorf("field W: %w", err)
	}
	return &fitter{ref: portable}, nil
}

// checkMeasurements checks the fields that are about measurements.
func (d *Design) checkMeasurements(n int) error {
	if len(d.B0) == 0 {
		return errors.New("field B0 is empty: there is no measurement without diffusion weighting")
	}
	for i, v := range d.B0 {
		if v < 0 || v >= n {
			return fmt.Errorf("field B0[%d] is %d, must be from 0 to %d", i, v, n-1)
		}
	}
	if len(d.Bvals) != n {
		return fmt.Errorf("field Bvals has %d values, W has %d rows", len(d.Bvals), n)
	}
	for i, b := range d.Bvals {
		if math.IsNaN(b) || math.IsInf(b, 0) || b < 0 {
			return fmt.Errorf("field Bvals[%d] is %v, must be finite and not negative", i, b)
		}
	}
	return nil
}

type fitter struct {
	ref   *reftensor.FreeWater
	lanes *laneFitter // nil where voxels are fitted one after the other
}

func (f *fitter) Measurements() int { return f.ref.Design.Measurements() }
func (f *fitter) Parameters() int   { return parameters }

func (f *fitter) NewWorker() kernel.Worker {
	w := &worker{f, f.ref.NewScratch()}
	switch {
	case f.lanes == nil:
		return w
	case f.ref.Nonlinear:
		return f.lanes.newNLSWorker(w)
	}
	return f.lanes.newGridWorker(w)
}

type worker struct {
	*fitter
	scratch *reftensor.FreeWaterScratch
}

func (w *worker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fit(w, params, status, signal)
}

func (w *worker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fit(w, params, status, signal)
}

func fit[T float32 | float64](w *worker, params []float64, status []kernel.Status, signal []T) {
	n := w.Measurements()
	checks.Lengths("free water", w, len(params), len(status), len(signal))
	for i := range status {
		p := (*[parameters]float64)(params[i*parameters:])
		seen := reftensor.LoadFreeWater(w.scratch, signal[i*n:][:n])
		if code, bad := checks.Unfit(seen); bad {
			*p, status[i] = [parameters]float64{}, kernel.Status{Code: code}
			continue
		}
		iterations, outcome := w.scratch.Fit(p)
		status[i] = kernel.Status{Code: checks.CodeOf(outcome, seen), Iterations: uint16(iterations)}
	}
}
