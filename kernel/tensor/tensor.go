package tensor

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Design is the diffusion tensor of one acquisition (Basser, Mattiello and LeBihan 1994). Package model makes it from a
// gradient table.
type Design struct {
	// W is DIPY's design matrix, measurements x 7, row-major. The first six columns are the negated b-tensor, -b (gx
	// gx, 2 gx gy, gy gy, 2 gx gz, 2 gy gz, gz gz) in s/mm2. The last column is -1.
	W []float64
	// Method is OLS, WLS (the default), IWLS or NLS.
	Method kernel.Method
	// MinSignal is the least signal, in the unit of the signal. Smaller values are raised to it before their logarithm
	// is taken, and before NLS compares them with its prediction. DIPY's default is 1e-4. IWLS has another rule,
	// MRtrix3's: it raises values to 1e-6 times the largest of the voxel.
	MinSignal float64
	// LeastDiffusivity, in mm2/s, is how far below zero an eigenvalue may be by rounding. A voxel with an eigenvalue
	// further below has the code NegativeEigenvalue. DIPY's is 1e-6 over the largest element of the b-tensors.
	LeastDiffusivity float64
	// Iterations is the number of fits that IWLS makes after the first (dwi2tensor -iter). MRtrix3's default is 2.
	// MRtrix3 3.0.3 takes 1 for 0; here 1 is 1.
	Iterations int
	// UniformStart gives all measurements the same weight in the first fit of IWLS (dwi2tensor -ols).
	UniformStart bool
}

// parameters is the number of parameters: Dxx Dxy Dyy Dxz Dyz Dzz S0.
const parameters = 7

// New makes a Fitter with seven parameters per voxel. The first six are the tensor Dxx, Dxy, Dyy, Dxz, Dyz, Dzz in
// mm2/s, as fitted: its eigenvalues are not clipped. The seventh is S0, the signal that the fit predicts at b = 0.
//
// OLS minimises the sum of the squared differences of logarithms. WLS weights them by the squares of the signal that
// OLS predicts, as DIPY does. IWLS begins with the squares of the signal as weights, or with equal ones (UniformStart),
// and then takes those of the signal that the last fit predicts. NLS minimises the sum of the squared differences of
// signal and prediction. Like DIPY it starts from the OLS solution. It takes exact Newton steps, and ends where no step
// would lower the sum by more than 1e-10 of it.
//
// The status of a voxel:
//
//	NonFinite            a value is NaN or infinite; parameters are zero
//	ZeroSignal           every value is zero, or with IWLS none is positive; parameters are zero (DIPY fits
//	                     MinSignal in place of each zero)
//	Overflow             a value is too large for single precision, or the result is infinite; parameters
//	                     are zero
//	NotPositiveDefinite  the values that are not zero, or the weights, leave the tensor undetermined;
//	                     parameters are zero (DIPY and MRtrix3 fit what zeros are raised to)
//	MaxIterations        NLS did not settle; the best point is written
//	Refit                with IWLS, weights differ so much that normal equations lose digits of the
//	                     solution; refinement or an orthogonal factorisation gave the result (MRtrix3
//	                     solves normal equations, so dwi2tensor may give another)
//	BelowMinSignal       a value is above zero and below MinSignal, to which it was raised; the fit ended
//	                     normally (IWLS has no MinSignal)
//	NegativeEigenvalue   the tensor has an eigenvalue below zero by more than LeastDiffusivity; the fit ended
//	                     normally
//	NegativeSignal       a value is negative; the fit ended normally
//
// Iterations counts the steps of NLS, and the reweighted fits of IWLS.
//
// Instruction sets other than "generic" fit eight voxels at a time. The portable code then fits the voxels whose normal
// equations do not give nine digits, and those that NLS has not settled after 30 steps.
//
// The error names the field of the design that is not right.
func New(d Design, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	fitter, err := d.fitter()
	if err != nil {
		return nil, fmt.Errorf("kernel: tensor design: %w", err)
	}
	fitter.lanes = newLaneFitter(set.Tensor, fitter.ref)
	return fitter, nil
}

var methods = map[kernel.Method]reftensor.TensorMethod{
	kernel.DefaultMethod: reftensor.WLS, kernel.WLS: reftensor.WLS, kernel.OLS: reftensor.OLS, kernel.IWLS: reftensor.IWLS, kernel.NLS: reftensor.NLS,
}

func (d *Design) fitter() (*fitter, error) {
	if err := checks.DesignMatrix(d.W); err != nil {
		return nil, err
	}
	method, known := methods[d.Method]
	switch {
	case !known:
		return nil, fmt.Errorf("field Method is %v, must be WLS, OLS, IWLS or NLS", d.Method)
	case method != reftensor.IWLS && !checks.Positive(d.MinSignal):
		return nil, fmt.Errorf("field MinSignal is %v, must be positive", d.MinSignal)
	case !(d.LeastDiffusivity >= 0):
		return nil, fmt.Errorf("field LeastDiffusivity is %v, must not be negative", d.LeastDiffusivity)
	case method != reftensor.IWLS && (d.Iterations != 0 || d.UniformStart):
		return nil, fmt.Errorf("fields Iterations and UniformStart are of IWLS, the Method is %v", d.Method)
	case d.Iterations < 0 || d.Iterations > math.MaxUint16:
		return nil, fmt.Errorf("field Iterations is %d, must be from 0 to %d", d.Iterations, math.MaxUint16)
	}
	portable, err := reftensor.NewTensor(reftensor.TensorSetup{
		Design: reftensor.NewLogLinear(d.W), Method: method, MinSignal: d.MinSignal,
		Iterations: d.Iterations, Uniform: d.UniformStart,
	})
	if err != nil {
		return nil, fmt.Errorf("field W: %w", err)
	}
	return &fitter{ref: portable, leastDiffusivity: d.LeastDiffusivity}, nil
}

type fitter struct {
	ref              *reftensor.Tensor
	leastDiffusivity float64
	lanes            *laneFitter // nil where voxels are fitted one after the other
}

func (t *fitter) Measurements() int { return t.ref.Design.Measurements() }
func (t *fitter) Parameters() int   { return parameters }

func (t *fitter) NewWorker() kernel.Worker {
	w := &worker{t, t.ref.NewScratch()}
	if t.lanes != nil {
		return t.lanes.newWorker(w)
	}
	return w
}

type worker struct {
	*fitter
	scratch *reftensor.TensorScratch
}

func (w *worker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fit(w, params, status, signal)
}

func (w *worker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fit(w, params, status, signal)
}

func fit[T float32 | float64](w *worker, params []float64, status []kernel.Status, signal []T) {
	n := w.Measurements()
	checks.Lengths("tensors", w, len(params), len(status), len(signal))
	for i := range status {
		p := (*[parameters]float64)(params[i*parameters:])
		seen := reftensor.LoadTensor(w.scratch, signal[i*n:][:n])
		if code, bad := checks.Unfit(seen); bad {
			*p, status[i] = [parameters]float64{}, kernel.Status{Code: code}
			continue
		}
		iterations, outcome := w.scratch.Fit(p)
		status[i] = kernel.Status{Code: checks.CodeOf(outcome, seen), Iterations: uint16(iterations)}
		w.remark(&status[i], p[:], below(signal[i*n:][:n], w.ref.MinSignal))
	}
}

// remark changes the code of a voxel whose fit ended normally where something is odd: about its tensor, or about a
// value of its signal that was raised to MinSignal.
func (t *fitter) remark(status *kernel.Status, params []float64, raised bool) {
	switch status.Code {
	case kernel.OK, kernel.NegativeSignal, kernel.Refit:
		switch {
		case raised && t.ref.Method != reftensor.IWLS:
			status.Code = kernel.BelowMinSignal
		case !t.notNegative(params):
			status.Code = kernel.NegativeEigenvalue
		}
	}
}

// notNegative says whether a tensor has no eigenvalue below zero, apart from rounding. Nearly all tensors have three
// that are above zero, which the leading minors show. The other tensors take a longer look.
func (t *fitter) notNegative(params []float64) bool {
	_ = params[5]
	xx, xy, yy := params[0]+t.leastDiffusivity, params[1], params[2]+t.leastDiffusivity
	xz, yz, zz := params[3], params[4], params[5]+t.leastDiffusivity
	if xxyy, determinant := reftensor.Minors(xx, xy, yy, xz, yz, zz); xx > 0 && xxyy > 0 && determinant > 0 {
		return true
	}
	return reftensor.NotNegative(&[6]float64{xx, xy, yy, xz, yz, zz})
}

// below says whether a value is above zero and below a limit.
func below[T float32 | float64](values []T, limit float64) bool {
	for _, v := range values {
		if v > 0 && float64(v) < limit {
			return true
		}
	}
	return false
}
