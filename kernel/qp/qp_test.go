package qp_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/qp"
	"gonum.org/v1/gonum/mat"
)

// randomQP is a problem with two blocks of constraints, and an unknown without a constraint. Its first volume is not
// used.
func randomQP(random *rand.Rand, measurements, columns, rows int) qp.Design {
	numbers := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		return values
	}
	d := qp.Design{Measurements: measurements + 1, Unknowns: columns + 2}
	for i := range measurements {
		d.Volumes = append(d.Volumes, i+1)
	}
	d.H = numbers(measurements * d.Unknowns)
	d.Constraints = []qp.Constraints{
		{First: 0, Columns: columns, A: numbers(rows * columns)},
		{First: columns + 1, Columns: 1, A: []float64{2}},
	}
	for row := range rows { // most half-spaces contain the first axis, so that the cone is more than its apex
		d.Constraints[0].A[row*columns] = math.Abs(d.Constraints[0].A[row*columns]) + 1
	}
	return d
}

// randomSignals returns signals of noise, and of points in the cone.
func randomSignals(random *rand.Rand, d qp.Design, n int) []float64 {
	signal := make([]float64, n*d.Measurements)
	for v := range n {
		for i := range d.Measurements {
			signal[v*d.Measurements+i] = random.NormFloat64()
		}
		if v%2 == 1 {
			for row := range d.Volumes {
				signal[v*d.Measurements+d.Volumes[row]] += 5 * d.H[row*d.Unknowns]
			}
		}
	}
	return signal
}

type qpFit struct {
	kernel.Fitter
	params []float64
	status []kernel.Status
}

func fitQPOn(t *testing.T, isa string, d qp.Design, signal []float64) qpFit {
	t.Helper()
	f, err := qp.New(d, kernel.WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	n := len(signal) / d.Measurements
	fit := qpFit{f, make([]float64, n*f.Parameters()), make([]kernel.Status, n)}
	f.NewWorker().Fit64(fit.params, fit.status, signal)
	return fit
}

func (f qpFit) row(voxel int) []float64 { return f.params[voxel*f.Parameters():][:f.Parameters()] }

var qpSizes = []struct{ measurements, columns, rows int }{{7, 1, 1}, {20, 3, 7}, {40, 9, 30}, {60, 16, 100}, {80, 45, 180}}

func TestQPMeetsTheConditionsOfASolutionOnEverySet(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, size := range qpSizes {
		d := randomQP(random, size.measurements, size.columns, size.rows)
		signal := randomSignals(random, d, 61)
		for _, isa := range kernel.ISAs() {
			fit := fitQPOn(t, isa, d, signal)
			for v, s := range fit.status {
				for k, name := range []string{"dual", "primal", "complementarity"} {
					if r := fit.row(v)[d.Unknowns+1+k]; !(r <= 1e-9) {
						t.Errorf("%v on %s, voxel %d (%v): %s residual is %g", size, isa, v, s.Code, name, r)
					}
				}
			}
		}
	}
}

// objective returns what Design minimises, by its definition: half the squared residual, plus the regularisation of x.
// The term of the violations is left out, because none is above 1e-10.
func objective(d qp.Design, x, signal []float64) float64 {
	sum, largest, norm := 0.0, 0.0, 0.0
	for j := range d.Unknowns {
		diagonal := 0.0
		for row := range d.Volumes {
			diagonal += d.H[row*d.Unknowns+j] * d.H[row*d.Unknowns+j]
		}
		largest = math.Max(largest, diagonal)
		norm += x[j] * x[j]
	}
	for row, v := range d.Volumes {
		r := -signal[v]
		for j, h := range d.H[row*d.Unknowns:][:d.Unknowns] {
			r += h * x[j]
		}
		sum += r * r
	}
	return sum/2 + 1e-10*largest*norm/2
}

// No feasible direction lowers the objective, neither towards other feasible points nor towards the apex.
func TestNoFeasiblePointIsBetterThanTheSolution(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	d := randomQP(random, 40, 9, 30)
	signal := randomSignals(random, d, 40)
	for _, isa := range kernel.ISAs() {
		fit := fitQPOn(t, isa, d, signal)
		for v := range fit.status {
			x, s := fit.row(v)[:d.Unknowns], signal[v*d.Measurements:][:d.Measurements]
			best := objective(d, x, s)
			for other := range fit.status {
				for _, step := range []float64{1e-3, 0.1, 1} {
					y := slices.Clone(x)
					for j := range y {
						y[j] += step * (fit.row(other)[j]*float64(random.IntN(2)) - x[j])
					}
					if got := objective(d, y, s); isFeasible(d, y) && got < best*(1-1e-9) {
						t.Fatalf("%s, voxel %d: a feasible point has %.12g, the solution %.12g", isa, v, got, best)
					}
				}
			}
		}
	}
}

// This follows from the definition alone. With a large ConstraintNorm, the multipliers are the violations of the
// constraints over ConstraintNorm. With these, the gradient at x must vanish.
func TestTheGradientVanishesAtTheSolutionForAnyRegularisation(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	d := randomQP(random, 40, 9, 30)
	signal := randomSignals(random, d, 40)
	for _, norms := range [][2]float64{{1e-10, 1e-3}, {1e-2, 1e-3}, {1e-3, 1e-5}} {
		d.SolutionNorm, d.ConstraintNorm = norms[0], norms[1]
		n := d.Unknowns
		normal, h := mat.NewSymDense(n, nil), mat.NewDense(len(d.Volumes), n, d.H)
		normal.SymOuterK(1, h.T())
		largest := 0.0
		for i := range n {
			largest = math.Max(largest, normal.At(i, i))
		}
		for i := range n {
			normal.SetSym(i, i, normal.At(i, i)+d.SolutionNorm*largest)
		}
		var cholesky mat.Cholesky
		if !cholesky.Factorize(normal) {
			t.Fatal("no factor")
		}
		for _, isa := range kernel.ISAs() {
			fit := fitQPOn(t, isa, d, signal)
			for v := range fit.status {
				x, s := mat.NewVecDense(n, fit.row(v)[:n]), mat.NewVecDense(len(d.Volumes), nil)
				for i, volume := range d.Volumes {
					s.SetVec(i, signal[v*d.Measurements+volume])
				}
				var gradient, z, scaled mat.VecDense
				gradient.MulVec(normal, x)
				z.MulVec(h.T(), s)
				gradient.SubVec(&gradient, &z)
				for _, c := range d.Constraints {
					for row := 0; row < len(c.A); row += c.Columns {
						a := mat.NewVecDense(n, nil)
						for j, value := range c.A[row:][:c.Columns] {
							a.SetVec(c.First+j, value)
						}
						if err := cholesky.SolveVecTo(&scaled, a); err != nil {
							t.Fatal(err)
						}
						norm := math.Sqrt(mat.Dot(a, &scaled))
						if violation := -mat.Dot(a, x) / norm; violation > 0 {
							gradient.AddScaledVec(&gradient, -violation/d.ConstraintNorm/norm, a)
						}
					}
				}
				if r := mat.Norm(&gradient, math.Inf(1)) / mat.Norm(&z, math.Inf(1)); !(r < 1e-6) {
					t.Errorf("%v on %s, voxel %d (%v): the gradient is %.3g of H^T s", norms, isa, v, fit.status[v].Code, r)
				}
			}
		}
	}
}

func isFeasible(d qp.Design, x []float64) bool {
	for _, c := range d.Constraints {
		for row := 0; row < len(c.A); row += c.Columns {
			sum := 0.0
			for j, a := range c.A[row:][:c.Columns] {
				sum += a * x[c.First+j]
			}
			if sum < -1e-9 {
				return false
			}
		}
	}
	return true
}

func TestEverySetFindsTheSolutionOfThePortableCode(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, size := range qpSizes {
		d := randomQP(random, size.measurements, size.columns, size.rows)
		signal := randomSignals(random, d, 61)
		want := fitQPOn(t, "generic", d, signal)
		for _, isa := range kernel.ISAs() {
			got := fitQPOn(t, isa, d, signal)
			for v := range got.status {
				largest := 0.0
				for _, x := range want.row(v)[:d.Unknowns] {
					largest = math.Max(largest, math.Abs(x))
				}
				for j, x := range want.row(v)[:d.Unknowns+1] {
					if difference := math.Abs(got.row(v)[j] - x); difference > 1e-8*math.Max(largest, math.Abs(x))+1e-9 {
						t.Errorf("%v on %s, voxel %d (%v): parameter %d is %v, portable %v", size, isa, v, got.status[v].Code, j, got.row(v)[j], x)
					}
				}
			}
		}
	}
}

func TestAQPVoxelDoesNotDependOnItsNeighboursOrTheCall(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	d := randomQP(random, 40, 9, 30)
	signal := randomSignals(random, d, 83)
	for _, broken := range []int{3, 20, 21, 40} {
		signal[broken*d.Measurements+2] = math.NaN()
	}
	for _, isa := range kernel.ISAs() {
		whole := fitQPOn(t, isa, d, signal)
		worker := whole.NewWorker()
		for _, chunk := range []int{1, 2, 7, 8, 9, 40} {
			for begin := 0; begin < len(whole.status); begin += chunk {
				n := min(chunk, len(whole.status)-begin)
				params, status := make([]float64, n*whole.Parameters()), make([]kernel.Status, n)
				worker.Fit64(params, status, signal[begin*d.Measurements:][:n*d.Measurements])
				for i := range n {
					v := begin + i
					if !slices.Equal(params[i*whole.Parameters():][:whole.Parameters()], whole.row(v)) || status[i] != whole.status[v] {
						t.Fatalf("%s: voxel %d differs in calls of %d voxels", isa, v, chunk)
					}
				}
			}
		}
	}
}

func TestAQPFitDoesNotAllocate(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	d := randomQP(random, 40, 9, 30)
	signal := randomSignals(random, d, 37)
	for _, isa := range kernel.ISAs() {
		t.Run(isa, func(t *testing.T) { kerneltest.NoAllocations(t, fitQPOn(t, isa, d, signal), signal) })
	}
}

func TestBadSignalsOfAQPHaveTheirCodesAndHarmNobody(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	d := randomQP(random, 40, 9, 30)
	fill := func(value float64) []float64 {
		s := make([]float64, d.Measurements)
		for i := range s {
			s[i] = value
		}
		return s
	}
	with := func(place int, value float64) []float64 {
		s := fill(1)
		s[place] = value
		return s
	}
	cases := []struct {
		name   string
		signal []float64
		want   []kernel.Code
		zero   bool
	}{
		{"zeros", fill(0), []kernel.Code{kernel.ZeroSignal}, true},
		{"NaN", with(4, math.NaN()), []kernel.Code{kernel.NonFinite}, true},
		{"+Inf", with(4, math.Inf(1)), []kernel.Code{kernel.NonFinite}, true},
		{"-Inf", with(4, math.Inf(-1)), []kernel.Code{kernel.NonFinite}, true},
		{"too large", fill(1e308), []kernel.Code{kernel.Overflow}, true},
		{"NaN in a volume that is not used", with(0, math.NaN()), []kernel.Code{kernel.OK, kernel.Refit}, false},
		{"a negative value", with(4, -1), []kernel.Code{kernel.NegativeSignal, kernel.Refit}, false},
		{"tiny", fill(1e-200), []kernel.Code{kernel.OK}, false},
		{"ordinary", fill(1), []kernel.Code{kernel.OK, kernel.Refit}, false},
	}
	var signal []float64
	for _, c := range cases {
		signal = append(signal, c.signal...)
	}
	for _, isa := range kernel.ISAs() {
		fit := fitQPOn(t, isa, d, signal)
		for v, c := range cases {
			if !slices.Contains(c.want, fit.status[v].Code) {
				t.Errorf("%s, %s: %v, want %v", isa, c.name, fit.status[v].Code, c.want)
			}
			for _, p := range fit.row(v) {
				if c.zero && p != 0 || math.IsNaN(p) || math.IsInf(p, 0) {
					t.Errorf("%s, %s: parameters %v", isa, c.name, fit.row(v))
					break
				}
			}
		}
	}
}

// Where all directions are forbidden, the solution is zero. All constraints then hold with equality, and there are more
// multipliers than unknowns.
func TestAConeThatIsOnlyItsApexGivesZeroAndEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	d := randomQP(random, 40, 5, 100)
	for row := range 100 {
		sign := 1 - 2*float64(row%2)
		for j := range 5 {
			d.Constraints[0].A[row*5+j] *= sign
		}
	}
	d.Constraints[0].A = append(d.Constraints[0].A, d.Constraints[0].A[:25]...) // some of them twice
	signal := randomSignals(random, d, 30)
	for _, isa := range kernel.ISAs() {
		fit := fitQPOn(t, isa, d, signal)
		for v, s := range fit.status {
			for j, x := range fit.row(v)[:5] {
				if math.Abs(x) > 1e-7 {
					t.Errorf("%s, voxel %d (%v): unknown %d is %g, want 0", isa, v, s, j, x)
				}
			}
		}
	}
}

func TestASolutionThatNeedsNoConstraintIsLeastSquares(t *testing.T) {
	d := qp.Design{
		Measurements: 3, Volumes: []int{0, 1, 2}, Unknowns: 2, H: []float64{1, 0, 0, 1, 1, 1},
		Constraints: []qp.Constraints{{First: 0, Columns: 2, A: []float64{1, 0, 0, 1}}},
	}
	// The normal equations (2 1; 1 2) x = (1+3, 2+3) have the solution (1, 2), without residual.
	for _, isa := range kernel.ISAs() {
		fit := fitQPOn(t, isa, d, []float64{1, 2, 3})
		for j, want := range []float64{1, 2} {
			if got := fit.row(0)[j]; math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: unknown %d is %v, want %v", isa, j, got, want)
			}
		}
		if r := fit.row(0)[2]; r > 1e-12 {
			t.Errorf("%s: the residual is %v, want 0", isa, r)
		}
	}
}

func TestQPDesignErrorsNameTheField(t *testing.T) {
	sound := func() qp.Design { return randomQP(rand.New(rand.NewPCG(1, 1)), 20, 3, 7) }
	for want, spoil := range map[string]func(d *qp.Design){
		"Unknowns":               func(d *qp.Design) { d.Unknowns = 0 },
		"Volumes is empty":       func(d *qp.Design) { d.Volumes = nil },
		"Volumes[1]":             func(d *qp.Design) { d.Volumes[1] = d.Measurements },
		"field H":                func(d *qp.Design) { d.H = d.H[1:] },
		"H[2]":                   func(d *qp.Design) { d.H[2] = math.NaN() },
		"Constraints is empty":   func(d *qp.Design) { d.Constraints = nil },
		"Constraints[1] is":      func(d *qp.Design) { d.Constraints[1].First = 2 },
		"Constraints[0].A has":   func(d *qp.Design) { d.Constraints[0].A = d.Constraints[0].A[1:] },
		"Constraints[0].A[1]":    func(d *qp.Design) { d.Constraints[0].A[1] = math.Inf(1) },
		"has no finite row":      func(d *qp.Design) { clear(d.Constraints[0].A[:3]) },
		"SolutionNorm":           func(d *qp.Design) { d.SolutionNorm = -1 },
		"ConstraintNorm":         func(d *qp.Design) { d.ConstraintNorm = 2 },
		"not positive definite":  func(d *qp.Design) { clear(d.H) },
		"Constraints[0]: Gram.R": func(d *qp.Design) { d.Constraints[0].Gram = &gram.Map{} },
	} {
		d := sound()
		spoil(&d)
		if _, err := qp.New(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %q", err, want)
		}
	}
}
