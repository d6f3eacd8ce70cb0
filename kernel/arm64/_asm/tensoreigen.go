package main

// eigen writes the decomposition of symmetric 3 x 3 matrices by cyclic Jacobi rotations. It repeats sweeps until the
// elements off the diagonal are zero in all lanes. A lane that is finished earlier is rotated by an angle of zero,
// which leaves its bits alone.
type eigen struct {
	*lanes
	memory gp // the eigenvectors, row by row
	write  bool
}

var (
	eigenNegligible           = pairOf(6)
	eigenX, eigenY, eigenT    = pairOf(7), pairOf(8), pairOf(9)
	eigenC, eigenS, eigenMask = pairOf(10), pairOf(11), pairOf(12)
	eigenFirst, eigenSecond   = pairOf(14), pairOf(15)
)

const eigenOne, eigenConstant = vec(26), vec(27)

func (a *lanes) eigens() {
	a.eigen("tensorEigenvalues", "values, tensors *ops.Lanes", "writes the eigenvalues of the symmetric 3 x 3 matrices of {lanes} voxels, descending.", false)
	a.eigen("tensorEigen", "values, vectors, tensors *ops.Lanes",
		"writes the eigenvalues of the symmetric 3 x 3 matrices of {lanes} voxels, descending, and their eigenvectors "+
			"as the columns of row-major matrices.", true)
}

func (a *lanes) eigen(name, signature, doc string, vectors bool) {
	a.function(name, signature, doc)
	a.holds("#0-#5 xx xy yy xz yz zz   #6 below which an element is negligible   #7-#12 x y t c s mask   V26 one",
		"V27 constants   #14 and #15 elements of the eigenvectors, which are in memory")
	a.fill(eigenOne, 1)
	a.halves(func() {
		e := eigen{lanes: a, write: vectors}
		values, tensors, sweeps := a.array("values"), a.array("tensors"), a.reg()
		if vectors {
			e.memory = a.array("vectors")
		}
		a.zero(eigenNegligible)
		for k := range 6 {
			a.number(pairOf(k), tensors, k)
			a.fabs(eigenX, pairOf(k))
			a.fmax(eigenNegligible, eigenNegligible, eigenX)
		}
		a.fill(eigenConstant, 0x1p-110)
		a.fmul(eigenNegligible, eigenNegligible, eigenConstant)
		e.begin()
		again, done := a.label("sweep"), a.label("done")
		a.ins("MOVD $16, %v", sweeps)
		a.at(again)
		e.finished(done)
		e.rotate(0, 1)
		e.rotate(0, 2)
		e.rotate(1, 2)
		a.ins("SUB $1, %v", sweeps)
		a.ins("CBNZ %v, %s", sweeps, again)
		a.at(done)
		e.order(0, 1)
		e.order(1, 2)
		e.order(0, 1)
		for k := range 3 {
			a.keep(pairOf(packed(k, k)), values, k)
		}
	})
	a.end()
}

// begin sets the eigenvectors to the axes.
func (e eigen) begin() {
	for k := 0; k < 9 && e.write; k++ {
		if k%4 == 0 {
			e.keep(pair{eigenOne, eigenOne}, e.memory, k)
		} else {
			e.zero(eigenX)
			e.keep(eigenX, e.memory, k)
		}
	}
}

// columns visits the elements of two columns of the matrix of eigenvectors, row by row.
func (e eigen) columns(p, q int, visit func(first, second pair)) {
	for k := 0; k < 3 && e.write; k++ {
		e.number(eigenFirst, e.memory, 3*k+p)
		e.number(eigenSecond, e.memory, 3*k+q)
		visit(eigenFirst, eigenSecond)
		e.keep(eigenFirst, e.memory, 3*k+p)
		e.keep(eigenSecond, e.memory, 3*k+q)
	}
}

// finished jumps to done where the elements off the diagonal are 0 or -0 in all lanes.
func (e eigen) finished(done string) {
	w := eigenX
	e.or(w, pairOf(1), pairOf(3))
	e.or(w, w, pairOf(4))
	e.or(w[0], w[0], w[1])
	e.ins("VSHL $1, %v.D2, %v.D2", w[0], w[0])
	e.unlessAny(w[0], done)
}

// rotate makes element (p, q) zero. With d = qq - pp, o = 2 pq, r = sqrt(d^2 + o^2) and h = |d| + r, the tangent is t =
// o/h with the sign of d, and the cosine is c = sqrt(h / 2r). Where pq is so small that the rotation would change no
// bit of the diagonal, t = 0 and c = 1.
func (e eigen) rotate(p, q int) {
	third := 3 - p - q
	place := func(i, j int) pair { return pairOf(packed(max(i, j), min(i, j))) }
	pp, qq, pq, pr, qr := place(p, p), place(q, q), place(p, q), place(p, third), place(q, third)
	x, y, t, c, s, mask := eigenX, eigenY, eigenT, eigenC, eigenS, eigenMask
	e.fabs(x, pp)
	e.fabs(y, qq)
	e.fmin(x, x, y)
	e.fill(eigenConstant, 0x1p-60)
	e.fmul(x, x, eigenConstant)
	e.fmax(x, x, eigenNegligible)
	e.fabs(y, pq)
	e.fcmgt(mask, y, x)
	e.comment("d, o, and d^2 + o^2, whose root is r.")
	e.fsub(x, qq, pp)
	e.fadd(t, pq, pq)
	e.fmul(s, t, t)
	e.fma(s, x, x)
	e.fsqrt(s, s)
	e.comment("h, t with the sign of d, h / 2r, and c.")
	e.fabs(c, x)
	e.fadd(c, c, s)
	e.fdiv(t, t, c)
	e.fillPattern(eigenConstant, 1<<63)
	e.and(x, x, eigenConstant)
	e.xor(t, t, x)
	e.fadd(s, s, s)
	e.fdiv(c, c, s)
	e.fsqrt(c, c)
	e.and(t, t, mask)
	e.choose(mask, c, eigenOne)
	e.copy(c, mask)
	e.fmul(s, c, t)
	e.fms(pp, t, pq)
	e.fma(qq, t, pq)
	e.zero(pq)
	e.turnPair(pr, qr)
	e.columns(p, q, e.turnPair)
}

// turnPair replaces a and b by c a - s b and s a + c b.
func (e eigen) turnPair(a, b pair) {
	x, y, c, s := eigenX, eigenY, eigenC, eigenS
	e.fmul(x, c, a)
	e.fms(x, s, b)
	e.fmul(y, c, b)
	e.fma(y, s, a)
	e.copy(a, x)
	e.copy(b, y)
}

// order exchanges two eigenvalues, and their vectors, where the second is greater.
func (e eigen) order(i, j int) {
	x, y := pairOf(packed(i, i)), pairOf(packed(j, j))
	e.fcmgt(eigenMask, y, x)
	e.exchange(x, y)
	e.columns(i, j, e.exchange)
}

func (e eigen) exchange(x, y pair) {
	e.copy(eigenX, x)
	e.insert(x, y, eigenMask)
	e.insert(y, eigenX, eigenMask)
}
