package main

import (
	"regexp"
	"strings"
)

// tensor writes the steps of the tensor models. A number is eight lanes in 64 bytes, one voxel in each. These are two
// pairs (the halves), which are worked on one after the other. Package ops says what each step computes, as Go sees it.
func tensor(p *program) {
	a := &lanes{program: p}
	a.pack("tensorPack32", "ops.Lanes", "float32", 4)
	a.pack("tensorPack64", "ops.Lanes", "float64", 8)
	a.extent()
	a.exp2s()
	a.log2s()
	a.logarithms("tensorLogarithms", false)
	a.logarithms("tensorWeightedLogarithms", true)
	a.sums("tensorSums7", 7, 8, false)
	a.sums("tensorSums22", 22, 24, true)
	a.expand()
	a.model()
	a.misfit()
	a.weights()
	a.step()
	a.factor()
	a.solve()
	a.ordinary()
	a.reweight()
	a.tissue()
	a.squaredWeights()
	a.eigens()
}

// tensorSingle writes the steps that exist in single precision. A number is sixteen lanes in 64 bytes.
func tensorSingle(p *program) {
	p.format = single
	a := &lanes{program: p}
	a.pack("singlePack32", "ops.LanesSingle", "float32", 4)
	a.pack("singlePack64", "ops.LanesSingle", "float64", 8)
	a.extent()
	a.widen()
	a.narrow()
	a.exp2s()
	a.log2s()
	a.logarithms("tensorLogarithms", false)
	a.logarithms("tensorWeightedLogarithms", true)
	a.sums("tensorSums7", 7, 8, false)
	a.sums("tensorSums22", 22, 24, false)
	a.project()
	a.model()
	a.misfit()
	a.weights()
}

// lanes is the program, and the half that is being written.
type lanes struct {
	*program
	half int // its byte offset
}

// typesOfNumbers finds the types whose names depend on the precision.
var typesOfNumbers = regexp.MustCompile(`\bops\.(Lanes|Extent|Rest|Point)\b`)

// function begins a function. Its name and parameters are those of double precision. {lanes} stands for the voxels.
func (a *lanes) function(name, signature string, doc ...string) {
	if a.format.isSingle() {
		name = strings.Replace(name, "tensor", "single", 1)
		signature = strings.ReplaceAll(typesOfNumbers.ReplaceAllString(signature, "ops.${1}Single"), "float64", "float32")
	}
	a.begin(name, signature, batchBytes/a.format.bytes, doc)
}

// batchBytes is the number of bytes of all lanes of a number.
const batchBytes = 64

// A row of the design is the six elements of the b-tensor, 1, and the signal of water over its S0.
const (
	designFields = 8
	onesField    = 6
	waterField   = 7
)

// halves writes the body once for each half.
func (a *lanes) halves(body func()) {
	for a.half = 0; a.half < batchBytes; a.half += pairBytes {
		a.scratch(body)
	}
	a.half = 0
}

// array loads a parameter that points to numbers. The pointer is then at this half of the first one.
func (a *lanes) array(name string) gp {
	r := a.load(name)
	if a.half > 0 {
		a.advance(a.half, r)
	}
	return r
}

// next loads this half of a number and moves to the next number; put stores it and moves on.
func (a *lanes) next(d pair, array gp) { a.loadNext(d, array, batchBytes) }
func (a *lanes) put(d pair, array gp)  { a.storeNext(d, array, batchBytes) }

// number loads this half of the k-th number of an array; keep stores it.
func (a *lanes) number(d pair, array gp, k int) { a.loadPair(d, array, k*batchBytes) }
func (a *lanes) keep(d pair, array gp, k int)   { a.storePair(d, array, k*batchBytes) }

// field returns the register and the element that have a number of the loaded row of the design. A row is in V28-V31,
// or in V30-V31 in single precision.
func (a *lanes) field(k int) (vec, int) {
	n := a.format.perVector()
	return vec(32 - designFields/n + k/n), k % n
}

// row loads a row of the design and moves to the next one.
func (a *lanes) row(design gp) {
	bytes := a.format.bytes * designFields
	if bytes > pairBytes {
		a.loadPair(pair{30, 31}, design, pairBytes)
		a.loadNext(pair{28, 29}, design, bytes)
		return
	}
	a.loadNext(pair{30, 31}, design, bytes)
}

// With f the k-th number of the loaded row, addField is d += n f, takeField d -= n f, and timesField d = n f.
func (a *lanes) addField(d, n operand, k int) {
	register, element := a.field(k)
	a.fmaElement(d, n, register, element)
}

func (a *lanes) takeField(d, n operand, k int) {
	register, element := a.field(k)
	a.fmsElement(d, n, register, element)
}

func (a *lanes) timesField(d, n operand, k int) {
	register, element := a.field(k)
	a.fmulElement(d, n, register, element)
}

// linear adds w.p of the loaded row to t.
func (a *lanes) linear(t pair, p []pair) {
	for k := range 6 {
		a.addField(t, p[k], k)
	}
}

// sums computes sum[k] += v table[k] over the measurements. Where the last column is ones, v is only added.
func (a *lanes) sums(name string, columns, fields int, ones bool) {
	a.function(name, "sums *ops.Lanes, table *float64, v *ops.Lanes, n int",
		"adds v, times each column of a table, to the sum of that column, over n measurements of {lanes} voxels.")
	a.sweeps("table", "v", "sums", columns, fields, ones)
	a.end()
}

// sweeps adds v, times columns of a table, to sums. It takes twelve columns at a time.
func (a *lanes) sweeps(table, v, sums string, columns, fields int, ones bool) {
	a.holds("#0-#11 " + sums + "   #12 " + v + "   V26-V31 twelve columns of a row, or V26-V28 in single precision")
	a.halves(func() {
		for first := 0; first < columns; first += 12 {
			a.scratch(func() {
				a.sweep(a.load(table), a.array(v), a.array(sums), first, min(first+12, columns), columns, fields, ones)
			})
		}
	})
}

func (a *lanes) sweep(table, v, sums gp, first, next, columns, fields int, ones bool) {
	value, n := pairOf(12), a.format.perVector()
	if first > 0 {
		a.advance(a.format.bytes*first, table)
		a.advance(batchBytes*first, sums)
	}
	for k := first; k < next; k++ {
		a.number(pairOf(k-first), sums, k-first)
	}
	a.repeat("row", a.load("n"), func() {
		a.next(value, v)
		for k := (next - first - 1) / (2 * n) * 2 * n; k >= 0; k -= 2 * n {
			columns := pair{26 + vec(k/n), 27 + vec(k/n)}
			switch {
			case k == 0:
				a.loadNext(columns, table, a.format.bytes*fields)
			case next-first-k <= n:
				a.loadVec(columns[0], table, a.format.bytes*k)
			default:
				a.loadPair(columns, table, a.format.bytes*k)
			}
		}
		for k := range next - first {
			if ones && first+k == columns-1 {
				a.fadd(pairOf(k), pairOf(k), value)
				continue
			}
			a.fmaElement(pairOf(k), value, 26+vec(k/n), k%n)
		}
	})
	for k := first; k < next; k++ {
		a.keep(pairOf(k-first), sums, k-first)
	}
}

// project computes sums[k] += u w[k] and sums[7+k] += x w[k] over the measurements. The last w is 1.
func (a *lanes) project() {
	a.function("tensorProject", "sums *ops.Lanes, design *float64, u, x *ops.Lanes, n int",
		"adds u, times each of the seven columns of the design, to seven sums, and x to seven others, over n",
		"measurements of {lanes} voxels.")
	a.holds("V0-V27 sums   V28-V29 u, then x   V30-V31 a row of the design")
	value := pairOf(14)
	a.halves(func() {
		sums, design := a.array("sums"), a.load("design")
		values := []gp{a.array("u"), a.array("x")}
		for k := range 14 {
			a.number(pairOf(k), sums, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.row(design)
			for i, array := range values {
				a.next(value, array)
				a.addRow(pairs(7*i, 7), value)
			}
		})
		for k := range 14 {
			a.keep(pairOf(k), sums, k)
		}
	})
	a.end()
}

// addRow adds v, times the loaded row of the design, to seven sums. The last number of the row counts as 1.
func (a *lanes) addRow(sums []pair, v pair) {
	for k, sum := range sums[:onesField] {
		a.addField(sum, v, k)
	}
	a.fadd(sums[onesField], sums[onesField], v)
}

// monomials says which of the 22 sums is element (i, j) of the normal matrix, and multiples says how many times. Where
// b-tensors have rank one, products of two of their elements are the 15 monomials of degree four in the gradient.
// Several elements of the matrix share one. The columns of the design are xx 2xy yy 2xz 2yz zz 1.
var monomials = [7][7]int{{0}, {1, 2}, {2, 6, 9}, {3, 4, 7, 5}, {4, 7, 10, 8, 11}, {5, 8, 11, 12, 13, 14}, {15, 16, 17, 18, 19, 20, 21}}

var multiples = [7][7]int{{1}, {1, 4}, {1, 1, 1}, {1, 2, 1, 4}, {1, 2, 1, 2, 4}, {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}}

// expand copies the sums to the elements of the matrix, in the order of the matrix.
func (a *lanes) expand() {
	a.function("tensorExpand", "matrix, sums *ops.Lanes",
		"writes the normal matrices of {lanes} voxels, packed lower triangles of 28 elements, from the 22 sums",
		"that differ where b-tensors have rank one.")
	a.holds("V0-V1 element")
	x := pairOf(0)
	a.halves(func() {
		matrix, sums, upper := a.array("matrix"), a.array("sums"), a.array("sums")
		a.advance(15*batchBytes, upper)
		for i := range 7 {
			for j := range i + 1 {
				if k := monomials[i][j]; k < 15 {
					a.number(x, sums, k)
				} else {
					a.number(x, upper, k-15)
				}
				for m := 1; m < multiples[i][j]; m *= 2 {
					a.fadd(x, x, x)
				}
				a.put(x, matrix)
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

// These are the registers of the models, besides V28-V31, which have a row of the design. Once t is there, only V31 is
// needed of the row. In single precision the row is in V30-V31 alone.
var (
	modelP, modelT              = pairs(0, 7), pairOf(7)
	modelWork                   = [5]pair{pairOf(8), pairOf(9), pairOf(10), pairOf(11), pairOf(14)}
	modelSquares, modelGradient = pairOf(12), pairOf(13)
)

// predict computes t = exp2(w.p + p6) for one row of the design.
func (a *lanes) predict(design gp) {
	a.row(design)
	a.copy(modelT, modelP[6])
	a.linear(modelT, modelP)
	a.exp2(modelT, modelWork)
}

// difference computes d = s - t - c water, and adds d^2 to the squares. It uses x.
func (a *lanes) difference(d, x pair, s, point gp) {
	a.next(d, s)
	a.fsub(d, d, modelT)
	a.number(x, point, pointWater)
	a.takeField(d, x, waterField)
	a.fma(modelSquares, d, d)
}

// parameters loads the parameters of a point.
func (a *lanes) parameters(point gp) {
	a.holds("#0-#6 p   #7 t   #8-#11 and #14 work   #12 squares   #13 gradient, mix or curvature   V28-V31 a row of the design")
	for k, p := range modelP {
		a.number(p, point, k)
	}
}

// model evaluates the model for a Newton step. t = exp2(w.p + p6), d = s - t - c water; u = d t, v = t^2 - mix u, x = t
// water; squares += d^2, gradient += d water.
func (a *lanes) model() {
	a.function("tensorModel", "u, v, x, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"evaluates the model of {lanes} voxels at a point, over n measurements. With t = 2^(w.p + p6) and d = s -",
		"t - c water it writes u = d t, v = t^2 - mix u and x = t water, and adds d^2 to the squares and d water",
		"to the gradient.")
	a.halves(func() {
		u, v, x, s, design, point := a.array("u"), a.array("v"), a.array("x"), a.array("s"), a.load("design"), a.array("point")
		a.parameters(point)
		a.number(modelSquares, point, pointSquares)
		a.number(modelGradient, point, pointGradient)
		t, d, y, mix := modelT, modelWork[0], modelWork[1], modelWork[2]
		a.repeat("row", a.load("n"), func() {
			a.predict(design)
			a.difference(d, y, s, point)
			a.addField(modelGradient, d, waterField)
			a.timesField(y, t, waterField)
			a.put(y, x)
			a.fmul(d, d, t)
			a.put(d, u)
			a.number(mix, point, pointMix)
			a.fmul(t, t, t)
			a.fms(t, mix, d)
			a.put(t, v)
		})
		a.keep(modelSquares, point, pointSquares)
		a.keep(modelGradient, point, pointGradient)
	})
	a.end()
}

// misfit computes squares += (s - exp2(w.p + p6) - c water)^2.
func (a *lanes) misfit() {
	a.function("tensorMisfit", "s *ops.Lanes, design *float64, n int, point *ops.Point",
		"adds the squares of s - t - c water to those of a point, over n measurements of {lanes} voxels. t =",
		"2^(w.p + p6).")
	a.halves(func() {
		s, design, point := a.array("s"), a.load("design"), a.array("point")
		a.parameters(point)
		a.number(modelSquares, point, pointSquares)
		a.repeat("row", a.load("n"), func() {
			a.predict(design)
			a.difference(modelWork[0], modelWork[1], s, point)
		})
		a.keep(modelSquares, point, pointSquares)
	})
	a.end()
}

// weights computes v = exp2(w.p + p6) and u = v s.
func (a *lanes) weights() {
	a.function("tensorWeights", "u, v, s *ops.Lanes, design *float64, n int, point *ops.Point",
		"writes v = 2^(w.p + p6) and u = v s for n measurements of {lanes} voxels.")
	a.halves(func() {
		u, v, s, design, point := a.array("u"), a.array("v"), a.array("s"), a.load("design"), a.array("point")
		a.parameters(point)
		a.repeat("row", a.load("n"), func() {
			a.predict(design)
			a.put(modelT, v)
			a.next(modelWork[0], s)
			a.fmul(modelT, modelT, modelWork[0])
			a.put(modelT, u)
		})
	})
	a.end()
}
