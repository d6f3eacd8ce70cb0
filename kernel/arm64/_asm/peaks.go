package main

import "math"

// peaks writes the steps that find peaks. Package ops says what each of them computes. Lane = voxel, except in combine,
// where lanes are vertices. The operations and their order are those of amd64.
func peaks(p *program) {
	p.in(single, func() {
		p.peaksRound()
		p.peaksSamples()
		p.peaksMaxima()
	})
	p.peaksMaxima()
	p.peaksSpread()
	p.peaksCombine()
	p.peaksJets()
}

// peaksRound writes functions in single precision: those of two lots of voxels side by side.
func (p *program) peaksRound() {
	p.step("peaksRound", "dst, squares *number, x *float64, columns int",
		"rounds the functions of {lanes} voxels to single precision. x has two lots of columns vectors, of the",
		"first and of the last half of the voxels. dst gets columns vectors of all voxels, and squares the vector",
		"of the sums of their squares.")
	p.holds("V0-V1 sums of squares   V2-V3 numbers, rounded   V4-V7 numbers")
	dst, x, columns, second := p.load("dst"), p.load("x"), p.load("columns"), p.reg()
	sums, rounded, low, high := pairOf(0), pairOf(1), pairOf(2), pairOf(3)
	p.ins("ADD %v<<5, %v, %v", columns, x, second)
	p.zero(sums)
	p.repeat("column", columns, func() {
		p.loadNext(low, x, pairBytes)
		p.loadNext(high, second, pairBytes)
		p.round(rounded[0], low)
		p.round(rounded[1], high)
		p.storeNext(rounded, dst, pairBytes)
		p.fma(sums, rounded, rounded)
	})
	p.storePair(sums, p.load("squares"), 0)
	p.end()
}

// peaksSamples writes the values of functions, and the smallest and largest of them.
func (p *program) peaksSamples() {
	p.step("peaksSamples", "values, extremes, panels, x *number, count, columns int",
		"writes the values of the functions of {lanes} voxels: a matrix times x, row after row. The matrix has",
		"count panels of {panel} rows, stored column after column, and x has columns vectors. extremes is two",
		"vectors: the smallest and the largest value.")
	p.holds("V0-V27 sums   V28-V31 x and numbers of the panel, then the smallest and the largest value")
	values, extremes, panels, count := p.load("values"), p.load("extremes"), p.load("panels"), p.load("count")
	x, columns := p.reg(), p.reg()
	low, high := panelX, pairOf(15)
	p.fill(low, math.Inf(1))
	p.fill(high, math.Inf(-1))
	p.storePair(low, extremes, 0)
	p.storePair(high, extremes, pairBytes)
	p.repeat("panel", count, func() {
		p.reload("x", x)
		p.reload("columns", columns)
		for _, sum := range panelSums {
			p.zero(sum)
		}
		p.repeat("column", columns, func() {
			p.loadNext(panelX, x, pairBytes)
			accumulateColumn(p, panels, panelSums, panelX)
		})
		p.loadPair(low, extremes, 0)
		p.loadPair(high, extremes, pairBytes)
		for _, sum := range panelSums {
			p.fmin(low, low, sum)
			p.fmax(high, high, sum)
			p.storeNext(sum, values, pairBytes)
		}
		p.storePair(low, extremes, 0)
		p.storePair(high, extremes, pairBytes)
	})
	p.end()
}

// peaksMaxima lists the vertices that may be maxima.
func (p *program) peaksMaxima() {
	p.step("peaksMaxima", "found *[4]uint16, values, limits *number, neighbours *int32, n, eights int) (count int",
		"compares the values of the functions of {lanes} voxels at n vertices with those of their neighbours, of",
		"which each vertex has eights times 8, at byte offsets from values. limits is three vectors: margin,",
		"least, lowest. An entry of found is a vertex and three sets of lanes: where the value is at least",
		"\"least\" and at least the highest neighbour - margin; where besides it is not above the highest neighbour",
		"+ margin; where it is at most lowest. Vertices without a lane in a set are left out. The result is the",
		"number of entries.")
	p.holds(
		"V0-V1 margin   V2-V3 least   V4-V5 lowest   V6-V7 the value   V8-V9 the highest neighbour   V10-V13 other neighbours",
		"V14-V19 masks   V20 bits of the lanes")
	found, values, neighbours, n := p.load("found"), p.load("values"), p.load("neighbours"), p.load("n")
	margin, least, lowest, value, highest := pairOf(0), pairOf(1), pairOf(2), pairOf(3), pairOf(4)
	weights := vec(20)
	p.scratch(func() {
		limits := p.load("limits")
		p.loadNext(margin, limits, pairBytes)
		p.loadNext(least, limits, pairBytes)
		p.loadPair(lowest, limits, 0)
	})
	p.fillPattern(weights, map[bool]uint64{true: 0x8040201008040201, false: 0x0804020108040201}[p.format.isSingle()])
	vertex, place, eights, offset := p.reg(), p.copied(values), p.reg(), p.reg()
	p.ins("MOVD ZR, %v", vertex)
	p.repeat("vertex", n, func() {
		p.loadNext(value, place, pairBytes)
		p.reload("eights", eights)
		p.fill(highest, math.Inf(-1))
		p.repeat("eight", eights, func() {
			for i := range 8 {
				other := pairOf(5 + i%2)
				p.loadAtOffset(other, values, neighbours, offset)
				p.fmax(highest, highest, other)
			}
		})
		p.compareNeighbours(weights)
		p.listMaximum(found, vertex, vec(14))
		p.ins("ADD $1, %v", vertex)
	})
	p.scratch(func() {
		first := p.load("found")
		p.ins("SUB %v, %v", first, found)
	})
	p.ins("LSR $3, %v", found)
	p.result("count", found)
	p.end()
}

// compareNeighbours leaves three bytes of lanes in V14. In the first the value is at least "least" and the highest
// neighbour less margin. In the second it is greater than the highest neighbour and margin. In the third it is at most
// lowest. A fourth byte repeats the third.
func (p *program) compareNeighbours(weights vec) {
	margin, least, lowest, value, highest := pairOf(0), pairOf(1), pairOf(2), pairOf(3), pairOf(4)
	maximum, greater, low := pairOf(7), pairOf(8), pairOf(9)
	p.fsub(maximum, highest, margin)
	p.fmax(maximum, maximum, least)
	p.fadd(greater, highest, margin)
	p.three("fcmge"+p.format.vectors, maximum, value, maximum)
	p.fcmgt(greater, value, greater)
	p.three("fcmge"+p.format.vectors, low, lowest, value)
	p.comment("Masks of numbers become masks of bytes, and these become one bit for each lane.")
	narrower := []string{"S4", "H8", "B16"}
	if p.format.isSingle() {
		narrower = narrower[1:]
	}
	var masks []vec
	for _, mask := range []pair{maximum, greater, low} {
		masks = append(masks, p.fold("VUZP1", narrower[0], mask[:])...)
	}
	for _, lanes := range narrower[1:] {
		masks = p.fold("VUZP1", lanes, masks)
	}
	for _, mask := range masks {
		p.and(mask, mask, weights)
	}
	if len(masks) > 1 { // eight lanes
		masks = p.fold("VADDP", "B16", masks)
	}
	p.fold("VADDP", "B16", masks)
	p.fold("VADDP", "B16", masks)
}

// listMaximum writes the entry of a vertex. It moves on to the next entry if a bit of this one is set.
func (p *program) listMaximum(found, vertex gp, bytes vec) {
	p.scratch(func() {
		maximum, doubtful, low, all := p.reg(), p.reg(), p.reg(), p.reg()
		p.ins("VMOV %v.S[0], %v", bytes, all)
		p.ins("UBFX $8, %v, $8, %v", all, doubtful)
		p.ins("UBFX $16, %v, $8, %v", all, low)
		p.ins("AND $255, %v, %v", all, maximum)
		p.ins("BIC %v, %v, %v", doubtful, maximum, doubtful)
		p.ins("ORR %v<<16, %v, %v", maximum, vertex, all)
		p.ins("ORR %v<<32, %v, %v", doubtful, all, all)
		p.ins("ORR %v<<48, %v, %v", low, all, all)
		p.ins("MOVD %v, (%v)", all, found)
		p.ins("ORR %v, %v, %v", low, maximum, maximum)
		p.ins("CMP $0, %v", maximum)
		p.ins("CSET NE, %v", maximum)
		p.ins("ADD %v<<3, %v", maximum, found)
	})
}

// peaksSpread writes the sums from which generalised fractional anisotropy is made.
func (p *program) peaksSpread() {
	p.function("peaksSpread", "sums, values *float64, n int",
		"writes two vectors about n vectors of {lanes} voxels: the sum of the squares of their differences from",
		"their mean, and the sum of their squares, each added up in order.")
	p.holds(
		"V0-V1 sum, then mean   V2-V3 sum of squares   V4-V5 value   V6-V7 its square   V8-V9 sum of squares of differences",
		"V10 n")
	mean, squares, value, square, differences, count := pairOf(0), pairOf(1), pairOf(2), pairOf(3), pairOf(4), vec(10)
	p.zero(mean, squares, differences)
	p.scratch(func() {
		place, n := p.load("values"), p.load("n")
		p.repeat("value", n, func() {
			p.loadNext(value, place, pairBytes)
			p.fmul(square, value, value)
			p.fadd(mean, mean, value)
			p.fadd(squares, squares, square)
		})
	})
	p.broadcast(count, "n")
	p.two("scvtf2d", count, count)
	p.fdiv(mean, mean, count)
	p.scratch(func() {
		place, n := p.load("values"), p.load("n")
		p.repeat("difference", n, func() {
			p.loadNext(value, place, pairBytes)
			p.fsub(value, value, mean)
			p.fmul(square, value, value)
			p.fadd(differences, differences, square)
		})
	})
	sums := p.load("sums")
	p.storePair(differences, sums, 0)
	p.storePair(squares, sums, pairBytes)
	p.end()
}

// combineTile is how many pairs of sums combine keeps in registers.
const combineTile = 12

// peaksCombine writes a weighted sum of rows.
func (p *program) peaksCombine() {
	p.function("peaksCombine", "dst, rows, weights *float64, offsets *int, count, tiles int",
		"writes the sum of weights[i] times the row at the byte offset offsets[i], over count rows, added up in",
		"order. dst and rows are tiles of 12 vectors of consecutive numbers.")
	p.holds("V0-V23 sums   V24-V27 of a row, then times the weight   V28 the weight")
	dst, rows, tiles := p.load("dst"), p.load("rows"), p.load("tiles")
	weights, offsets, count, row := p.reg(), p.reg(), p.reg(), p.reg()
	sums, weight := pairs(0, combineTile), vec(28)
	p.repeat("tile", tiles, func() {
		for _, sum := range sums {
			p.zero(sum)
		}
		p.reload("weights", weights)
		p.reload("offsets", offsets)
		p.reload("count", count)
		p.repeat("row", count, func() {
			p.ins("MOVD.P 8(%v), %v", offsets, row)
			p.ins("ADD %v, %v", rows, row)
			p.loadNumbers(weight, weights, 1)
			for j, sum := range sums {
				part := pairOf(combineTile + j%2)
				p.loadNext(part, row, pairBytes)
				p.fmulElement(part, part, weight, 0)
				p.fadd(sum, sum, part)
			}
		})
		for _, sum := range sums {
			p.storeNext(sum, dst, pairBytes)
		}
		p.advance(combineTile*pairBytes, rows)
	})
	p.end()
}

// peaksJets writes the value and the derivatives of polynomials. A row of a table has a power of a coordinate and the
// two derivatives of this power.
func (p *program) peaksJets() {
	p.function("peaksJets", "jets, weights, points, tables *float64, degree int",
		"writes ten vectors about homogeneous polynomials of {lanes} voxels at the points x, y, z: the value, the",
		"gradient, and the second derivatives xx, xy, xz, yy, yz, zz. Each monomial has a vector in weights:",
		"x^degree first, then by falling powers of x, and of y within those. tables is scratch for the powers of",
		"x, y and z.")
	p.holds(
		"V0-V1 value   V2-V7 gradient   V8-V19 second derivatives xx, xy, xz, yy, yz, zz",
		"V20-V25 the weight times the power of x and its derivatives   V26-V27 one of them times one of y",
		"V28-V29 that times one of z   V30-V31 what is loaded")
	const row = 3 * pairBytes
	p.scratch(p.powerTables)
	sums := pairs(0, 10)
	for _, sum := range sums {
		p.zero(sum)
	}
	weights, x, outer := p.load("weights"), p.load("tables"), p.load("degree")
	lastY, thirdTable, inner, count, y, z := p.reg(), p.reg(), p.reg(), p.reg(), p.reg(), p.reg()
	p.ins("ADD $1, %v", outer)
	p.ins("MOVD $%d, %v", row, inner)
	p.ins("MUL %v, %v, %v", outer, inner, count) // size of a table
	p.ins("ADD %v, %v, %v", count, x, lastY)
	p.ins("SUB $%d, %v, %v", row, lastY, y)
	p.ins("ADD %v, %v, %v", count, lastY, thirdTable)
	p.move(y, x) // x^degree
	p.ins("MOVD $1, %v", inner)
	p.repeat("power", outer, func() {
		p.move(inner, count)
		p.move(lastY, y)
		p.move(thirdTable, z)
		p.repeat("monomial", count, func() {
			p.addMonomial(weights, x, y, z)
			p.ins("SUB $%d, %v", row, y)
			p.ins("ADD $%d, %v", row, z)
		})
		p.ins("SUB $%d, %v", row, x)
		p.ins("ADD $%d, %v", row, lastY)
		p.ins("ADD $1, %v", inner)
	})
	jets := p.load("jets")
	for _, sum := range sums {
		p.storeNext(sum, jets, pairBytes)
	}
	p.end()
}

// powerTables writes the powers t^n of the three coordinates, each with its derivatives n t^(n-1) and n (n-1) t^(n-2).
func (p *program) powerTables() {
	p.holds("#0 the power   #1 the one before   #2 the one before that   #3 the coordinate   #4 and #5 derivatives   V12 n, n (n-1)")
	place, point, three, n, next, rows := p.load("tables"), p.load("points"), p.reg(), p.reg(), p.reg(), p.reg()
	power, before, further, t, first, second, factor := pairOf(0), pairOf(1), pairOf(2), pairOf(3), pairOf(4), pairOf(5), vec(12)
	times := func(d, m pair, integer gp) {
		p.ins("VDUP %v, %v.D2", integer, factor)
		p.two("scvtf2d", factor, factor)
		p.fmul(d, m, factor)
	}
	p.ins("MOVD $3, %v", three)
	p.repeat("axis", three, func() {
		p.loadNext(t, point, pairBytes)
		p.fill(power, 1)
		p.zero(before, further)
		p.ins("MOVD ZR, %v", n)
		p.reload("degree", rows)
		p.ins("ADD $1, %v", rows)
		p.repeat("row", rows, func() {
			times(first, before, n)
			p.ins("SUB $1, %v, %v", n, next)
			p.ins("MUL %v, %v, %v", n, next, next)
			times(second, further, next)
			p.storeNext(power, place, pairBytes)
			p.storeNext(first, place, pairBytes)
			p.storeNext(second, place, pairBytes)
			p.copy(further, before)
			p.copy(before, power)
			p.fmul(power, power, t)
			p.ins("ADD $1, %v", n)
		})
	})
}

// addMonomial adds a monomial to the ten sums.
func (p *program) addMonomial(weight, x, y, z gp) {
	parts, yProduct, product, loaded := pairs(10, 3), pairOf(13), pairOf(14), pairOf(15)
	p.loadNext(product, weight, pairBytes)
	for i, part := range parts {
		p.loadPair(loaded, x, i*pairBytes)
		p.fmul(part, product, loaded)
	}
	const value, gradient, hessian = 0, 1, 4
	for _, term := range []struct{ x, y, z, sum int }{
		{0, 0, 0, value}, {0, 0, 1, gradient + 2}, {0, 0, 2, hessian + 5},
		{0, 1, 0, gradient + 1}, {0, 1, 1, hessian + 4}, {0, 2, 0, hessian + 3},
		{1, 0, 0, gradient}, {1, 0, 1, hessian + 2}, {1, 1, 0, hessian + 1}, {2, 0, 0, hessian},
	} {
		if term.z == 0 {
			p.loadPair(loaded, y, term.y*pairBytes)
			p.fmul(yProduct, parts[term.x], loaded)
		}
		p.loadPair(loaded, z, term.z*pairBytes)
		p.fmul(product, yProduct, loaded)
		p.fadd(pairOf(term.sum), pairOf(term.sum), product)
	}
}
