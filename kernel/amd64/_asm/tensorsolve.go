package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

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

// decompose factors the leading size x size part of the matrix into L D L^T. The diagonal is first multiplied by 1 +
// damping. least becomes the least ratio of a pivot to its diagonal element.
func (a *lanes) decompose(size int) {
	a.holds("R8 the System",
		"#0-#6 l d of the column, #8 pivot, #9 work, #10 least, #11 inverse, #12 1 + damping, #13 one",
		"#14 the least number by which is divided")
	r := a.registers
	pivot, v, least, inverse, damping, one, tiny := r[8], r[9], r[10], r[11], r[12], r[13], r[14]
	VMOVUPD(a.constant(1), one)
	VMOVUPD(a.constant(0x1p-1000), tiny)
	a.add(a.at(reg.R8, systemDamping), one, damping)
	VMOVAPD(one, least)
	for j := range size {
		a.mul(a.at(reg.R8, systemMatrix+packed(j, j)), damping, pivot)
		a.max(tiny, pivot, r[7])
		for k := range j {
			l := a.at(reg.R8, systemLower+packed(j, k))
			a.load(l, v)
			a.mul(a.at(reg.R8, systemPivots+k), v, r[k])
			a.fnma(r[k], v, pivot)
		}
		a.div(r[7], pivot, v)
		a.min(v, least, least)
		a.div(pivot, one, inverse)
		a.store(pivot, a.at(reg.R8, systemPivots+j))
		a.store(inverse, a.at(reg.R8, systemInverse+j))
		for i := j + 1; i < size; i++ {
			a.load(a.at(reg.R8, systemMatrix+packed(i, j)), v)
			for k := range j {
				a.fnma(a.at(reg.R8, systemLower+packed(i, k)), r[k], v)
			}
			a.mul(inverse, v, v)
			a.store(v, a.at(reg.R8, systemLower+packed(i, j)))
		}
	}
	a.store(least, a.at(reg.R8, systemLeast))
}

// forward loads the right-hand side b into the registers from Z0 on, and replaces it by L^-1 b.
func (a *lanes) forward(size int) {
	r := a.registers
	for i := range size {
		a.load(a.at(reg.R8, systemRight+i), r[i])
		for k := range i {
			a.fnma(a.at(reg.R8, systemLower+packed(i, k)), r[k], r[i])
		}
	}
}

// backward replaces x, in the registers from Z0 on, by L^-T x, and writes it to the solution.
func (a *lanes) backward(size int) {
	r := a.registers
	for i := size - 1; i >= 0; i-- {
		for k := range i {
			a.fnma(a.at(reg.R8, systemLower+packed(i, k)), r[i], r[k])
		}
		a.store(r[i], a.at(reg.R8, systemSolution+i))
	}
}

// factor writes the factors of the leading 7 x 7 part.
func (a *lanes) factor() {
	a.function("tensorFactor", "system *ops.System", "factors the leading 7 x 7 part of the damped matrices of {lanes} voxels into L D L^T.")
	argument("system", reg.R8)
	a.halves(func() { a.decompose(7) })
	a.end()
}

// solve writes the solution for the leading 7 x 7 part, after factor. Z0-Z6 are x.
func (a *lanes) solve() {
	a.function("tensorSolve", "system *ops.System", "solves for the right-hand sides of {lanes} voxels, with the factors of the leading 7 x 7 part.")
	argument("system", reg.R8)
	a.halves(func() {
		a.forward(7)
		for k := range 7 {
			a.mul(a.at(reg.R8, systemInverse+k), a.registers[k], a.registers[k])
		}
		a.backward(7)
	})
	a.end()
}

// step writes the Newton step of 8 unknowns, of which the last may not fall by more than the bound. The last unknown is
// eliminated last. Its step is cut before the others are solved for, so that the bound holds exactly. predicted is the
// fall of the objective by the quadratic model.
func (a *lanes) step() {
	a.function("tensorStep", "system *ops.System",
		"factors the damped matrices of {lanes} voxels into L D L^T, solves for the step, whose last unknown is at",
		"least -bound, and predicts by how much the objective falls.")
	a.holds("#0-#7 x, #8 predicted, #9 and #10 work")
	argument("system", reg.R8)
	r := a.registers
	predicted, y, w := r[8], r[9], r[10]
	a.halves(func() {
		a.decompose(8)
		a.forward(8)
		a.zero(predicted)
		for k := range 7 {
			VMOVAPD(r[k], y)
			a.mul(a.at(reg.R8, systemInverse+k), r[k], r[k])
			a.fma(y, r[k], predicted)
		}
		VMOVAPD(r[7], y)
		a.mul(a.at(reg.R8, systemInverse+7), y, r[7])
		a.zero(w)
		a.sub(a.at(reg.R8, systemBound), w, w)
		a.max(w, r[7], r[7])
		// predicted += x (2 y - d x)
		a.add(y, y, y)
		a.fnma(a.at(reg.R8, systemPivots+7), r[7], y)
		a.fma(y, r[7], predicted)
		a.store(predicted, a.at(reg.R8, systemPredicted))
		a.backward(8)
	})
	a.end()
}
