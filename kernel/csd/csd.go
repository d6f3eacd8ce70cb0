package csd

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Design is constrained spherical deconvolution of one acquisition with one response (Tournier, Calamante and Connelly,
// NeuroImage 2007), as matrices. Package model makes it from a gradient table. DIPY's names are given with the fields.
type Design struct {
	// Measurements is the number of values per voxel in the signal.
	Measurements int
	// Volumes are the places in the signal of the diffusion-weighted values, in the order of the rows of X. No other
	// value is read.
	Volumes []int
	// Coefficients is the number of SH coefficients of the fibre orientation distribution (fodf), for example 45 for
	// lmax 8.
	Coefficients int
	// X is len(Volumes) x Coefficients, row-major. Times the coefficients, it is the predicted signal (DIPY's _X).
	X []float64
	// B is directions x Coefficients, row-major. Times the coefficients, it is the amplitudes in the constrained
	// directions, times lambda (DIPY's B_reg).
	B []float64
	// Gram is the map from sets of rows of B to their Gram matrix (see package gram).
	Gram gram.Map
	// StartCoefficients is how many leading coefficients of the unconstrained solution choose the first set of
	// directions. DIPY takes 15, those up to degree 4.
	StartCoefficients int
	// Start is StartCoefficients x len(Volumes), row-major. Times the signal, it is these coefficients (MRtrix3's
	// rconv). Where it is nil, they are those of the unconstrained solution, as in DIPY.
	Start []float64
	// SolutionNorm is the weight of the squared norm of the coefficients. It is added to the diagonal of P. It is 0 in
	// DIPY, and norm_lambda in MRtrix3.
	SolutionNorm float64
	// FloorSignal takes negative values of the signal for zero, as MRtrix3 does.
	FloorSignal bool
	// Tau is the fraction of the mean amplitude below which a direction is penalised. DIPY's default is 0.1.
	Tau float64
	// MaxIterations is the number of iterations after which a voxel that has not settled is given up. DIPY's default is
	// 50.
	MaxIterations int
	// Precision is Double (the default) or Mixed. New says what that changes.
	Precision kernel.Precision
}

// directions is the number of rows of B.
func (d *Design) directions() int { return len(d.B) / d.Coefficients }

// New makes a Fitter whose parameters are the SH coefficients of the fibre orientation distribution, in the basis of X
// and B. It follows DIPY's csdeconv decision by decision:
//
//  1. Solve P f = z with P = X^T X (+ SolutionNorm I) and z = X^T s. Where P is not positive definite, P + 1e-5 I
//     replaces it from now on. (With fewer measurements than coefficients P is singular, and rounding decides whether
//     a factor is found. Results of different programs can then not be compared.)
//  2. The first set is the directions whose amplitude is strictly less than Tau times the mean amplitude B[0,0] f[0].
//     The amplitudes are those of the first StartCoefficients coefficients, which Start gives where it is set. Where
//     the set is empty, take the amplitudes of all coefficients. Where it still is, f is the result, with 0 iterations.
//  3. Solve (P + H^T H) f = z, where H is the rows of B for the directions of the set. The next set is the directions
//     that now are below the same threshold. Repeat until the set is the same as before.
//
// With Start, SolutionNorm and FloorSignal, these are also the decisions of MRtrix3's `dwi2fod csd`. There an empty
// first set is treated like any other: it leaves P as it is, and MRtrix3 counts the solution among the iterations.
//
// The status of a voxel:
//
//	NonFinite            a diffusion-weighted value is NaN or infinite; the coefficients are zero
//	Overflow             a value is too large for single precision, or z is infinite; the coefficients are zero
//	ZeroSignal           every diffusion-weighted value is zero; the coefficients are zero
//	NotPositiveDefinite  P + H^T H had no Cholesky factor (DIPY raises an error). 1e-5 was added to
//	                     its diagonal for that iteration and the fit went on; where that did not
//	                     help either, the coefficients are zero
//	MaxIterations        the set still changed after MaxIterations iterations; the coefficients are
//	                     those of the last
//	NegativeSignal       the fit settled, and a diffusion-weighted value is negative
//
// Iterations is DIPY's _num_it, the number of times that step 3 was taken.
//
// With Mixed, iterations are in single precision, and lead to the same sets as in double precision. Where an amplitude
// is so close to the threshold that rounding might change its side, the iteration is made in double precision. So is
// the last iteration of every voxel, and its coefficients are the result. Sets, iterations and status are those of
// Double. The coefficients are within 1e-9 of those of Double, relative to their norm, because moments are summed in
// another order. Mixed is faster only for designs without a Start that have 29 to 45 coefficients, which is lmax 8.
// Others are fitted as with Double.
//
// The error names the first field that does not fit the others.
func New(d Design, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: CSD design: %w", err)
	}
	gram, err := d.Gram.Checked(d.B, d.Coefficients)
	if err != nil {
		return nil, fmt.Errorf("kernel: CSD design: %w", err)
	}
	portable := &fitter{measurements: d.Measurements, coefficients: d.Coefficients, ref: ref.NewCSD(ref.CSDSetup{
		Volumes: d.Volumes, Coefficients: d.Coefficients, Directions: d.directions(),
		X: d.X, B: d.B, Gram: gram, Start: d.Start, SolutionNorm: d.SolutionNorm, FloorSignal: d.FloorSignal,
		StartCoefficients: d.StartCoefficients, Tau: d.Tau, MaxIterations: d.MaxIterations,
	})}
	if set.CSD != nil && portable.ref.Solvable() && d.Gram.ShortSums() {
		return newLaneFitter(d, portable, set.CSD), nil
	}
	return portable, nil
}

func (d *Design) check() error {
	switch {
	case d.Precision > kernel.Mixed:
		return fmt.Errorf("field Precision is %v, must be Double or Mixed", d.Precision)
	case d.Coefficients < 1:
		return fmt.Errorf("field Coefficients is %d, must be at least 1", d.Coefficients)
	case len(d.Volumes) == 0:
		return errors.New("field Volumes is empty: there is no diffusion-weighted measurement")
	case len(d.X) != len(d.Volumes)*d.Coefficients:
		return fmt.Errorf("field X has %d values, expected %d (Volumes) x %d (Coefficients)", len(d.X), len(d.Volumes), d.Coefficients)
	case len(d.B) == 0 || len(d.B)%d.Coefficients != 0:
		return fmt.Errorf("field B has %d values, expected rows of %d (Coefficients)", len(d.B), d.Coefficients)
	case d.StartCoefficients < 1 || d.StartCoefficients > d.Coefficients:
		return fmt.Errorf("StartCoefficients is %d, must be from 1 to %d (Coefficients)", d.StartCoefficients, d.Coefficients)
	case d.Start != nil && len(d.Start) != d.StartCoefficients*len(d.Volumes):
		return fmt.Errorf("field Start has %d values, expected %d (StartCoefficients) x %d (Volumes)", len(d.Start), d.StartCoefficients, len(d.Volumes))
	case !(d.SolutionNorm >= 0) || math.IsInf(d.SolutionNorm, 1):
		return fmt.Errorf("field SolutionNorm is %v, must be finite and at least 0", d.SolutionNorm)
	case math.IsNaN(d.Tau) || math.IsInf(d.Tau, 0):
		return fmt.Errorf("field Tau is %v, must be finite", d.Tau)
	case d.MaxIterations < 1 || d.MaxIterations > math.MaxUint16:
		return fmt.Errorf("MaxIterations is %d, must be from 1 to %d", d.MaxIterations, math.MaxUint16)
	}
	for row, v := range d.Volumes {
		if v < 0 || v >= d.Measurements {
			return fmt.Errorf("field Volumes[%d] is %d, must be from 0 to %d (Measurements - 1)", row, v, d.Measurements-1)
		}
	}
	for _, m := range []struct {
		name   string
		values []float64
	}{{"X", d.X}, {"B", d.B}, {"Start", d.Start}, {"Gram.Rows", d.Gram.Rows}, {"Gram.Coefficients", d.Gram.Coefficients}} {
		for i, v := range m.values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s[%d] is %v, must be finite", m.name, i, v)
			}
		}
	}
	return nil
}

type fitter struct {
	measurements, coefficients int
	ref                        *ref.CSD
}

func (c *fitter) Measurements() int        { return c.measurements }
func (c *fitter) Parameters() int          { return c.coefficients }
func (c *fitter) NewWorker() kernel.Worker { return &worker{fitter: c, scratch: c.ref.NewScratch()} }

type worker struct {
	*fitter
	scratch *ref.CSDScratch
}

func (w *worker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fit(w, params, status, signal)
}

func (w *worker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fit(w, params, status, signal)
}

func fit[T float32 | float64](w *worker, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("CSD", w, len(params), len(status), len(signal))
	for i := range status {
		f := params[i*w.coefficients:][:w.coefficients]
		status[i] = fitVoxel(w.scratch, f, signal[i*w.measurements:][:w.measurements])
	}
}

func fitVoxel[T float32 | float64](s *ref.CSDScratch, f []float64, signal []T) kernel.Status {
	seen := ref.Load(s, signal)
	if code, bad := checks.Unfit(seen); bad {
		clear(f)
		return kernel.Status{Code: code}
	}
	iterations, outcome := s.Fit(f)
	return kernel.Status{Code: checks.CodeOf(outcome, seen), Iterations: uint16(iterations)}
}
