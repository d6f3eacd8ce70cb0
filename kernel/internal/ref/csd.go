package ref

// diagonalLoad is what DIPY adds to the diagonal of a normal matrix that is not positive definite.
const diagonalLoad = 1e-5

// CSD is constrained spherical deconvolution made ready for one acquisition. Package csd has the mathematics.
type CSD struct {
	volumes       []int
	coefficients  int
	start         int     // how many coefficients the first, unconstrained estimate has
	zeroth        float64 // B[0,0], by which the first coefficient becomes the mean amplitude
	tau           float64
	maxIterations int
	transposed    *Panels   // X^T
	amplitudes    *Panels   // B
	gram          *Gram     // B_active^T B_active
	complete      []float64 // the moments of all directions
	normal        []float64 // P, packed lower triangle
	factor        []float64 // Cholesky factor of P, padded to whole tiles with rows of the identity
	inverse       []float64 // reciprocals of its diagonal
	solvable      bool      // false where even P + 1e-5 I has no factor
	filter        *Panels   // from the signal to the start coefficients; nil where these are of the unconstrained solution
	floor         bool      // negative values of the signal count as zero
}

// CSDSetup is what NewCSD needs. csd.Design documents the fields.
type CSDSetup struct {
	Volumes           []int
	Coefficients      int
	Directions        int
	X, B              []float64
	Gram              *Gram
	StartCoefficients int
	Start             []float64
	SolutionNorm      float64
	FloorSignal       bool
	Tau               float64
	MaxIterations     int
}

// NewCSD prepares the matrices. The fields of its argument must be consistent; package csd checks them.
func NewCSD(s CSDSetup) *CSD {
	n, m := s.Coefficients, len(s.Volumes)
	xt := make([]float64, n*m)
	for i := range m {
		for j := range n {
			xt[j*m+i] = s.X[i*n+j]
		}
	}
	d := &CSD{
		volumes: s.Volumes, coefficients: n, start: s.StartCoefficients, zeroth: s.B[0],
		tau: s.Tau, maxIterations: s.MaxIterations,
		transposed: NewPanels(xt, n, m), amplitudes: NewPanels(s.B, s.Directions, n),
		gram: s.Gram, complete: s.Gram.NewMoments(),
		normal: normalMatrix(xt, n, m), floor: s.FloorSignal,
	}
	loadDiagonal(d.normal, n, s.SolutionNorm)
	if s.Start != nil {
		d.filter = NewPanels(s.Start, s.StartCoefficients, m)
	}
	all := make([]int32, s.Directions)
	for i := range all {
		all[i] = int32(i)
	}
	d.gram.Add(d.complete, all)
	d.factorise()
	return d
}

// normalMatrix returns X^T X as a packed lower triangle.
func normalMatrix(xt []float64, n, m int) []float64 {
	p := make([]float64, Triangle(n))
	for i := range n {
		for j := range i + 1 {
			p[Triangle(i)+j] = Dot(xt[i*m:][:m], xt[j*m:][:m])
		}
	}
	return p
}

// Dot is the sum of the products of two slices, added up in order. b is at least as long as a.
func Dot(a, b []float64) float64 {
	b = b[:len(a)]
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// factorise finds the Cholesky factor of P. Where P has none, P + 1e-5 I replaces it from now on.
func (d *CSD) factorise() {
	padded := tilePadded(d.coefficients)
	d.factor = make([]float64, Triangle(padded))
	d.inverse = make([]float64, padded)
	y := make([]float64, padded)
	identityRows(d.factor, d.coefficients)
	copy(d.factor, d.normal)
	if d.solvable = cholesky(d.factor, d.inverse, y); d.solvable {
		return
	}
	loadDiagonal(d.normal, d.coefficients, diagonalLoad)
	identityRows(d.factor, d.coefficients)
	copy(d.factor, d.normal)
	d.solvable = cholesky(d.factor, d.inverse, y)
}

func loadDiagonal(q []float64, n int, load float64) {
	for i := range n {
		q[Triangle(i)+i] += load
	}
}

// NewScratch allocates the memory of one worker.
func (d *CSD) NewScratch() *CSDScratch {
	padded := tilePadded(d.coefficients)
	words := (d.amplitudes.rows + 63) / 64
	s := &CSDScratch{
		csd:     d,
		signal:  make([]float64, len(d.volumes)),
		z:       make([]float64, max(d.transposed.PaddedRows(), padded)),
		y:       make([]float64, padded),
		q:       make([]float64, Triangle(padded)),
		inverse: make([]float64, padded),
		c:       d.gram.NewMoments(),
		sums:    d.gram.NewSums(),
		active:  make([]uint64, words),
		next:    make([]uint64, words),
		list:    make([]int32, 0, d.amplitudes.rows),
	}
	s.unconstrained = s.y
	if d.filter != nil {
		s.unconstrained = make([]float64, d.filter.PaddedRows())
	}
	return s
}

// CSDScratch is the memory of one worker.
type CSDScratch struct {
	csd           *CSD
	signal        []float64
	z, y          []float64
	unconstrained []float64 // the start coefficients; they share the memory of y where there is no filter
	q             []float64
	inverse       []float64
	c             []float64
	sums          GramSums
	active, next  []uint64
	list          []int32
}

// An Outcome says how a fit ended. Package checks turns it into a code.
type Outcome uint8

// These are the outcomes of a fit.
const (
	Converged Outcome = iota
	NotPositiveDefinite
	IterationLimit
	OutOfRange // the signal is finite, but its products with the model are not
)

// Load reads the volumes that the model uses from one voxel's signal, and says what it saw.
func Load[T float32 | float64](s *CSDScratch, signal []T) Signal {
	return Gather(s.signal, signal, s.csd.volumes)
}

// Fit deconvolves the loaded signal. It writes the coefficients to f, and returns the number of iterations. It follows
// DIPY's csdeconv decision by decision. The directions that are penalised in one iteration depend on those of the one
// before, so that other decisions would often end in another set.
func (s *CSDScratch) Fit(f []float64) (iterations int, outcome Outcome) {
	d := s.csd
	n := d.coefficients
	if d.floor {
		floorAtZero(s.signal)
	}
	d.transposed.Multiply(s.z, s.signal)
	if !Finite(s.z[:n]) {
		clear(f)
		return 0, OutOfRange
	}
	if !d.solvable {
		clear(f)
		return 0, NotPositiveDefinite
	}
	s.resetUnknowns()
	forwardSolve(d.factor, d.inverse, s.y)
	backSolve(d.factor, d.inverse, s.y)
	if d.filter != nil {
		d.filter.Multiply(s.unconstrained, s.signal)
	}
	threshold := d.zeroth * s.unconstrained[0] * d.tau
	d.amplitudes.below(s.active, s.unconstrained[:d.start], threshold)
	if empty(s.active) {
		d.amplitudes.below(s.active, s.y[:n], threshold)
		if empty(s.active) {
			copy(f, s.y[:n])
			return 0, Converged
		}
	}
	s.sumMoments()
	outcome = IterationLimit
	loaded := false
	for iterations < d.maxIterations {
		iterations++
		ok, load := s.solve()
		if !ok {
			clear(f)
			return iterations, NotPositiveDefinite
		}
		loaded = loaded || load
		d.amplitudes.below(s.next, s.y[:n], threshold)
		if equal(s.active, s.next) {
			outcome = Converged
			break
		}
		s.exchange()
	}
	copy(f, s.y[:n])
	if loaded {
		outcome = NotPositiveDefinite
	}
	return iterations, outcome
}

func floorAtZero(values []float64) {
	for i, v := range values {
		if v < 0 {
			values[i] = 0
		}
	}
}

// resetUnknowns copies the right-hand side to where the solvers work in place.
func (s *CSDScratch) resetUnknowns() {
	n := s.csd.coefficients
	copy(s.y, s.z[:n])
	clear(s.y[n:])
}

// solve finds the coefficients for the present moments. Where the matrix has no Cholesky factor it tries again with
// 1e-5 on the diagonal, and says so (loaded).
func (s *CSDScratch) solve() (ok, loaded bool) {
	d := s.csd
	if s.factorise(false) {
		backSolve(s.q, s.inverse, s.y)
		return true, false
	}
	if !s.factorise(true) {
		return false, true
	}
	backSolve(s.q, s.inverse, s.y)
	return Finite(s.y[:d.coefficients]), true
}

func (s *CSDScratch) factorise(load bool) bool {
	d := s.csd
	s.resetUnknowns()
	d.gram.Assemble(s.q, d.normal, s.c, s.sums)
	identityRows(s.q, d.coefficients)
	if load {
		loadDiagonal(s.q, d.coefficients, diagonalLoad)
	}
	return cholesky(s.q, s.inverse, s.y)
}

// sumMoments sums up the moments of the active directions. It either adds their rows to zero or subtracts the inactive
// ones from the complete sum, whichever takes fewer rows.
func (s *CSDScratch) sumMoments() {
	d := s.csd
	if count(s.active)*2 <= d.amplitudes.rows {
		clear(s.c)
		s.list = appendMembers(s.list[:0], s.active)
		d.gram.Add(s.c, s.list)
		return
	}
	copy(s.c, d.complete)
	s.list = appendMissing(s.list[:0], s.active, d.amplitudes.rows)
	d.gram.subtract(s.c, s.list)
}

// exchange makes the next set the active one, and updates the moments by the rows that came or went.
func (s *CSDScratch) exchange() {
	s.list = appendOnly(s.list[:0], s.next, s.active)
	s.csd.gram.Add(s.c, s.list)
	s.list = appendOnly(s.list[:0], s.active, s.next)
	s.csd.gram.subtract(s.c, s.list)
	s.active, s.next = s.next, s.active
}
