package ref

import (
	"errors"
	"fmt"
	"math"
)

// A QP is the problem min 1/2 |H x - s|^2 subject to A x >= 0, made ready for one acquisition: one matrix for all
// signals s. M is H^T H plus a little on its diagonal, z = H^T s, and the rows a of A are scaled so that a M^-1 a = 1.
// The solution satisfies
//
//	M x = z + A^T l,   A x + e l >= 0,   l >= 0,   l (A x + e l) = 0
//
// The small number e makes the multipliers l unique.
type QP struct {
	volumes  []int
	unknowns int
	h        []float64
	epsilon  float64

	transposed *Panels   // H^T
	normal     []float64 // M, packed lower triangle
	shift      float64   // what was added to the diagonal of H^T H
	factor     []float64 // Cholesky factor L of M, padded to whole tiles with rows of the identity
	inverse    []float64 // reciprocals of the diagonal of L
	blocks     []QPRows  // A, scaled
	norms      []float64 // by which the rows were divided
	whitened   []float64 // B = A L^-T, row-major, with rows of length 1
	prices     *Panels   // B
	limit      int       // how many exchanges a voxel may take
}

// QPRows are the constraints on unknowns that lie next to each other: Columns of them, from First on.
type QPRows struct {
	First, Columns int
	A              []float64 // rows x Columns
}

// rows returns the number of constraints.
func (b *QPRows) rows() int { return len(b.A) / b.Columns }

// QPSetup is what NewQP needs. qp.Design documents the fields.
type QPSetup struct {
	Volumes                      []int
	Unknowns                     int
	H                            []float64
	Blocks                       []QPRows
	SolutionNorm, ConstraintNorm float64
}

// exchangesPerConstraint bounds the work of the active-set method. An ordinary voxel needs less than one exchange for
// each constraint.
const exchangesPerConstraint = 20

// NewQP prepares the matrices. Sizes must be consistent; package qp checks them. The error says that the problem has no
// unique solution, or that a constraint has no row.
func NewQP(s QPSetup) (*QP, error) {
	n, m := s.Unknowns, len(s.Volumes)
	ht := make([]float64, n*m)
	for i := range m {
		for j := range n {
			ht[j*m+i] = s.H[i*n+j]
		}
	}
	d := &QP{
		volumes: s.Volumes, unknowns: n, h: s.H, epsilon: s.ConstraintNorm,
		transposed: NewPanels(ht, n, m), normal: normalMatrix(ht, n, m),
	}
	largest := 0.0
	for i := range n {
		largest = math.Max(largest, d.normal[Triangle(i)+i])
	}
	d.shift = s.SolutionNorm * largest
	for i := range n {
		d.normal[Triangle(i)+i] += d.shift
	}
	padded := tilePadded(n)
	d.factor, d.inverse = make([]float64, Triangle(padded)), make([]float64, padded)
	identityRows(d.factor, n)
	copy(d.factor, d.normal)
	if !cholesky(d.factor, d.inverse, make([]float64, padded)) {
		return nil, errors.New("H^T H with its regularisation is not positive definite: the measurements do not determine the unknowns")
	}
	if err := d.scaleRows(s.Blocks); err != nil {
		return nil, err
	}
	d.limit = exchangesPerConstraint * (len(d.norms) + 1)
	return d, nil
}

// scaleRows divides each row a by the root of a M^-1 a, which is then 1.
func (d *QP) scaleRows(blocks []QPRows) error {
	n := d.unknowns
	row := make([]float64, len(d.inverse))
	for b := range blocks {
		block := QPRows{blocks[b].First, blocks[b].Columns, append([]float64(nil), blocks[b].A...)}
		for r := range block.rows() {
			a := block.A[r*block.Columns:][:block.Columns]
			clear(row)
			copy(row[block.First:], a)
			forwardSolve(d.factor, d.inverse, row)
			norm := math.Sqrt(Dot(row[:n], row[:n]))
			if !(norm > 0) || math.IsInf(norm, 1) {
				return fmt.Errorf("constraint %d of block %d has no finite row that is not zero", r, b)
			}
			for i := range a {
				a[i] /= norm
			}
			for i := range n {
				row[i] /= norm
			}
			d.norms = append(d.norms, norm)
			d.whitened = append(d.whitened, row[:n]...)
		}
		d.blocks = append(d.blocks, block)
	}
	d.prices = NewPanels(d.whitened, len(d.norms), n)
	return nil
}

// Shift returns what was added to the diagonal of H^T H to make M.
func (d *QP) Shift() float64 { return d.shift }

// Normal returns M as a packed lower triangle.
func (d *QP) Normal() []float64 { return d.normal }

// Blocks returns the scaled rows of A.
func (d *QP) Blocks() []QPRows { return d.blocks }

// Norms returns what the rows of A were divided by, of all blocks one after another.
func (d *QP) Norms() []float64 { return d.norms }

// InverseNormal returns the inverse of M, row-major.
func (d *QP) InverseNormal() []float64 {
	n := d.unknowns
	inverse := make([]float64, 0, n*n)
	x := make([]float64, len(d.inverse))
	for r := range n {
		clear(x)
		x[r] = 1
		forwardSolve(d.factor, d.inverse, x)
		backSolve(d.factor, d.inverse, x)
		inverse = append(inverse, x[:n]...)
	}
	return inverse
}

// QPMeasures say how well a solution fits, and how far it is from the conditions of a solution. qp.New defines them.
type QPMeasures struct {
	Residual        float64 // |H x - s|^2
	Dual            float64 // of |M x - z - A^T l| over |z|, by largest entries, or the most negative l over the largest
	Primal          float64 // the most negative A x + e l, over the largest |A M^-1 z|
	Complementarity float64 // the largest |l (A x + e l)|, over the product of the largest l and the largest |A M^-1 z|
}

// NewScratch allocates the memory of one worker.
func (d *QP) NewScratch() *QPScratch {
	rows, padded := len(d.norms), len(d.inverse)
	return &QPScratch{
		qp:      d,
		signal:  make([]float64, len(d.volumes)),
		z:       make([]float64, max(d.transposed.PaddedRows(), padded)),
		free:    make([]float64, padded),
		y:       make([]float64, padded),
		x:       make([]float64, padded),
		rest:    make([]float64, padded),
		c:       make([]float64, d.prices.PaddedRows()),
		slack:   make([]float64, d.prices.PaddedRows()),
		lambda:  make([]float64, rows),
		held:    make([]bool, rows),
		active:  newActiveSet(rows),
		toward:  make([]float64, rows),
		couples: make([]float64, rows),
		q:       make([]float64, Triangle(padded)), reciprocals: make([]float64, padded),
	}
}

// QPScratch is the memory of one worker.
type QPScratch struct {
	qp      *QP
	signal  []float64
	z       []float64 // H^T s
	free    []float64 // L^-1 z, the solution without constraints, whitened
	y       []float64 // L^T x, the solution, whitened
	x, rest []float64
	c       []float64 // A x for the solution without constraints
	slack   []float64 // A x
	lambda  []float64
	held    []bool
	active  *activeSet
	toward  []float64
	couples []float64

	q, reciprocals []float64 // the normal matrix for a set, then its factor
}

// LoadQP reads the volumes that the model uses from one voxel's signal, and says what it saw.
func LoadQP[T float32 | float64](s *QPScratch, signal []T) Signal {
	return Gather(s.signal, signal, s.qp.volumes)
}

// Fit solves for the loaded signal and writes x. It returns the number of exchanges, the measures, and how the fit
// ended.
func (s *QPScratch) Fit(x []float64) (exchanges int, found QPMeasures, outcome Outcome) {
	d, n := s.qp, s.qp.unknowns
	d.transposed.Multiply(s.z, s.signal)
	clear(s.free)
	copy(s.free, s.z[:n])
	forwardSolve(d.factor, d.inverse, s.free)
	d.prices.Multiply(s.c, s.free[:n])
	clear(x)
	if !Finite(s.free[:n]) || !Finite(s.c[:len(d.norms)]) {
		return 0, QPMeasures{}, OutOfRange
	}
	exchanges, outcome = s.exchange()
	s.solveForX()
	copy(x, s.x[:n])
	return exchanges, s.measure(), outcome
}

// solveForX solves the equations for the set that was found. With D = 1/e for its members, and 0 for the others, they
// are
//
//	(M + A^T D A) dx = z - M x + A^T (l - D (A x + e l)),   dl = -D (A dx + A x + e l)
//
// It solves them twice; the second time refines the first solution. It begins from the whitened solution, which is as
// good only where M is well conditioned.
func (s *QPScratch) solveForX() {
	d, n := s.qp, s.qp.unknowns
	copy(s.x, s.y)
	clear(s.x[n:])
	backSolve(d.factor, d.inverse, s.x)
	if !s.factoriseForSet() {
		return
	}
	d.eachRow(func(row, first int, a []float64) { s.slack[row] = Dot(a, s.x[first:]) })
	for range 2 {
		s.stationarity(func(row int) float64 {
			if !s.held[row] {
				return 0
			}
			return s.lambda[row] - (s.slack[row]+float64(d.epsilon*s.lambda[row]))/d.epsilon
		})
		for i := range n {
			s.rest[i] = -s.rest[i]
		}
		clear(s.rest[n:])
		forwardSolve(s.q, s.reciprocals, s.rest)
		backSolve(s.q, s.reciprocals, s.rest)
		for i := range n {
			s.x[i] += s.rest[i]
		}
		d.eachRow(func(row, first int, a []float64) {
			// The steps are added up. A x computed again would have a rounding that, divided by e, is an error of l.
			s.slack[row] += Dot(a, s.rest[first:])
			if s.held[row] {
				s.lambda[row] -= (s.slack[row] + float64(d.epsilon*s.lambda[row])) / d.epsilon
			}
		})
	}
}

// factoriseForSet finds the Cholesky factor of M + A^T D A.
func (s *QPScratch) factoriseForSet() bool {
	d := s.qp
	identityRows(s.q, d.unknowns)
	copy(s.q, d.normal)
	d.eachRow(func(row, first int, a []float64) {
		if !s.held[row] {
			return
		}
		for i, u := range a {
			entries := s.q[Triangle(first+i)+first:]
			u /= d.epsilon
			for j, v := range a[:i+1] {
				entries[j] += float64(u * v)
			}
		}
	})
	clear(s.rest)
	return cholesky(s.q, s.reciprocals, s.rest)
}

// eachRow visits the rows of A, each with its first unknown.
func (d *QP) eachRow(visit func(row, first int, a []float64)) {
	row := 0
	for b := range d.blocks {
		block := &d.blocks[b]
		for r := range block.rows() {
			visit(row, block.First, block.A[r*block.Columns:][:block.Columns])
			row++
		}
	}
}

// stationarity writes M x - z - A^T v to rest. v returns a number for each constraint.
func (s *QPScratch) stationarity(v func(row int) float64) {
	d, n := s.qp, s.qp.unknowns
	for i := range n {
		sum := -s.z[i]
		for j := range n {
			sum += float64(d.normal[symmetric(i, j)] * s.x[j])
		}
		s.rest[i] = sum
	}
	d.eachRow(func(row, first int, a []float64) {
		if v := v(row); v != 0 {
			for i, a := range a {
				s.rest[first+i] -= float64(a * v)
			}
		}
	})
}

// symmetric returns the place of an entry in a packed lower triangle.
func symmetric(i, j int) int {
	if j > i {
		i, j = j, i
	}
	return Triangle(i) + j
}

// measure computes the measures of x and the multipliers.
func (s *QPScratch) measure() QPMeasures {
	d, n := s.qp, s.qp.unknowns
	s.stationarity(func(row int) float64 { return s.lambda[row] })
	scale, most := largestMagnitude(s.c[:len(d.norms)]), largestMagnitude(s.lambda)
	k := QPMeasures{Residual: s.residual(), Dual: over(largestMagnitude(s.rest[:n]), largestMagnitude(s.z[:n]))}
	d.eachRow(func(row, first int, a []float64) {
		l := s.lambda[row]
		v := Dot(a, s.x[first:]) + float64(d.epsilon*l)
		k.Primal = math.Max(k.Primal, over(-v, scale))
		k.Complementarity = math.Max(k.Complementarity, over(math.Abs(float64(l*v)), float64(most*scale)))
		k.Dual = math.Max(k.Dual, over(-l, most))
	})
	return k
}

// residual returns |H x - s|^2.
func (s *QPScratch) residual() float64 {
	d, n, sum := s.qp, s.qp.unknowns, 0.0
	for i, v := range s.signal {
		r := Dot(d.h[i*n:][:n], s.x) - v
		sum += float64(r * r)
	}
	return sum
}

func largestMagnitude(values []float64) float64 {
	largest := 0.0
	for _, v := range values {
		largest = math.Max(largest, math.Abs(v))
	}
	return largest
}

// over returns a/b, and 0 where a is 0.
func over(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a / b
}
