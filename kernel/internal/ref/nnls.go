package ref

import "math"

// NNLS is non-negative least squares with one matrix for all right-hand sides. The solution is the x >= 0 with the
// least
//
//	1/2 |A x - y|^2 + shift sum(x) + L2/2 |x|^2
//
// It is found by the active-set method of Lawson and Hanson (1974), on G = A^T A + L2 I and b = A^T y - shift, as in
// Bro and De Jong (1997): what depends on A alone is computed once. A factor L D L^T belongs to the columns in use. It
// grows by a row when a column enters, and is computed again from the first column that leaves.
//
// G has lost half of the digits of the directions in which A is nearly singular. A solution that may have suffered from
// this is called Doubtful. The orthogonal method in nnlsqr.go then solves again from A itself.
type NNLS struct {
	Rows, Unknowns int
	Stride         int       // length of a row of Gram: Unknowns, or more
	Gram           []float64 // Unknowns x Stride, with zeros behind each row
	columns        []float64 // Unknowns x Rows: A, column after column
	norms          []float64 // lengths of the columns
	largest        float64   // length of the longest column
	l2             float64
}

// These are the outcomes that only NNLS has.
const (
	// Doubtful: rounding may have spoilt the solution.
	Doubtful Outcome = iota + 100
	// Careful: SolveCarefully found the solution.
	Careful
)

const (
	// entering is the least gradient with which a column enters, relative to the largest element of A^T y.
	entering = 1e-12
	// noise is the largest gradient that may be rounding alone, in the same unit. Between the two, nothing is certain.
	noise = 3e-14
	// resting is the largest gradient that a column in use may have at the end, in the same unit.
	resting = 1e-11
	// independent is the least share of a column's square that must be new. For a smaller share, the Gram matrix has
	// too few digits.
	independent = 1e-10
	// amplified bounds the squared length of the parts of a fit, relative to the squared length of the fit. Their ratio
	// times the unit roundoff is the error of the objective.
	amplified = 2e4
	// exact is a share of all squares. Where the squared residual is smaller, it is computed from the residual itself.
	// smallest is the size below which squares may have vanished.
	exact, smallest = 1e-6, 1e-250
	// rounding bounds the product of a signal and a column that is zero but for rounding, relative to the product of
	// their lengths.
	rounding = 4 * 0x1p-52
	// rounds is how many columns may enter for each unknown. Between two entries columns only leave, so that this
	// bounds all loops. Without rounding the method would end by itself, because the objective falls with each entry,
	// and so a set of columns never returns.
	rounds = 3
)

// NewNNLS takes a matrix as its columns, one after another. Solve also needs MakeGram; SolveCarefully does not.
func NewNNLS(columns []float64, rows, unknowns int, l2 float64) *NNLS {
	p := &NNLS{Rows: rows, Unknowns: unknowns, Stride: unknowns, columns: columns, norms: make([]float64, unknowns), l2: l2}
	for i := range unknowns {
		p.norms[i] = norm(p.column(i))
		p.largest = max(p.largest, p.norms[i])
	}
	return p
}

// MakeGram makes Gram. stride is at least the number of unknowns, and becomes Stride.
func (p *NNLS) MakeGram(stride int) {
	p.Stride, p.Gram = stride, make([]float64, p.Unknowns*stride)
	for i := range p.Unknowns {
		for j := range i + 1 {
			g := dotExactly(p.column(i), p.column(j))
			p.Gram[i*stride+j], p.Gram[j*stride+i] = g, g
		}
		p.Gram[i*stride+i] += p.l2
	}
}

// dotExactly is a dot product whose products are not rounded. A Gram matrix is made once, and all solutions depend on
// it.
func dotExactly(a, b []float64) float64 {
	sum, low := 0.0, 0.0
	for i, v := range a {
		product := float64(v * b[i])
		low += math.FMA(v, b[i], -product)
		next := sum + product
		back := next - sum // what next lost, by Knuth's two-sum
		low += (sum - (next - back)) + (product - back)
		sum = next
	}
	return sum + low
}

// Largest returns the length of the longest column of A.
func (p *NNLS) Largest() float64 { return p.largest }

func (p *NNLS) column(i int) []float64 { return p.columns[i*p.Rows:][:p.Rows] }

// A Pricer writes w = b - G x, and returns the place of the largest element of w. x has only the elements that are not
// zero, and places says where they are.
type Pricer func(w, b, x []float64, places []int) int

// NNLSScratch solves one problem after another. Its results are valid until the next one.
type NNLSScratch struct {
	// B is A^T y - shift, Stride elements. Those behind the unknowns are zero or less.
	B []float64
	// X are the positive elements of the solution, and Places says where they are.
	X      []float64
	Places []int
	// Entered counts how often a column entered.
	Entered int
	// KKT says how far the solution is from the conditions of Karush, Kuhn and Tucker. It is the largest of two kinds
	// of gradients: of columns in use, by magnitude, and of the others, where positive. It is relative to the largest
	// element of A^T y.
	KKT float64

	problem *NNLS
	price   Pricer
	w       []float64 // the negative gradient
	next    []float64 // the solution for the columns in use, without the constraint
	inUse   []bool

	// G = L D L^T for the columns in use. (Each new column would have to wait for the square roots of L L^T.)
	factor  []float64 // L, packed lower triangle; its diagonal, of ones, is not used
	inverse []float64 // reciprocals of D
	z       []float64 // L^-1 b
	row     []float64 // a new row of L D

	careful *orthogonal // memory of SolveCarefully
}

// NewScratch allocates the memory of one worker. price may be nil.
func (p *NNLS) NewScratch(price Pricer) *NNLSScratch {
	n := p.Unknowns
	s := &NNLSScratch{
		B: make([]float64, p.Stride), problem: p, price: price,
		X: make([]float64, 0, n), Places: make([]int, 0, n),
		w: make([]float64, p.Stride), next: make([]float64, n), inUse: make([]bool, n),
		factor: make([]float64, Triangle(min(n, p.rank()))), inverse: make([]float64, n), z: make([]float64, n), row: make([]float64, n),
		careful: newOrthogonal(p),
	}
	if price == nil {
		s.price = p.price
	}
	return s
}

// rank returns how many columns can be independent.
func (p *NNLS) rank() int {
	if p.l2 > 0 {
		return p.Unknowns
	}
	return min(p.Rows, p.Unknowns)
}

// price is the portable Pricer.
func (p *NNLS) price(w, b, x []float64, places []int) int {
	n := p.Unknowns
	w = w[:n]
	copy(w, b)
	for i, place := range places {
		row, v := p.Gram[place*p.Stride:][:n], x[i]
		for j, g := range row {
			w[j] -= float64(v * g)
		}
	}
	best := 0
	for j, v := range w {
		if v > w[best] {
			best = j
		}
	}
	return best
}

// Solve solves for B. first is the place of its largest element, shift is what was subtracted, and gross is the sum of
// the squares from which B was computed.
func (s *NNLSScratch) Solve(first int, shift, gross float64) Outcome {
	s.reset()
	best := s.B[first]
	if !(best > 0) || best <= float64(rounding*s.problem.norms[first])*math.Sqrt(gross) {
		return Converged
	}
	scale := best + shift
	for place := first; best > entering*scale; {
		if s.Entered == rounds*s.problem.Unknowns || s.inUse[place] || !s.enter(place) {
			return Doubtful
		}
		if !s.descend() {
			return Doubtful
		}
		place = s.price(s.w, s.B, s.X, s.Places)
		best = s.w[place]
	}
	s.judge(best, scale)
	if best > noise*scale && !s.inUse[s.best()] || !(s.KKT <= resting) || s.amplifies() {
		return Doubtful
	}
	return Converged
}

func (s *NNLSScratch) reset() {
	s.X, s.Places, s.Entered, s.KKT = s.X[:0], s.Places[:0], 0, 0
	clear(s.inUse)
}

// enter appends a column to those in use, and a row to the factor. It returns false where the column depends too much
// on the others.
func (s *NNLSScratch) enter(place int) bool {
	k := len(s.Places)
	if k == s.problem.rank() {
		return false
	}
	s.Entered++
	s.Places, s.X = append(s.Places, place), append(s.X, 0)
	s.inUse[place] = true
	return s.appendRow(k)
}

// appendRow makes row k of the factor, and of z.
func (s *NNLSScratch) appendRow(k int) bool {
	gram := s.problem.Gram[s.Places[k]*s.problem.Stride:]
	factor, row := s.factor[Triangle(k):][:k], s.row[:k]
	z := s.B[s.Places[k]]
	square := gram[s.Places[k]]
	least := independent * square
	for j, place := range s.Places[:k] {
		above := s.factor[Triangle(j):][:j]
		v := gram[place]
		for i, l := range above {
			v -= float64(l * row[i])
		}
		l := v * s.inverse[j]
		row[j], factor[j] = v, l
		square -= float64(l * v)
		z -= float64(l * s.z[j])
	}
	if !(square > least) {
		return false
	}
	s.inverse[k], s.z[k] = 1/square, z
	return true
}

// descend goes from X to the solution without the constraint. Where an element would become negative on the way, it
// drops that element and turns to the solution for those that are left.
func (s *NNLSScratch) descend() bool {
	s.backSolve()
	if k := len(s.X) - 1; !(s.next[k] > 0) {
		return false // a column that has just entered must be positive; rounding says otherwise
	}
	for {
		step, leaves := s.longestStep()
		if leaves < 0 {
			copy(s.X, s.next)
			return true
		}
		for i, x := range s.X {
			s.X[i] = x + float64(step*(s.next[i]-x))
		}
		s.X[leaves] = 0
		if !s.drop() {
			return false
		}
		s.backSolve()
	}
}

// backSolve solves D L^T next = z.
func (s *NNLSScratch) backSolve() {
	next := s.next[:len(s.X)]
	for i := range next {
		next[i] = s.z[i] * s.inverse[i]
	}
	for i := len(next) - 1; i >= 0; i-- {
		v := next[i]
		row := s.factor[Triangle(i):][:i]
		for j, l := range row {
			next[j] -= float64(l * v)
		}
	}
}

// longestStep returns how much of the way from X to next can be gone, and which element is then zero. leaves is -1
// where the whole way can be gone.
func (s *NNLSScratch) longestStep() (step float64, leaves int) {
	step, leaves = 1, -1
	for i, next := range s.next[:len(s.X)] {
		if next > 0 {
			continue
		}
		if t := s.X[i] / (s.X[i] - next); leaves < 0 || t < step {
			step, leaves = t, i
		}
		if s.X[i] == 0 && next == 0 { // 0/0
			step, leaves = 0, i
		}
	}
	return step, leaves
}

// drop removes the elements that are not positive, and computes the factor again from the first of them on.
func (s *NNLSScratch) drop() bool {
	kept, first := 0, -1
	for i, x := range s.X {
		if !(x > 0) {
			s.inUse[s.Places[i]] = false
			if first < 0 {
				first = i
			}
			continue
		}
		s.X[kept], s.Places[kept] = x, s.Places[i]
		kept++
	}
	s.X, s.Places = s.X[:kept], s.Places[:kept]
	for k := first; k < kept; k++ {
		if !s.appendRow(k) {
			return false
		}
	}
	return true
}

// judge computes KKT from the last prices.
func (s *NNLSScratch) judge(best, scale float64) {
	s.KKT = max(best, 0)
	for _, place := range s.Places {
		s.KKT = max(s.KKT, math.Abs(s.w[place]))
	}
	s.KKT /= scale
}

// best returns the place of the largest price.
func (s *NNLSScratch) best() int {
	best := 0
	for j, v := range s.w[:s.problem.Unknowns] {
		if v > s.w[best] {
			best = j
		}
	}
	return best
}

// amplifies says whether the fit is a small difference of large parts.
func (s *NNLSScratch) amplifies() bool {
	sum, fit := 0.0, 0.0
	for i, place := range s.Places {
		sum += float64(s.X[i] * s.problem.norms[place])
		fit += float64(s.X[i] * s.B[place])
	}
	return !(float64(sum*sum) <= amplified*fit)
}

// SquaredResidual returns |A x - y|^2 from energy = |y|^2. ok is false where too many digits cancel; Residual then
// computes it from y. gross is the sum of squares from which energy was computed.
func (s *NNLSScratch) SquaredResidual(energy, gross, shift float64) (float64, bool) {
	rest := energy
	for i, place := range s.Places {
		x := s.X[i]
		rest -= float64(x*(s.B[place]+2*shift)) + float64(s.problem.l2*float64(x*x))
	}
	return rest, rest > exact*gross && rest > smallest
}

// Residual returns |A x - y|.
func (s *NNLSScratch) Residual(y []float64) float64 {
	r := s.careful.residual[:len(y)]
	s.subtractFit(r, y)
	return norm(r)
}

// subtractFit writes y - A x.
func (s *NNLSScratch) subtractFit(r, y []float64) {
	copy(r, y)
	for i, place := range s.Places {
		addScaled(r, -s.X[i], s.problem.column(place))
	}
}

func addScaled(dst []float64, factor float64, v []float64) {
	for i, x := range v[:len(dst)] {
		dst[i] += float64(factor * x)
	}
}

// norm returns the Euclidean length, without overflow.
func norm(v []float64) float64 {
	largest := 0.0
	for _, x := range v {
		largest = max(largest, math.Abs(x))
	}
	if largest == 0 || math.IsInf(largest, 1) || math.IsNaN(largest) {
		return largest
	}
	sum := 0.0
	for _, x := range v {
		x /= largest
		sum += float64(x * x)
	}
	return largest * math.Sqrt(sum)
}
