package qp

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

// Design is a linear least-squares problem with linear inequalities, with the same matrices for every voxel:
//
//	min 1/2 |H x - s|^2   subject to   A x >= 0
//
// s is the signal. In spherical deconvolution of several tissues, x are their SH coefficients and A x their amplitudes
// in many directions.
//
// This problem may have several solutions, and its multipliers may be undetermined. New therefore does as MRtrix3's
// solver does (class ICLS). It solves a problem next to this one that is strictly convex in x and in the multipliers l:
//
//	M = H^T H + SolutionNorm max(diagonal of H^T H) I
//	rows a of A scaled so that a^T M^-1 a = 1
//	min 1/2 x^T M x - x^T H^T s + 1/(2 ConstraintNorm) |v|^2   subject to   A x + v >= 0
//
// It has one solution, which a method finds from any start. Its conditions are:
//
//	M x = H^T s + A^T l,   A x + ConstraintNorm l >= 0,   l >= 0,   l (A x + ConstraintNorm l) = 0
type Design struct {
	// Measurements is the number of values per voxel in the signal.
	Measurements int
	// Volumes are the places in the signal of the values that are used, in the order of the rows of H.
	Volumes []int
	// Unknowns is the length of x.
	Unknowns int
	// H is len(Volumes) x Unknowns, row-major.
	H []float64
	// Constraints are the rows of A, in blocks that share no unknown.
	Constraints []Constraints
	// SolutionNorm and ConstraintNorm are the two regularisations, above 0 and below 1. 0 stands for 1e-10, MRtrix3's
	// default for both (dwi2fod -norm_lambda and -neg_lambda).
	SolutionNorm, ConstraintNorm float64
}

// Constraints are rows of A whose unknowns lie next to each other: Columns of them, from First on. All rows that share
// an unknown belong in the same Constraints. These stand in the order of their unknowns.
type Constraints struct {
	First, Columns int
	// A is rows x Columns, row-major. No row times x[First:First+Columns] may be negative.
	A []float64
	// Gram is the map from the moments of the rows to the products of A's columns (see package gram). With it, a sum
	// A^T D A over weights D takes a few thousand operations instead of tens of thousands. It is nil where the rows
	// have no such map.
	Gram *gram.Map
}

// rows is the number of constraints.
func (c *Constraints) rows() int { return len(c.A) / c.Columns }

// Measures is how many parameters follow x; New names them.
const Measures = 4

// regularisation is the value for which 0 stands in SolutionNorm and ConstraintNorm.
const regularisation = 1e-10

// New makes a Fitter whose parameters are x, then four measures of the solution. The first says how well x fits, and
// the others how far x and its multipliers are from the conditions that Design has. The rows of A are scaled as said
// there.
//
//	residual          |H x - s|^2
//	dual              the larger of two ratios: the largest |M x - H^T s - A^T l| over the largest
//	                  |H^T s|; the most negative multiplier over the largest
//	primal            the most negative A x + ConstraintNorm l over the largest |A M^-1 H^T s|
//	complementarity   the largest |l (A x + ConstraintNorm l)| over the product of the largest l and
//	                  the largest |A M^-1 H^T s|
//
// The last three are about 1e-15 at the solution.
//
// An instruction set with kernels for this problem first finds which constraints hold with equality, by an
// interior-point method. Then it solves the equations for these constraints exactly, and checks the solution. A dual
// active-set method solves the few voxels that fail the check, and all voxels on the portable code. Both methods end at
// the same solution.
//
// The status of a voxel:
//
//	NonFinite       a value is NaN or infinite; all parameters are zero
//	Overflow        a value is too large for single precision, or H^T s is infinite; all parameters are zero
//	ZeroSignal      every value is zero; all parameters are zero
//	MaxIterations   the active-set method was given up after 20 exchanges for each constraint; the
//	                measures tell how far x is from the solution
//	Refit           the set that the interior-point method found failed the check, and the
//	                active-set method gave the result
//	NegativeSignal  the fit ended normally, and a value is negative
//
// Iterations counts the iterations of the interior-point method and the exact solutions after them. With the active-set
// method it counts the constraints that entered or left. The number therefore depends on the instruction set.
//
// The error names the first field that does not fit the others.
func New(d Design, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	d = d.withDefaults()
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: QP design: %w", err)
	}
	for i := range d.Constraints {
		if err := d.Constraints[i].checkGram(); err != nil {
			return nil, fmt.Errorf("kernel: QP design: Constraints[%d]: %w", i, err)
		}
	}
	solver, err := ref.NewQP(d.setup())
	if err != nil {
		return nil, fmt.Errorf("kernel: QP design: %w", err)
	}
	portable := &fitter{measurements: d.Measurements, unknowns: d.Unknowns, ref: solver}
	if set.QP != nil && set.CSD != nil && d.fitsLanes() {
		return newLaneFitter(&d, portable, set.CSD, set.QP), nil
	}
	return portable, nil
}

func (d Design) withDefaults() Design {
	if d.SolutionNorm == 0 {
		d.SolutionNorm = regularisation
	}
	if d.ConstraintNorm == 0 {
		d.ConstraintNorm = regularisation
	}
	return d
}

func (d *Design) setup() ref.QPSetup {
	s := ref.QPSetup{
		Volumes: d.Volumes, Unknowns: d.Unknowns, H: d.H,
		SolutionNorm: d.SolutionNorm, ConstraintNorm: d.ConstraintNorm,
	}
	for _, c := range d.Constraints {
		s.Blocks = append(s.Blocks, ref.QPRows{First: c.First, Columns: c.Columns, A: c.A})
	}
	return s
}

func (d *Design) check() error {
	switch {
	case d.Unknowns < 1:
		return fmt.Errorf("field Unknowns is %d, must be at least 1", d.Unknowns)
	case len(d.Volumes) == 0:
		return errors.New("field Volumes is empty: there is no measurement")
	case len(d.H) != len(d.Volumes)*d.Unknowns:
		return fmt.Errorf("field H has %d values, expected %d (Volumes) x %d (Unknowns)", len(d.H), len(d.Volumes), d.Unknowns)
	case len(d.Constraints) == 0:
		return errors.New("field Constraints is empty: without inequalities this is a linear system")
	}
	for row, v := range d.Volumes {
		if v < 0 || v >= d.Measurements {
			return fmt.Errorf("field Volumes[%d] is %d, must be from 0 to %d (Measurements - 1)", row, v, d.Measurements-1)
		}
	}
	for _, p := range []struct {
		name  string
		value float64
	}{{"SolutionNorm", d.SolutionNorm}, {"ConstraintNorm", d.ConstraintNorm}} {
		if !(p.value > 0 && p.value < 1) {
			return fmt.Errorf("field %s is %v, must be above 0 and below 1", p.name, p.value)
		}
	}
	if err := finiteField("H", d.H); err != nil {
		return err
	}
	end := 0
	for i, c := range d.Constraints {
		switch {
		case c.Columns < 1 || c.First < end || c.First+c.Columns > d.Unknowns:
			return fmt.Errorf("field Constraints[%d] is on the unknowns %d to %d, must begin at %d or later and end before %d (Unknowns)", i, c.First, c.First+c.Columns-1, end, d.Unknowns)
		case len(c.A) == 0 || len(c.A)%c.Columns != 0:
			return fmt.Errorf("field Constraints[%d].A has %d values, expected rows of %d (Columns)", i, len(c.A), c.Columns)
		}
		end = c.First + c.Columns
		if err := finiteField(fmt.Sprintf("Constraints[%d].A", i), c.A); err != nil {
			return err
		}
	}
	return nil
}

func finiteField(name string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s[%d] is %v, must be finite", name, i, v)
		}
	}
	return nil
}

// checkGram compares the map with the products of each row. The map is linear, so that it is then right for any weights
// of the rows.
func (c *Constraints) checkGram() error {
	if c.Gram == nil {
		return nil
	}
	for _, m := range [][]float64{c.Gram.Rows, c.Gram.Coefficients} {
		if err := finiteField("Gram", m); err != nil {
			return err
		}
	}
	_, err := c.Gram.Checked(c.A, c.Columns)
	return err
}

type fitter struct {
	measurements, unknowns int
	ref                    *ref.QP
}

func (q *fitter) Measurements() int        { return q.measurements }
func (q *fitter) Parameters() int          { return q.unknowns + Measures }
func (q *fitter) NewWorker() kernel.Worker { return &worker{fitter: q, scratch: q.ref.NewScratch()} }

type worker struct {
	*fitter
	scratch *ref.QPScratch
}

func (w *worker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fit(w, params, status, signal)
}

func (w *worker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fit(w, params, status, signal)
}

func fit[T float32 | float64](w *worker, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("QP", w, len(params), len(status), len(signal))
	size := w.Parameters()
	for i := range status {
		status[i] = fitVoxel(w.scratch, params[i*size:][:size], signal[i*w.measurements:][:w.measurements])
	}
}

func fitVoxel[T float32 | float64](s *ref.QPScratch, params []float64, signal []T) kernel.Status {
	seen := ref.LoadQP(s, signal)
	if code, bad := checks.Unfit(seen); bad {
		clear(params)
		return kernel.Status{Code: code}
	}
	n := len(params) - Measures
	exchanges, found, outcome := s.Fit(params[:n])
	copy(params[n:], []float64{found.Residual, found.Dual, found.Primal, found.Complementarity})
	if outcome == ref.OutOfRange {
		return kernel.Status{Code: kernel.Overflow}
	}
	return kernel.Status{Code: checks.CodeOf(outcome, seen), Iterations: uint16(min(exchanges, math.MaxUint16))}
}
