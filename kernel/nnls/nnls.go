package nnls

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/internal/magnitude"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Design is linear least squares with unknowns that cannot be negative, and one matrix for all voxels. A voxel's
// solution is the x >= 0 with the least
//
//	1/2 |A x - y|^2 + L1 sum(x) + L2/2 |x|^2
//
// Plain least squares has L1 = L2 = 0. Other values make a non-negative elastic net.
type Design struct {
	// Measurements is the number of values of y, which is the number of rows of A.
	Measurements int
	// Unknowns is the number of columns of A.
	Unknowns int
	// A is Measurements x Unknowns, row-major. It may have any rank. More columns than rows, equal columns and columns
	// of zeros are all allowed.
	A []float64
	// L1 and L2 are the penalties. They are not negative.
	L1, L2 float64
	// Precision is Mixed (the default) or Double.
	Precision kernel.Precision
}

// Extra is how many parameters follow the unknowns of a Fitter made by New.
const Extra = 2

// New makes a Fitter whose signal is y. Its parameters are the unknowns x, then the residual |A x - y|, then the KKT
// residual.
//
// The KKT residual says how well the conditions of Karush, Kuhn and Tucker hold, which are sufficient for the minimum.
// With g the gradient of the objective, it is the largest of |g| where x > 0 and of -g where x = 0, over the largest
// element of A^T y. Rounding leaves 1e-15 to 1e-11. Where L1 and L2 are zero, columns are first scaled to lengths from
// 1 to 2, by powers of two, and the gradient is that of the scaled columns. The result then does not depend on the
// units of the unknowns.
//
// The method is that of Lawson and Hanson (1974), as in scipy.optimize.nnls. It works on A^T A and A^T y, as in Bro and
// De Jong (J. Chemometrics 1997). This may lose digits: where columns are nearly dependent, where the parts of a
// solution cancel, and where a gradient might be zero. Such a voxel is solved again by orthogonal reflections of A
// itself, and its status is Refit. This is slower, and at least as accurate as scipy. Where the columns in use are
// dependent, the solution is not unique, but the objective is the least.
//
// Mixed precision looks for columns in single precision. It uses double precision where the rounding could matter, and
// for all that is solved and checked. The result is therefore as good as that of Double. It may differ by rounding.
// Iterations may differ by a few where several columns are about equally good.
//
// The status of a voxel:
//
//	NonFinite      a value of y is NaN or infinite; all parameters are zero
//	Overflow       a value of y is too large for single precision, or squares are infinite; all parameters are zero
//	ZeroSignal     y is zero; all parameters are zero
//	MaxIterations  3 x Unknowns columns had entered, scipy's limit; the last solution is written
//	Refit          the orthogonal method gave the solution
//
// Iterations is how many times a column entered the set of columns that are in use.
//
// The error names the first field that does not fit the others.
func New(d Design, opts ...kernel.Option) (kernel.Fitter, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: NNLS design: %w", err)
	}
	n := &fitter{measurements: d.Measurements, unknowns: d.Unknowns, l1: d.L1, extra: Extra}
	for i := range d.Measurements {
		n.volumes = append(n.volumes, i)
	}
	columns := transposed(d.A, d.Measurements, d.Unknowns)
	if d.L1 == 0 && d.L2 == 0 {
		n.scales = scaleColumns(columns, d.Unknowns)
	}
	return n.finish(columns, columns, d.L2, d.Precision, set), nil
}

func (d *Design) check() error {
	return checkLeastSquares("Measurements", d.Measurements, "Unknowns", d.Unknowns, d.A, d.L1, d.L2, d.Precision)
}

// checkLeastSquares checks the fields that all designs with non-negative unknowns have.
func checkLeastSquares(rows string, m int, columns string, n int, a []float64, l1, l2 float64, precision kernel.Precision) error {
	switch {
	case precision > kernel.Mixed:
		return fmt.Errorf("field Precision is %v, must be Double or Mixed", precision)
	case m < 1:
		return fmt.Errorf("field %s has %d, must be at least 1", rows, m)
	case n < 1:
		return fmt.Errorf("field %s is %d, must be at least 1", columns, n)
	case len(a) != m*n:
		return fmt.Errorf("field A has %d values, expected %d (%s) x %d (%s)", len(a), m, rows, n, columns)
	case !(l1 >= 0) || math.IsInf(l1, 1):
		return fmt.Errorf("field L1 is %v, must be at least 0 and finite", l1)
	case !(l2 >= 0) || math.IsInf(l2, 1):
		return fmt.Errorf("field L2 is %v, must be at least 0 and finite", l2)
	}
	for i, v := range a {
		if math.IsNaN(v*0) || math.IsInf(v*v*float64(m), 0) {
			return fmt.Errorf("field A[%d] is %v, must be finite, and so must sums of squares", i, v)
		}
	}
	return nil
}

// Solve returns the x >= 0 with the least |A x - y| for one matrix and one y, and this residual. a is rows x columns,
// row-major. It uses the orthogonal method of New, which is as accurate as scipy's. For many y and one matrix, use New.
//
// The error says that the lengths do not agree, that a value is not finite, or that no end was reached after 3 entries
// for each column. In the last case Solve returns the last solution with it.
func Solve(a []float64, rows, columns int, y []float64) (x []float64, residual float64, err error) {
	if err := checkLeastSquares("rows", rows, "columns", columns, a, 0, 0, kernel.Double); err != nil {
		return nil, 0, fmt.Errorf("kernel: NNLS: %w", err)
	}
	if len(y) != rows {
		return nil, 0, fmt.Errorf("kernel: NNLS: y has %d values, expected %d (rows)", len(y), rows)
	}
	for i, v := range y {
		if math.IsNaN(v*0) || math.IsInf(v*v*float64(rows), 0) {
			return nil, 0, fmt.Errorf("kernel: NNLS: y[%d] is %v, must be finite, and so must sums of squares", i, v)
		}
	}
	s := ref.NewNNLS(transposed(a, rows, columns), rows, columns, 0).NewScratch(nil)
	outcome := s.SolveCarefully(y, 0)
	x = make([]float64, columns)
	for i, place := range s.Places {
		x[place] = s.X[i]
	}
	if outcome == ref.IterationLimit {
		err = errors.New("kernel: NNLS: no end after 3 entries for each column; the last solution is returned")
	}
	return x, s.Residual(y), err
}

func transposed(a []float64, rows, columns int) []float64 {
	t := make([]float64, len(a))
	for i := range rows {
		for j := range columns {
			t[j*rows+i] = a[i*columns+j]
		}
	}
	return t
}

// scaleColumns scales columns to lengths from 1 to 2, by powers of two, and returns the factors.
func scaleColumns(columns []float64, n int) []float64 {
	m := len(columns) / n
	scales := make([]float64, n)
	for j := range scales {
		column, square := columns[j*m:][:m], 0.0
		for _, v := range column {
			square += float64(v * v)
		}
		_, exponent := math.Frexp(math.Sqrt(square))
		scales[j] = math.Ldexp(1, 1-exponent)
		for i := range column {
			column[i] *= scales[j]
		}
	}
	return scales
}

// fitter is non-negative least squares made ready. It serves New, whose y is the signal, and NewSFM, whose y comes from
// the diffusion-weighted values.
type fitter struct {
	measurements int
	volumes      []int // places in the signal of the rows of A
	b0s          []int // places of the values at b = 0; none for New
	unknowns     int
	extra        int // parameters behind the unknowns
	l1           float64
	offsets      []float64 // sums of the columns, where the lanes multiply by centred columns; else nil
	means        []float64 // subtracted from the columns; nil for none
	scales       []float64 // factors of the columns; nil where all are 1
	problem      *ref.NNLS
	matrix       *ref.Panels // A^T
}

// finish makes the Fitter. columns are the columns of A as the method sees them. rows are those by which signals are
// multiplied in lanes.
func (n *fitter) finish(columns, rows []float64, l2 float64, precision kernel.Precision, set *ops.Set) kernel.Fitter {
	m := len(n.volumes)
	n.problem = ref.NewNNLS(columns, m, n.unknowns, l2)
	if set.NNLS != nil {
		return newLaneFitter(n, rows, precision, set.NNLS)
	}
	n.problem.MakeGram(n.unknowns)
	n.matrix = ref.NewPanels(columns, n.unknowns, m)
	return n
}

func (n *fitter) Measurements() int { return n.measurements }
func (n *fitter) Parameters() int   { return n.unknowns + n.extra }

func (n *fitter) NewWorker() kernel.Worker {
	return &worker{
		fitter: n, solver: n.problem.NewScratch(nil), b: make([]float64, n.matrix.PaddedRows()),
		y: make([]float64, len(n.volumes)), weak: make([]float64, len(n.b0s)),
	}
}

type worker struct {
	*fitter
	solver *ref.NNLSScratch
	b      []float64 // padded to whole panels
	y      []float64
	weak   []float64 // the values at b = 0
}

func (w *worker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fit(w, params, status, signal)
}

func (w *worker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fit(w, params, status, signal)
}

func fit[T float32 | float64](w *worker, params []float64, status []kernel.Status, signal []T) {
	checks.Lengths("NNLS", w, len(params), len(status), len(signal))
	for i := range status {
		row := params[i*w.Parameters():][:w.Parameters()]
		status[i] = fitVoxel(w, row, signal[i*w.measurements:][:w.measurements])
	}
}

// summary says what a voxel's signal is like.
type summary struct {
	nonFinite, tooLarge, zero, negative bool
	s0                                  float64 // 1 for New
	isotropic                           float64 // subtracted from signals to give y
	energy, gross                       float64 // |y|^2, and the sum of squares from which it was computed
	mean                                float64 // of y
}

// about summarises a signal. poison is not 0 where a value is not finite. low and high are the smallest and the largest
// value. weak is the sum of the values at b = 0. The others are sums over the volumes: of the values, of the positive
// ones, and of squares.
func (n *fitter) about(poison, low, high, weak, total, positive, squares float64) summary {
	about := summary{
		nonFinite: poison != 0, tooLarge: low <= -magnitude.Limit || high >= magnitude.Limit,
		zero: low == 0 && high == 0 || squares == 0, s0: 1, energy: squares, gross: squares,
	}
	if n.b0s != nil {
		m := float64(len(n.volumes))
		about.negative = low < 0
		about.s0 = weak / float64(len(n.b0s))
		about.isotropic = positive / m
		about.mean = (total - positive) / m
		about.energy += float64(m*float64(about.isotropic*about.isotropic)) - 2*float64(about.isotropic*total)
	}
	return about
}

func fitVoxel[T float32 | float64](w *worker, row []float64, signal []T) kernel.Status {
	seen, weak := ref.Gather(w.y, signal, w.volumes), ref.AllZero
	if w.b0s != nil {
		weak = ref.Gather(w.weak, signal, w.b0s)
	}
	about := summary{
		nonFinite: seen == ref.NonFinite || weak == ref.NonFinite,
		tooLarge:  seen == ref.TooLarge || weak == ref.TooLarge,
		zero:      sumSquares(w.y) == 0,
		negative:  w.b0s != nil && (seen == ref.Negative || weak == ref.Negative), s0: 1,
	}
	if w.b0s != nil {
		positive := 0.0
		for _, v := range w.y {
			positive += max(v, 0)
		}
		about.s0, about.isotropic = sum(w.weak)/float64(len(w.b0s)), positive/float64(len(w.y))
		for i := range w.y {
			w.y[i] -= about.isotropic
		}
		about.mean = sum(w.y) / float64(len(w.y))
	}
	about.energy = sumSquares(w.y)
	about.gross = about.energy
	if status, bad := w.refuse(row, &about); bad {
		return status
	}
	shift := w.l1 * about.s0
	w.matrix.Multiply(w.b, w.y)
	for i, v := range w.b[:w.unknowns] {
		w.solver.B[i] = v - shift
	}
	first := 0
	for i, v := range w.solver.B {
		if v > w.solver.B[first] {
			first = i
		}
	}
	outcome := w.solver.Solve(first, shift, about.gross)
	if outcome == ref.Doubtful {
		outcome = w.solver.SolveCarefully(w.y, shift)
	}
	square, ok := w.solver.SquaredResidual(about.energy, about.gross, shift)
	residual := math.Sqrt(square)
	if outcome != ref.Converged || !ok {
		residual = w.solver.Residual(w.y)
	}
	return w.write(row, w.solver, &about, residual, outcome)
}

func sumSquares(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += float64(v * v)
	}
	return s
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// refuse writes zeros for a signal that cannot be fitted, and says why.
func (n *fitter) refuse(row []float64, about *summary) (kernel.Status, bool) {
	switch {
	case about.nonFinite:
		clear(row)
		return kernel.Status{Code: kernel.NonFinite}, true
	case about.tooLarge || math.IsNaN(about.energy*0):
		clear(row)
		return kernel.Status{Code: kernel.Overflow}, true
	case about.zero || !(about.s0 > 0):
		clear(row)
		return kernel.Status{Code: kernel.ZeroSignal}, true
	}
	return kernel.Status{}, false
}

// write writes the parameters of a voxel from what the solver found. residual is |A x - y| with the columns that the
// solver saw.
func (n *fitter) write(row []float64, solver *ref.NNLSScratch, about *summary, residual float64, outcome ref.Outcome) kernel.Status {
	clear(row)
	along, poison := 0.0, about.isotropic/about.s0*0
	for i, place := range solver.Places {
		x := solver.X[i] / about.s0
		if n.means != nil {
			along += float64(n.means[place] * x)
		}
		if n.scales != nil {
			x *= n.scales[place]
		}
		poison += x * 0
		row[place] = x
	}
	residual /= about.s0
	if poison != 0 || math.IsInf(residual, 1) {
		clear(row)
		return kernel.Status{Code: kernel.Overflow}
	}
	extra := row[n.unknowns:]
	if n.b0s != nil {
		// Where means were subtracted from the columns, the prediction still has them, and no intercept, as in DIPY.
		m := float64(len(n.volumes))
		square := float64(residual*residual)/m + float64(along*(along-2*(about.mean/about.s0)))
		extra[0], extra[1], extra[2], extra[3] = about.s0, about.isotropic/about.s0, math.Sqrt(max(square, 0)), solver.KKT
	} else {
		extra[0], extra[1] = residual, solver.KKT
	}
	status := kernel.Status{Iterations: uint16(min(solver.Entered, math.MaxUint16))}
	switch {
	case outcome == ref.IterationLimit:
		status.Code = kernel.MaxIterations
	case outcome == ref.Careful:
		status.Code = kernel.Refit
	case about.negative:
		status.Code = kernel.NegativeSignal
	}
	return status
}
