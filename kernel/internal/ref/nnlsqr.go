package ref

import "math"

// orthogonal is the method of Lawson and Hanson as they published it. The columns in use are Q R, computed by
// reflections, so that nothing is squared. The term with L2 is further rows of A: sqrt(L2) I.
type orthogonal struct {
	rows       int       // including those of L2
	reflectors []float64 // for each column in use, a vector v of |v|^2 = 2 with zeros before its place
	r          []float64 // packed upper triangle by columns
	target     []float64 // Q^T (y, 0)
	ones       []float64 // R^-T 1
	column     []float64 // the column that enters
	residual   []float64
	rejected   []bool
}

func newOrthogonal(p *NNLS) *orthogonal {
	rows := p.Rows
	if p.l2 > 0 {
		rows += p.Unknowns
	}
	rank := p.rank()
	return &orthogonal{
		rows: rows, reflectors: make([]float64, rank*rows), r: make([]float64, Triangle(rank)),
		target: make([]float64, rows), ones: make([]float64, rank),
		column: make([]float64, rows), residual: make([]float64, rows), rejected: make([]bool, p.Unknowns),
	}
}

func (o *orthogonal) reflector(i int) []float64 { return o.reflectors[i*o.rows:][:o.rows] }

// dependent is the largest share of a column's length that is rounding alone. Lawson and Hanson demand that a hundredth
// of what is new still changes the length of what is not.
const dependent = 100 * 0x1p-53

// SolveCarefully solves from y instead of B. Its outcome is Careful or IterationLimit.
func (s *NNLSScratch) SolveCarefully(y []float64, shift float64) Outcome {
	p, o := s.problem, s.careful
	s.reset()
	copy(o.target, y)
	clear(o.target[p.Rows:])
	length := norm(y)
	scale := s.priceCarefully(y, shift)
	if !(scale > 0) {
		return Careful
	}
	scale += shift
	for {
		clear(o.rejected)
		for {
			place := s.candidate(length)
			if place < 0 {
				s.judgeCarefully(scale)
				return Careful
			}
			if s.Entered == rounds*p.Unknowns {
				s.judgeCarefully(scale)
				return IterationLimit
			}
			if s.enterCarefully(place, shift) {
				break
			}
			o.rejected[place] = true
		}
		s.descendCarefully(y, shift)
		s.priceCarefully(y, shift)
	}
}

// priceCarefully computes the negative gradient from the residual, and returns its largest element.
func (s *NNLSScratch) priceCarefully(y []float64, shift float64) float64 {
	p, r := s.problem, s.careful.residual[:len(y)]
	s.subtractFit(r, y)
	largest := math.Inf(-1)
	for j := range p.Unknowns {
		s.w[j] = Dot(p.column(j), r) - shift
	}
	for i, place := range s.Places {
		s.w[place] -= float64(p.l2 * s.X[i])
	}
	for _, w := range s.w[:p.Unknowns] {
		largest = max(largest, w)
	}
	return largest
}

// candidate returns the column with the largest gradient that is more than rounding, or -1. length is that of y.
func (s *NNLSScratch) candidate(length float64) int {
	p := s.problem
	for i, place := range s.Places {
		length += float64(s.X[i] * p.norms[place])
	}
	best := -1
	for j, w := range s.w[:p.Unknowns] {
		if s.inUse[j] || s.careful.rejected[j] || !(w > float64(0x1p-52*p.norms[j])*length) {
			continue
		}
		if best < 0 || w > s.w[best] {
			best = j
		}
	}
	return best
}

// enterCarefully appends a column to those in use. Where the column depends on the others, or would not become
// positive, it changes nothing and returns false.
func (s *NNLSScratch) enterCarefully(place int, shift float64) bool {
	if len(s.Places) == s.problem.rank() {
		return false
	}
	s.Places, s.X = append(s.Places, place), append(s.X, 0)
	k := len(s.Places) - 1
	if s.reflect(k) {
		s.backSolveCarefully(shift)
		if s.next[k] > 0 {
			s.inUse[place] = true
			s.Entered++
			return true
		}
		s.careful.apply(k, s.careful.target) // a reflection is its own inverse
	}
	s.Places, s.X = s.Places[:k], s.X[:k]
	return false
}

// reflect makes column k of R, its reflection, and what follows from them. It returns false where the column depends on
// those before it.
func (s *NNLSScratch) reflect(k int) bool {
	p, o := s.problem, s.careful
	place, c := s.Places[k], s.careful.column
	copy(c, p.column(place))
	clear(c[p.Rows:])
	if p.l2 > 0 {
		c[p.Rows+place] = math.Sqrt(p.l2)
	}
	for i := range k {
		o.apply(i, c)
	}
	tail := norm(c[k:])
	if !(tail > dependent*norm(c[:k])) {
		return false
	}
	v := o.reflector(k)
	clear(v[:k])
	copy(v[k:], c[k:])
	diagonal := -math.Copysign(tail, c[k])
	v[k] -= diagonal
	scale := math.Sqrt2 / norm(v[k:])
	for i := range v[k:] {
		v[k+i] *= scale
	}
	r := o.r[Triangle(k):][:k+1]
	copy(r, c[:k])
	r[k] = diagonal
	o.apply(k, o.target)
	o.ones[k] = (1 - Dot(r[:k], o.ones[:k])) / diagonal
	return true
}

// apply reflects a vector by reflector i.
func (o *orthogonal) apply(i int, c []float64) {
	v := o.reflector(i)[i:]
	addScaled(c[i:], -Dot(v, c[i:]), v)
}

// backSolveCarefully solves R next = Q^T y - shift R^-T 1.
func (s *NNLSScratch) backSolveCarefully(shift float64) {
	o, next := s.careful, s.next[:len(s.X)]
	for i := range next {
		next[i] = o.target[i] - float64(shift*o.ones[i])
	}
	for i := len(next) - 1; i >= 0; i-- {
		column := o.r[Triangle(i):][:i+1]
		next[i] /= column[i]
		for j, r := range column[:i] {
			next[j] -= float64(r * next[i])
		}
	}
}

// descendCarefully is descend with reflections.
func (s *NNLSScratch) descendCarefully(y []float64, shift float64) {
	for {
		step, leaves := s.longestStep()
		if leaves < 0 {
			copy(s.X, s.next)
			return
		}
		for i, x := range s.X {
			s.X[i] = x + float64(step*(s.next[i]-x))
		}
		s.X[leaves] = 0
		s.dropCarefully(y)
		s.backSolveCarefully(shift)
	}
}

// dropCarefully removes the elements that are not positive, and makes the reflections again. It also removes elements
// whose columns now turn out to depend on others, because rounding is different in the new order.
func (s *NNLSScratch) dropCarefully(y []float64) {
	o := s.careful
	copy(o.target, y)
	clear(o.target[len(y):])
	kept := 0
	for i, x := range s.X {
		s.X[kept], s.Places[kept] = x, s.Places[i]
		if place := s.Places[kept]; !(x > 0) || !s.reflect(kept) {
			s.inUse[place] = false
			continue
		}
		kept++
	}
	s.X, s.Places = s.X[:kept], s.Places[:kept]
}

// judgeCarefully computes KKT.
func (s *NNLSScratch) judgeCarefully(scale float64) {
	s.KKT = 0
	for j, w := range s.w[:s.problem.Unknowns] {
		if s.inUse[j] {
			w = math.Abs(w)
		}
		s.KKT = max(s.KKT, w)
	}
	s.KKT /= scale
}
