package main

// Places in ops.System, counted in numbers of eight lanes.
const (
	systemMatrix    = 0  // packed lower triangle of 8 x 8
	systemRight     = 36 // right-hand side
	systemSolution  = 44
	systemLower     = 52 // L of L D L^T, packed; its diagonal is not used
	systemPivots    = 88
	systemInverse   = 96 // of the pivots
	systemLeast     = 104
	systemDamping   = 105
	systemBound     = 106
	systemPredicted = 107
)

// system is the System of a function. It has four pointers, because a move of a pair reaches 16 numbers to either side.
type system struct {
	*lanes
	pointers [4]gp
}

var (
	systemWork = pairOf(14)
	systemOne  = vec(26)
	systemTiny = vec(27)
)

// systems writes a function of a System, one half after the other.
func (a *lanes) systems(name, doc string, body func(s system)) {
	a.function(name, "system *ops.System", doc)
	a.holds("#0-#7 x, or l d of a column   #8 pivot, then what is predicted   #9 work   #10 least, then work   #11 inverse",
		"#12 1 + damping   V26 one   V27 the least number by which is divided   #14 what comes from memory")
	a.fill(systemOne, 1)
	a.fill(systemTiny, 0x1p-1000)
	a.halves(func() {
		s := system{lanes: a}
		for i := range s.pointers {
			s.pointers[i] = a.load("system")
			a.advance(a.half+batchBytes*(32*i+16), s.pointers[i])
		}
		body(s)
	})
	a.end()
}

func (s system) get(k int, d pair) { s.number(d, s.pointers[k/32], k%32-16) }
func (s system) set(d pair, k int) { s.keep(d, s.pointers[k/32], k%32-16) }

// read loads the k-th number into the register for that, and returns it.
func (s system) read(k int) pair {
	s.get(k, systemWork)
	return systemWork
}

// decompose factors the leading n x n part of the matrix into L D L^T. The diagonal is first multiplied by 1 + damping.
// least becomes the least ratio of a pivot to its diagonal element.
func (s system) decompose(n int) {
	pivot, v, least, inverse, damping, diagonal := pairOf(8), pairOf(9), pairOf(10), pairOf(11), pairOf(12), pairOf(7)
	s.fadd(damping, s.read(systemDamping), systemOne)
	s.copy(least, pair{systemOne, systemOne})
	for j := range n {
		s.fmul(pivot, s.read(systemMatrix+packed(j, j)), damping)
		s.three("fmaxnm2d", diagonal, pivot, systemTiny)
		for k := range j {
			s.get(systemLower+packed(j, k), v)
			s.fmul(pairOf(k), v, s.read(systemPivots+k))
			s.fms(pivot, v, pairOf(k))
		}
		s.fdiv(v, pivot, diagonal)
		s.fmin(least, least, v)
		s.fdiv(inverse, systemOne, pivot)
		s.set(pivot, systemPivots+j)
		s.set(inverse, systemInverse+j)
		for i := j + 1; i < n; i++ {
			s.get(systemMatrix+packed(i, j), v)
			for k := range j {
				s.fms(v, pairOf(k), s.read(systemLower+packed(i, k)))
			}
			s.fmul(v, v, inverse)
			s.set(v, systemLower+packed(i, j))
		}
	}
	s.set(least, systemLeast)
}

// forward loads the right-hand side b into the first pairs, and replaces it by L^-1 b.
func (s system) forward(n int) {
	for i := range n {
		s.get(systemRight+i, pairOf(i))
		for k := range i {
			s.fms(pairOf(i), pairOf(k), s.read(systemLower+packed(i, k)))
		}
	}
}

// backward replaces x, in the first pairs, by L^-T x, and writes it to the solution.
func (s system) backward(n int) {
	for i := n - 1; i >= 0; i-- {
		for k := range i {
			s.fms(pairOf(k), pairOf(i), s.read(systemLower+packed(i, k)))
		}
		s.set(pairOf(i), systemSolution+i)
	}
}

// factor writes the factors of the leading 7 x 7 part.
func (a *lanes) factor() {
	a.systems("tensorFactor", "factors the leading 7 x 7 part of the damped matrices of {lanes} voxels into L D L^T.", func(s system) { s.decompose(7) })
}

// solve writes the solution for the leading 7 x 7 part, after factor.
func (a *lanes) solve() {
	a.systems("tensorSolve", "solves for the right-hand sides of {lanes} voxels, with the factors of the leading 7 x 7 part.", func(s system) {
		s.forward(7)
		for k := range 7 {
			s.fmul(pairOf(k), pairOf(k), s.read(systemInverse+k))
		}
		s.backward(7)
	})
}

// step writes the Newton step of 8 unknowns, of which the last may not fall by more than the bound. The last unknown is
// eliminated last. Its step is cut before the others are solved for, so that the bound holds exactly. predicted is the
// fall of the objective by the quadratic model.
func (a *lanes) step() {
	predicted, y, w := pairOf(8), pairOf(9), pairOf(10)
	a.systems("tensorStep", "factors the damped matrices of {lanes} voxels into L D L^T, solves for the step, whose last unknown is at "+
		"least -bound, and predicts by how much the objective falls.", func(s system) {
		s.decompose(8)
		s.forward(8)
		s.zero(predicted)
		for k := range 7 {
			x := pairOf(k)
			s.copy(y, x)
			s.fmul(x, x, s.read(systemInverse+k))
			s.fma(predicted, y, x)
		}
		x := pairOf(7)
		s.copy(y, x)
		s.fmul(x, y, s.read(systemInverse+7))
		s.fneg(w, s.read(systemBound))
		s.fmax(x, x, w)
		s.comment("predicted += x (2 y - d x)")
		s.fadd(y, y, y)
		s.fms(y, x, s.read(systemPivots+7))
		s.fma(predicted, y, x)
		s.set(predicted, systemPredicted)
		s.backward(8)
	})
}
