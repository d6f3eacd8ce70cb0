package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tensor writes the steps of the tensor models for one instruction set. Package ops says what each step computes, as Go
// sees it.
func tensor(v vectors) {
	a := newLanes(v)
	a.pack("tensorPack32", "float32", 4)
	a.pack("tensorPack64", "float64", 8)
	a.extent()
	a.exp2s()
	a.log2s()
	a.logarithms("tensorLogarithms", false)
	a.logarithms("tensorWeightedLogarithms", true)
	if a.whole() {
		a.sums("tensorSums7", 7, 8)
	} else {
		a.sumsPair("tensorSums7", 7, 8)
	}
	a.normalSums()
	a.expand()
	if a.whole() {
		a.modelRows()
		a.misfitRows()
		a.weightsRows()
	} else {
		a.modelPair()
		a.misfitNarrow()
		a.weightsPair()
	}
	a.step()
	a.factor()
	a.solve()
	a.tensorFits()
	a.eigens()
}

// exp2s computes y = 2^x.
func (a *lanes) exp2s() {
	a.elementwise("tensorExp2", "y, x *ops.Lanes, n int", "writes y = 2^x for n numbers of {lanes} voxels.", func(r []reg.VecPhysical) {
		a.exp2(r[0], [4]reg.VecPhysical(r[1:5]), r[5:7])
	}, func(r []reg.VecPhysical) {
		a.holds("RDI y, RSI x, RCX n", "#0 x, #1-#4 work, #5-#6 the table")
		a.exp2Table(r[5:7])
	})
}

// log2s computes y = log2(x).
func (a *lanes) log2s() {
	a.elementwise("tensorLog2", "y, x *ops.Lanes, n int", "writes y = log2(x) for n numbers of {lanes} voxels.", func(r []reg.VecPhysical) {
		a.log2(r[0], [5]reg.VecPhysical(r[1:6]), r[6:10])
	}, func(r []reg.VecPhysical) {
		a.holds("RDI y, RSI x, RCX n", "#0 x, #1-#5 work, #6-#9 the tables")
		a.log2Table(r[6:10])
	})
}

func (a *lanes) elementwise(name, signature, doc string, body, before func(r []reg.VecPhysical)) {
	a.function(name, signature, doc)
	r := a.registers
	before(r)
	a.halves(func() {
		argument("y", reg.RDI)
		argument("x", reg.RSI)
		argument("n", reg.RCX)
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), r[0])
			body(r)
			a.store(r[0], a.at(reg.RDI, 0))
			ADDQ(Imm(batchBytes), reg.RSI)
			ADDQ(Imm(batchBytes), reg.RDI)
		})
	})
	a.end()
}

// logarithms computes y = log2(x) for each measurement. x = s - c w, replaced by the floor where x <= cut. With
// weights, y is multiplied by s^2, and s^2 is written to v.
func (a *lanes) logarithms(name string, weighted bool) {
	signature, doc := "y, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes y = log2(x)"
	if weighted {
		signature, doc = "y, v, s *ops.Lanes, design *float64, n int, rest *ops.Rest", "writes v = s^2 and y = v log2(x)"
	}
	a.function(name, signature, doc,
		"for n measurements of {lanes} voxels. x = s - c water is what water leaves of the signal, or the floor where",
		"x <= cut.")
	a.holds(
		"RDI y, R9 v, RSI s, RDX row of the design (w is its number 7), R8 the Rest, RCX n",
		"#0 x, #1-#5 work, #6-#9 tables, #10 c, #11 cut, #12 floor, #13 s")
	r := a.registers
	x, c, cut, floor, s := r[0], r[10], r[11], r[12], r[13]
	a.log2Table(r[6:10])
	a.halves(func() {
		argument("y", reg.RDI)
		if weighted {
			argument("v", reg.R9)
		}
		argument("s", reg.RSI)
		argument("design", reg.RDX)
		argument("n", reg.RCX)
		argument("rest", reg.R8)
		a.load(a.at(reg.R8, 0), c)
		a.load(a.at(reg.R8, 1), cut)
		a.load(a.at(reg.R8, 2), floor)
		a.rows(func() {
			a.load(a.at(reg.RSI, 0), s)
			a.broadcast(a.field(reg.RDX, waterField), x)
			a.fnma213(s, c, x)
			if a.evex {
				a.compare(Imm(lessOrEqual), cut, x, reg.K1)
				a.moveMasked(floor, reg.K1, x)
			} else {
				a.compare(Imm(lessOrEqual), cut, x, r[1])
				a.blend(r[1], floor, x, x)
			}
			a.log2(x, [5]reg.VecPhysical(r[1:6]), r[6:10])
			if weighted {
				a.mul(s, s, s)
				a.mul(s, x, x)
				a.store(s, a.at(reg.R9, 0))
				ADDQ(Imm(batchBytes), reg.R9)
			}
			a.store(x, a.at(reg.RDI, 0))
			ADDQ(Imm(batchBytes), reg.RDI)
			ADDQ(Imm(batchBytes), reg.RSI)
			a.skip(reg.RDX, designFields)
		})
	})
	a.end()
}

// A row of the design is the six elements of the b-tensor, 1, and the signal of water over its S0.
const (
	designFields = 8
	waterField   = 7
)

// sums computes sum[k] += v table[k] over the measurements. It takes as many columns at a time as there are registers.
func (a *lanes) sums(name string, columns, fields int) {
	a.function(name, "sums *ops.Lanes, table *float64, v *ops.Lanes, n int",
		"adds v, times each column of a table, to the sum of that column, over n measurements of {lanes} voxels.")
	a.holds(
		"RDI sums, RDX table, RSI v, RCX n",
		"the last register v, the one before it broadcasts (256 bits)")
	last := len(a.registers) - 1
	v, spare := a.registers[last], a.registers[last-1]
	sweep := last - 1
	if sweep < columns {
		sweep = (columns + 1) / 2
	}
	a.halves(func() {
		for first := 0; first < columns; first += sweep {
			count := min(sweep, columns-first)
			argument("sums", reg.RDI)
			argument("table", reg.RDX)
			argument("v", reg.RSI)
			argument("n", reg.RCX)
			for k := range count {
				a.load(a.at(reg.RDI, first+k), a.registers[k])
			}
			a.rows(func() {
				a.load(a.at(reg.RSI, 0), v)
				for k := range count {
					a.addProduct(a.field(reg.RDX, first+k), v, a.registers[k], spare)
				}
				ADDQ(Imm(batchBytes), reg.RSI)
				a.skip(reg.RDX, fields)
			})
			for k := range count {
				a.store(a.registers[k], a.at(reg.RDI, first+k))
			}
		}
	})
	a.end()
}

// monomials says which of the 22 sums is element (i, j) of the normal matrix, and multiples says how many times. Where
// b-tensors have rank one, products of two of their elements are the 15 monomials of degree four in the gradient.
// Several elements of the matrix share one. The columns of the design are xx 2xy yy 2xz 2yz zz 1.
var monomials = [7][7]int{{0}, {1, 2}, {2, 6, 9}, {3, 4, 7, 5}, {4, 7, 10, 8, 11}, {5, 8, 11, 12, 13, 14}, {15, 16, 17, 18, 19, 20, 21}}

var multiples = [7][7]int{{1}, {1, 4}, {1, 1, 1}, {1, 2, 1, 4}, {1, 2, 1, 2, 4}, {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}}

// expand copies the sums to the elements of the matrix.
func (a *lanes) expand() {
	a.function("tensorExpand", "matrix, sums *ops.Lanes",
		"writes the normal matrices of {lanes} voxels, packed lower triangles of 28 elements, from the 22 sums",
		"that differ where b-tensors have rank one.")
	a.holds(
		"RDI matrix, RSI sums",
		"#0 element")
	argument("matrix", reg.RDI)
	argument("sums", reg.RSI)
	x := a.registers[0]
	a.halves(func() {
		for i := range 7 {
			for j := range i + 1 {
				a.load(a.at(reg.RSI, monomials[i][j]), x)
				for m := 1; m < multiples[i][j]; m *= 2 {
					a.add(x, x, x)
				}
				a.store(x, a.at(reg.RDI, packed(i, j)))
			}
		}
	})
	a.end()
}

// packed is the place of element (i, j), j <= i, in a packed lower triangle.
func packed(i, j int) int { return i*(i+1)/2 + j }

// Places in ops.Point.
const (
	pointWater    = 7
	pointMix      = 8
	pointSquares  = 9
	pointGradient = 10
)

// begin loads the arguments that the models share, and the parameters p of the point.
func (a *lanes) begin(p []reg.VecPhysical) {
	argument("s", reg.RSI)
	argument("design", reg.RDX)
	argument("n", reg.RCX)
	argument("point", reg.R8)
	for k := range p {
		a.load(a.at(reg.R8, k), p[k])
	}
}

// next moves to the next measurement.
func (a *lanes) next() {
	ADDQ(Imm(batchBytes), reg.RSI)
	a.skip(reg.RDX, designFields)
}
