package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peaks writes the steps that find peaks. Package ops says what each of them computes. Lane = voxel, except in combine,
// where lanes are vertices. A step does to a lane what a plain loop would do to one voxel.
func peaks(double, single vectors) {
	single.round(double)
	single.samples()
	single.maxima()
	double.maxima()
	double.spread()
	double.combine()
	double.jets()
}

// round writes functions in single precision: those of two lots of voxels side by side.
func (v vectors) round(half vectors) {
	v.function("peaksRound", "dst, squares *number, x *float64, columns int",
		"rounds the functions of {lanes} voxels to single precision. x has two lots of columns vectors, of the",
		"first and of the last half of the voxels. dst gets columns vectors of all voxels, and squares the vector",
		"of the sums of their squares.")
	dst, x, columns := load("dst"), load("x"), load("columns")
	second := copied(columns)
	IMUL3Q(I32(v.bytes), second, second)
	ADDQ(x, second)
	sum, low, high := v.registers[0], v.registers[1], v.registers[2]
	zero(sum)
	repeat("column", columns, func() {
		if v.is512() {
			VCVTPD2PS(Mem{Base: x}, low.AsY())
			VCVTPD2PS(Mem{Base: second}, high.AsY())
			VINSERTF64X4(Imm(1), high.AsY(), low, low)
		} else {
			VCVTPD2PSY(Mem{Base: x}, low.AsX())
			VCVTPD2PSY(Mem{Base: second}, high.AsX())
			VINSERTF128(Imm(1), high.AsX(), low, low)
		}
		v.move(low, Mem{Base: dst})
		v.fma(low, low, sum)
		ADDQ(I32(half.bytes), x)
		ADDQ(I32(half.bytes), second)
		ADDQ(I32(v.bytes), dst)
	})
	v.move(sum, Mem{Base: load("squares")})
	v.end()
}

// samples writes the values of functions, and the smallest and largest of them.
func (v vectors) samples() {
	v.function("peaksSamples", "values, extremes, panels, x *number, count, columns int",
		"writes the values of the functions of {lanes} voxels: a matrix times x, row after row. The matrix has",
		"count panels of {panel} rows, stored column after column, and x has columns vectors. extremes is two",
		"vectors: the smallest and the largest value.")
	values, panels, count, extremes := load("values"), load("panels"), load("count"), load("extremes")
	low, high := v.registers[v.panel], v.registers[v.panel+1] // between panels; in between these registers have x and a number
	v.fill(low, v.infinity)
	v.move(low, v.at(extremes, 0))
	zero(high)
	v.sub(low, high, high)
	v.move(high, v.at(extremes, 1))
	repeat("panel", count, func() {
		zero(v.registers[:v.panel]...)
		v.accumulateColumns(panels, load("x"), load("columns"))
		v.move(v.at(extremes, 0), low)
		v.move(v.at(extremes, 1), high)
		for r, sum := range v.registers[:v.panel] {
			v.move(sum, v.at(values, r))
			v.min(sum, low, low)
			v.max(sum, high, high)
		}
		v.move(low, v.at(extremes, 0))
		v.move(high, v.at(extremes, 1))
		ADDQ(I32(v.panel*v.bytes), values)
	})
	v.end()
}

// maxima lists the vertices that may be maxima.
func (v vectors) maxima() {
	v.function("peaksMaxima", "found *[4]uint16, values, limits *number, neighbours *int32, n, eights int) (count int",
		"compares the values of the functions of {lanes} voxels at n vertices with those of their neighbours, of",
		"which each vertex has eights times 8, at byte offsets from values. limits is three vectors: margin,",
		"least, lowest. An entry of found is a vertex and three sets of lanes: where the value is at least",
		"\"least\" and at least the highest neighbour - margin; where besides it is not above the highest neighbour",
		"+ margin; where it is at most lowest. Vertices without a lane in a set are left out. The result is the",
		"number of entries.")
	v.holds(
		"#0 margin   #1 least   #2 lowest   #3 the value   #4, #5 the highest neighbours   #6, #7, #8 room   #9 -Inf")
	found, values, neighbours, n, limits := load("found"), load("values"), load("neighbours"), load("n"), load("limits")
	margin, least, lowest := v.registers[0], v.registers[1], v.registers[2]
	for i, limit := range []reg.VecPhysical{margin, least, lowest} {
		v.move(v.at(limits, i), limit)
	}
	vertex, place := GP64(), copied(values)
	XORQ(vertex, vertex)
	first := copied(found)
	value, highest, nothing := v.registers[3], v.registers[4:][:2], v.registers[9]
	v.fill(nothing, v.infinity)
	zero(value)
	v.sub(nothing, value, nothing)
	repeat("vertex", n, func() {
		v.move(Mem{Base: place}, value)
		for _, h := range highest {
			v.move(nothing, h)
		}
		repeat("eight", load("eights"), func() {
			for i := range 8 {
				offset := GP64()
				MOVL(Mem{Base: neighbours, Disp: 4 * i}, offset.As32())
				v.max(Mem{Base: values, Index: offset, Scale: 1}, highest[i%2], highest[i%2])
			}
			ADDQ(Imm(32), neighbours)
		})
		v.max(highest[1], highest[0], highest[0])
		v.listMaximum(found, vertex)
		ADDQ(I32(v.bytes), place)
		INCQ(vertex)
	})
	SUBQ(first, found)
	SHRQ(Imm(3), found)
	Store(found, ReturnIndex(0))
	v.end()
}

// listMaximum writes the entry of a vertex. It moves on to the next entry if a bit of this one is set.
func (v vectors) listMaximum(found, vertex reg.GPVirtual) {
	const atLeast, greater, atMost = 0x1D, 0x1E, 0x12 // ordered, no exception: false for NaN
	margin, least, lowest, value, highest := v.registers[0], v.registers[1], v.registers[2], v.registers[3], v.registers[4]
	below, above := v.registers[6], v.registers[7]
	v.sub(margin, highest, below)
	v.max(least, below, below)
	v.add(margin, highest, above)
	masks := []reg.GPVirtual{GP32(), GP32(), GP32()} // maximum, doubtful, lowest
	if v.evex {
		v.compare(U8(atLeast), below, value, reg.K1)
		v.compare(U8(greater), above, value, reg.K2)
		v.compare(U8(atMost), lowest, value, reg.K3)
		KANDNW(reg.K1, reg.K2, reg.K2)
		for i, k := range []reg.Register{reg.K1, reg.K2, reg.K3} {
			KMOVW(k, masks[i])
		}
	} else {
		third := v.registers[8]
		v.compare(U8(atLeast), below, value, below)
		v.compare(U8(greater), above, value, above)
		v.compare(U8(atMost), lowest, value, third)
		VANDNPS(below, above, above)
		for i, lanes := range []reg.VecPhysical{below, above, third} {
			v.signs(lanes, masks[i])
		}
	}
	for i, mask := range append([]reg.GPVirtual{vertex}, masks...) {
		MOVW(mask.As16(), Mem{Base: found, Disp: 2 * i})
	}
	ORL(masks[2], masks[0])
	XORL(masks[2], masks[2])
	TESTL(masks[0], masks[0])
	SETNE(masks[2].As8())
	LEAQ(Mem{Base: found, Index: masks[2].As64(), Scale: 8}, found)
}

// spread writes the sums from which generalised fractional anisotropy is made.
func (v vectors) spread() {
	v.function("peaksSpread", "sums, values *number, n int",
		"writes two vectors about n vectors of {lanes} voxels: the sum of the squares of their differences from",
		"their mean, and the sum of their squares, each added up in order.")
	v.holds(
		"#0 sum   #1 sum of squares   #2 value   #3 its square   #4 sum of squares of differences   #5 mean")
	values, n := load("values"), load("n")
	sum, squares, value, square := v.registers[0], v.registers[1], v.registers[2], v.registers[3]
	differences, mean := v.registers[4], v.registers[5]
	zero(sum, squares, differences)
	place, left := copied(values), copied(n)
	repeat("value", left, func() {
		v.move(Mem{Base: place}, value)
		v.mul(value, value, square)
		v.add(value, sum, sum)
		v.add(square, squares, squares)
		ADDQ(I32(v.bytes), place)
	})
	v.fromInteger(n, mean)
	v.div(mean, sum, mean)
	repeat("difference", n, func() {
		v.move(Mem{Base: values}, value)
		v.sub(mean, value, value)
		v.mul(value, value, square)
		v.add(square, differences, differences)
		ADDQ(I32(v.bytes), values)
	})
	sums := load("sums")
	v.move(differences, v.at(sums, 0))
	v.move(squares, v.at(sums, 1))
	v.end()
}

// combineTile is how many vectors of sums combine keeps in registers.
const combineTile = 12

// combine writes a weighted sum of rows.
func (v vectors) combine() {
	v.function("peaksCombine", "dst, rows, weights *number, offsets *int, count, tiles int",
		"writes the sum of weights[i] times the row at the byte offset offsets[i], over count rows, added up in",
		"order. dst and rows are tiles of 12 vectors of consecutive numbers.")
	dst, rows, tiles := load("dst"), load("rows"), load("tiles")
	sums, weight, product := v.registers[:combineTile], v.registers[combineTile], v.registers[combineTile+1:][:3]
	repeat("tile", tiles, func() {
		zero(sums...)
		weights, offsets, count := load("weights"), load("offsets"), load("count")
		repeat("row", count, func() {
			row := GP64()
			MOVQ(Mem{Base: offsets}, row)
			ADDQ(rows, row)
			v.broadcast(Mem{Base: weights}, weight)
			for j, sum := range sums {
				v.mul(v.at(row, j), weight, product[j%3])
				v.add(product[j%3], sum, sum)
			}
			ADDQ(Imm(8), weights)
			ADDQ(Imm(8), offsets)
		})
		for j, sum := range sums {
			v.move(sum, v.at(dst, j))
		}
		ADDQ(I32(combineTile*v.bytes), dst)
		ADDQ(I32(combineTile*v.bytes), rows)
	})
	v.end()
}

// jets writes the value and the derivatives of polynomials. A row of a table has a power of a coordinate and the two
// derivatives of this power.
func (v vectors) jets() {
	v.function("peaksJets", "jets, weights, points, tables *number, degree int",
		"writes ten vectors about homogeneous polynomials of {lanes} voxels at the points x, y, z: the value, the",
		"gradient, and the second derivatives xx, xy, xz, yy, yz, zz. Each monomial has a vector in weights:",
		"x^degree first, then by falling powers of x, and of y within those. tables is scratch for the powers of",
		"x, y and z.")
	v.holds(
		"#0 value   #1, #2, #3 gradient   #4 to #9 second derivatives xx, xy, xz, yy, yz, zz",
		"#10, #11, #12 the weight times the power of x and its derivatives   #13 one of them times one of y",
		"#14 that times one of z")
	tables, degree := load("tables"), load("degree")
	row := 3 * v.bytes
	axis := copied(degree)
	INCQ(axis)
	IMUL3Q(I32(row), axis, axis) // size of a table
	v.powerTables(tables, degree)
	sums := v.registers[:10]
	zero(sums...)
	weights, y, z := load("weights"), GP64(), GP64()
	x, lastY := copied(tables), copied(tables)
	ADDQ(axis, x)
	SUBQ(I32(row), x) // x^degree
	ADDQ(axis, lastY) // y^0
	thirdTable := copied(lastY)
	ADDQ(axis, thirdTable)
	outer, inner, count := copied(degree), GP64(), GP64()
	INCQ(outer)
	MOVQ(U32(1), inner)
	repeat("power", outer, func() {
		MOVQ(inner, count)
		MOVQ(lastY, y)
		MOVQ(thirdTable, z)
		repeat("monomial", count, func() {
			v.addMonomial(weights, x, y, z)
			ADDQ(I32(v.bytes), weights)
			SUBQ(I32(row), y)
			ADDQ(I32(row), z)
		})
		SUBQ(I32(row), x)
		ADDQ(I32(row), lastY)
		INCQ(inner)
	})
	jets := load("jets")
	for i, sum := range sums {
		v.move(sum, v.at(jets, i))
	}
	v.end()
}

// powerTables writes the powers t^n of the three coordinates, each with its derivatives n t^(n-1) and n (n-1) t^(n-2).
func (v vectors) powerTables(tables, degree reg.Register) {
	place, point := copied(tables), load("points")
	power, before, further, t := v.registers[0], v.registers[1], v.registers[2], v.registers[3]
	first, second, product := v.registers[4], v.registers[5], v.registers[6]
	three := GP64()
	MOVQ(U32(3), three)
	repeat("axis", three, func() {
		v.move(Mem{Base: point}, t)
		ADDQ(I32(v.bytes), point)
		v.fill(power, v.one)
		zero(before, further)
		n, rows := GP64(), copied(degree)
		XORQ(n, n)
		INCQ(rows)
		repeat("row", rows, func() {
			v.fromInteger(n, first)
			next := copied(n)
			DECQ(next)
			IMULQ(n, next)
			v.fromInteger(next, second)
			v.mul(before, first, first)
			v.mul(further, second, second)
			v.move(power, v.at(place, 0))
			v.move(first, v.at(place, 1))
			v.move(second, v.at(place, 2))
			v.mul(t, power, product)
			v.move(before, further)
			v.move(power, before)
			v.move(product, power)
			ADDQ(I32(3*v.bytes), place)
			INCQ(n)
		})
	})
}

// fromInteger puts an integer into all lanes.
func (v vectors) fromInteger(n reg.GPVirtual, d reg.VecPhysical) {
	VXORPD(d.AsX(), d.AsX(), d.AsX())
	VCVTSI2SDQ(n, d.AsX(), d.AsX())
	v.broadcast(d.AsX(), d)
}

// addMonomial adds a monomial to the ten sums.
func (v vectors) addMonomial(weight, x, y, z reg.Register) {
	parts, yProduct, product := v.registers[10:][:3], v.registers[13], v.registers[14]
	v.move(Mem{Base: weight}, product)
	for i, part := range parts {
		v.mul(v.at(x, i), product, part)
	}
	const value, gradient, hessian = 0, 1, 4
	for _, term := range []struct{ x, y, z, sum int }{
		{0, 0, 0, value}, {0, 0, 1, gradient + 2}, {0, 0, 2, hessian + 5},
		{0, 1, 0, gradient + 1}, {0, 1, 1, hessian + 4}, {0, 2, 0, hessian + 3},
		{1, 0, 0, gradient}, {1, 0, 1, hessian + 2}, {1, 1, 0, hessian + 1}, {2, 0, 0, hessian},
	} {
		if term.z == 0 {
			v.mul(v.at(y, term.y), parts[term.x], yProduct)
		}
		v.mul(v.at(z, term.z), yProduct, product)
		v.add(product, v.registers[term.sum], v.registers[term.sum])
	}
}
