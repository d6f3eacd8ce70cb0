package ref

import "math"

// violationTolerance is how far a solution may violate a constraint, relative to the largest |A M^-1 z|.
const violationTolerance = 1e-11

// exchange finds the multipliers by the dual active-set method (Goldfarb and Idnani, Mathematical Programming 1983). It
// begins with no constraint. It takes the one that is violated most, and raises its multiplier until the constraint
// holds. Where the multiplier of another one falls to zero on the way, that one leaves first. Every step raises the
// dual objective, so that no set comes twice.
//
// When no constraint is violated any more, the multipliers are computed again for the set. Where rounding had hidden a
// negative one, its constraint leaves, and the search goes on.
func (s *QPScratch) exchange() (exchanges int, outcome Outcome) {
	d := s.qp
	clear(s.lambda)
	clear(s.held)
	s.active.empty()
	copy(s.slack, s.c)
	tolerance := violationTolerance * largestMagnitude(s.c[:len(d.norms)])
	for exchanges < d.limit {
		worst := s.mostViolated(tolerance)
		if worst < 0 {
			if s.settle() {
				return exchanges, Converged
			}
			exchanges++
			continue
		}
		exchanges += s.add(worst)
		s.price()
	}
	return exchanges, IterationLimit
}

// mostViolated returns the constraint outside of the set that is violated most, or -1.
func (s *QPScratch) mostViolated(tolerance float64) int {
	worst, least := -1, -tolerance
	for i := range s.lambda {
		if !s.held[i] && s.slack[i] < least {
			worst, least = i, s.slack[i]
		}
	}
	return worst
}

// price computes the solution and the constraints for the present multipliers.
func (s *QPScratch) price() {
	d, n := s.qp, s.qp.unknowns
	copy(s.y, s.free)
	for _, i := range s.active.members {
		l := s.lambda[i]
		for j, b := range d.whitened[i*n:][:n] {
			s.y[j] += float64(l * b)
		}
	}
	d.prices.Multiply(s.slack, s.y[:n])
}

// add takes a violated constraint into the set, and returns the number of exchanges.
func (s *QPScratch) add(entering int) (exchanges int) {
	d, a := s.qp, s.active
	violation := s.slack[entering]
	for {
		exchanges++
		k := len(a.members)
		couples, toward := s.couples[:k], s.toward[:k]
		for i, member := range a.members {
			couples[i] = s.product(member, entering)
		}
		copy(toward, couples)
		a.forward(toward)
		// What is left of the constraint's own direction is never less than the regularisation.
		left := math.Max(1+d.epsilon-Dot(toward, toward), d.epsilon)
		a.back(toward)
		step, leaving := -violation/left, -1
		for i, u := range toward {
			if l := s.lambda[a.members[i]]; u > 0 && l < step*u {
				step, leaving = l/u, i
			}
		}
		for i, u := range toward {
			s.lambda[a.members[i]] -= float64(step * u)
		}
		s.lambda[entering] += step
		if leaving < 0 {
			s.held[entering] = true
			a.append(entering, couples, left)
			return exchanges
		}
		violation += float64(step * left)
		s.release(leaving)
	}
}

// product returns entry (i, j) of B B^T.
func (s *QPScratch) product(i, j int) float64 {
	n := s.qp.unknowns
	return Dot(s.qp.whitened[i*n:][:n], s.qp.whitened[j*n:][:n])
}

// release takes the constraint at a place of the set out of it.
func (s *QPScratch) release(place int) {
	i := s.active.members[place]
	s.lambda[i], s.held[i] = 0, false
	s.active.remove(place)
}

// settle computes the multipliers of the set again, with a step of refinement. It releases constraints whose
// multipliers are not positive, and returns true where there was none.
func (s *QPScratch) settle() bool {
	a := s.active
	for _, i := range a.members {
		s.lambda[i] = 0
	}
	for range 2 {
		s.price()
		correction := s.toward[:len(a.members)]
		for place, i := range a.members {
			correction[place] = -(s.slack[i] + float64(s.qp.epsilon*s.lambda[i]))
		}
		a.forward(correction)
		a.back(correction)
		for place, i := range a.members {
			s.lambda[i] += correction[place]
		}
	}
	positive := true
	for place := len(a.members) - 1; place >= 0; place-- {
		if s.lambda[a.members[place]] <= 0 {
			s.release(place)
			positive = false
		}
	}
	s.price()
	return positive
}

// An activeSet is a set of constraints, with the Cholesky factor of their part of B B^T + e I.
type activeSet struct {
	members []int
	factor  []float64 // packed lower triangle
	column  []float64
}

func newActiveSet(capacity int) *activeSet {
	return &activeSet{
		members: make([]int, 0, capacity),
		factor:  make([]float64, Triangle(capacity)),
		column:  make([]float64, capacity),
	}
}

func (a *activeSet) empty() { a.members = a.members[:0] }

// row returns a row of the factor, up to the diagonal.
func (a *activeSet) row(i int) []float64 { return a.factor[Triangle(i):Triangle(i+1)] }

// forward solves in place with the factor.
func (a *activeSet) forward(v []float64) {
	for i := range v {
		row := a.row(i)
		v[i] = (v[i] - Dot(row[:i], v)) / row[i]
	}
}

// back solves in place with the transposed factor.
func (a *activeSet) back(v []float64) {
	for i := len(v) - 1; i >= 0; i-- {
		row := a.row(i)
		v[i] /= row[i]
		for j, r := range row[:i] {
			v[j] -= float64(r * v[i])
		}
	}
}

// append adds a constraint. couples are its products with the members. left is what remains of its own product with
// itself when the members' part is subtracted.
func (a *activeSet) append(constraint int, couples []float64, left float64) {
	k := len(a.members)
	a.members = append(a.members, constraint)
	row := a.row(k)
	copy(row, couples)
	a.forward(row[:k])
	row[k] = math.Sqrt(left)
}

// remove takes a member out. The rows behind it move up. The column that is lost is added to their triangle by a
// rank-one update.
func (a *activeSet) remove(place int) {
	k := len(a.members)
	lost := a.column[:k-1-place]
	for i := place + 1; i < k; i++ {
		from, to := a.row(i), a.row(i-1)
		lost[i-1-place] = from[place]
		copy(to, from[:place])
		copy(to[place:], from[place+1:])
	}
	a.members = append(a.members[:place], a.members[place+1:]...)
	for i := range lost {
		row := a.row(place + i)
		diagonal := math.Hypot(row[place+i], lost[i])
		cos, sin := row[place+i]/diagonal, lost[i]/diagonal
		row[place+i] = diagonal
		for j := i + 1; j < len(lost); j++ {
			r := a.row(place + j)
			v, l := r[place+i], lost[j]
			r[place+i] = float64(cos*v) + float64(sin*l)
			lost[j] = float64(cos*l) - float64(sin*v)
		}
	}
}
