package main

// The matrix is a packed lower triangle of square tiles. Tile (I, J), J <= I, has the number I(I+1)/2 + J, and its
// entry (r, c) is its vector c*tile + r. The tiles of a row of tiles are therefore consecutive, and so are the vectors
// of a tile's column, which a turn of the loops needs together.

// inTile is the offset of entry (row, column) of a tile.
func inTile(row, column int) int { return (column*csdTile + row) * pairBytes }

// csdFactorise writes the Cholesky factorisation and the forward solve.
func (p *program) csdFactorise() {
	p.step("csdFactorise", "q, inverse, y, z *number, tiles int",
		"factorises the normal matrices of {lanes} voxels: it replaces q by its Cholesky factor L, writes the",
		"reciprocals of L's diagonal to inverse, and solves L y = z. q is a packed lower triangle of tiles x",
		"tiles squares with edge {tile}. Where a pivot is not positive, its reciprocal is NaN or infinite.")
	f := factorisation{
		program: p, q: p.load("q"), y: p.load("y"), z: p.load("z"),
		row: p.reg(), number: p.reg(), target: p.reg(), other: p.reg(), own: p.reg(), known: p.reg(),
	}
	reciprocals, tiles := p.reg(), p.load("tiles")
	p.move(f.q, f.row)
	p.ins("MOVD $0, %v", f.number)
	p.repeat("row", tiles, func() {
		p.reload("inverse", reciprocals)
		p.scratch(func() { f.offDiagonal(reciprocals) })
		p.scratch(func() { f.diagonal(reciprocals) })
		p.ins("ADD $%d, %v, %v", tileBytes, f.target, f.row)
		p.advance(csdTile*pairBytes, f.z)
		p.advance(1, f.number)
	})
	p.end()
}

// factorisation holds the pointers that the loops move.
type factorisation struct {
	*program
	q, y, z gp
	row     gp // first tile of the row of tiles at work
	number  gp // how many tiles this row has left of the diagonal
	target  gp // the tile at work
	other   gp // walks along the row of tiles above
	own     gp // walks along the row at work
	known   gp // walks along y
}

// offDiagonal finishes the tiles left of the diagonal, one after another. First it subtracts what the earlier columns
// contribute; the tile x tile sums are in registers. Then it solves the tile against the diagonal tile of the row of
// tiles above.
func (f *factorisation) offDiagonal(reciprocals gp) {
	const t = csdTile
	a := func(r, c int) pair { return pairOf(r*t + c) }
	x := func(r int) pair { return pairOf(t*t + r) }
	b := pairOf(t*t + t)
	f.holds("#0-#8 the entries a of a tile, row by row   #9-#11 x, of this row of tiles   #12 b, of the row above")
	left, before, count := f.copied(f.number), f.reg(), f.reg()
	f.move(f.row, f.target)
	f.move(f.q, f.other)
	f.ins("MOVD $0, %v", before)
	f.repeat("tile", left, func() {
		f.each(func(r, c int) { f.loadPair(a(r, c), f.target, inTile(r, c)) })
		f.move(f.row, f.own)
		f.move(before, count)
		f.repeat("before", count, func() {
			for k := range t {
				for r := range t {
					f.loadPair(x(r), f.own, inTile(r, k))
				}
				for c := range t {
					f.loadPair(b, f.other, inTile(c, k))
					for r := range t {
						f.fms(a(r, c), x(r), b)
					}
				}
			}
			f.advance(tileBytes, f.own, f.other)
		})
		for c := range t {
			for d := range c {
				f.loadPair(b, f.other, inTile(c, d))
				for r := range t {
					f.fms(a(r, c), a(r, d), b)
				}
			}
			f.loadPair(b, reciprocals, c*pairBytes)
			for r := range t {
				f.fmul(a(r, c), a(r, c), b)
			}
		}
		f.each(func(r, c int) { f.storePair(a(r, c), f.target, inTile(r, c)) })
		f.advance(t*pairBytes, reciprocals)
		f.advance(tileBytes, f.target, f.other)
		f.advance(1, before)
	})
}

// each visits the entries of a tile in the order of memory.
func (f *factorisation) each(visit func(r, c int)) {
	for c := range csdTile {
		for r := range csdTile {
			visit(r, c)
		}
	}
}

// diagonal finishes the tile on the diagonal, and the values of y in its rows.
func (f *factorisation) diagonal(reciprocals gp) {
	const t = csdTile
	const triangle = t * (t + 1) / 2
	a := func(r, c int) pair { return pairOf(r*(r+1)/2 + c) }
	y := func(r int) pair { return pairOf(triangle + r) }
	x := func(r int) pair { return pairOf(triangle + t + r) }
	known, one := pairOf(triangle+2*t), pairOf(triangle + 2*t + 1)[0]
	f.holds("#0-#5 the triangle of the diagonal tile, row by row   #6-#8 y   #9-#11 x, of this row of tiles",
		"#12 a known y   "+one.String()+" one")
	lower := func(visit func(r, c int)) {
		f.each(func(r, c int) {
			if c <= r {
				visit(r, c)
			}
		})
	}
	f.fill(one, 1)
	lower(func(r, c int) { f.loadPair(a(r, c), f.target, inTile(r, c)) })
	for r := range t {
		f.loadPair(y(r), f.z, r*pairBytes)
	}
	f.move(f.row, f.own)
	f.move(f.y, f.known)
	f.repeat("left", f.copied(f.number), func() {
		for k := range t {
			for r := range t {
				f.loadPair(x(r), f.own, inTile(r, k))
			}
			f.loadPair(known, f.known, k*pairBytes)
			lower(func(r, c int) { f.fms(a(r, c), x(r), x(c)) })
			for r := range t {
				f.fms(y(r), x(r), known)
			}
		}
		f.advance(tileBytes, f.own)
		f.advance(t*pairBytes, f.known)
	})
	for c := range t {
		f.comment("The reciprocal of the root of p is root * (1/p). So the root and the division do not wait for each other.")
		s, root := x(0), x(1)
		f.fdiv(s, one, a(c, c))
		f.fsqrt(root, a(c, c))
		f.fmul(s, s, root)
		f.storePair(s, reciprocals, c*pairBytes)
		f.fmul(y(c), y(c), s)
		f.storePair(y(c), f.known, c*pairBytes)
		for r := c; r < t; r++ {
			f.fmul(a(r, c), a(r, c), s)
		}
		for d := c + 1; d < t; d++ {
			for r := d; r < t; r++ {
				f.fms(a(r, d), a(r, c), a(d, c))
			}
			f.fms(y(d), a(d, c), y(c))
		}
	}
	lower(func(r, c int) { f.storePair(a(r, c), f.target, inTile(r, c)) })
}

// csdBackSolve writes the second half of the solution, L^T f = y.
func (p *program) csdBackSolve() {
	judgement := "0 in a lane where f is finite, else NaN."
	if p.format.isSingle() {
		judgement = "the sum of the squares of f, which is finite only where f is."
	}
	p.step("csdBackSolve", "y, q, inverse *number, tiles int",
		"solves L^T f = y for {lanes} voxels in place of y, with the q and inverse of csdFactorise. It writes one",
		"more vector behind f: "+judgement)
	p.holds("#0-#2 f   #3-#5 the unknowns above   #6 an entry of the factor")
	const t = csdTile
	f := func(r int) pair { return pairOf(r) }
	rest := func(c int) pair { return pairOf(t + c) }
	entry := pairOf(2 * t)
	y, row, inverse, left := p.load("y"), p.load("q"), p.load("inverse"), p.load("tiles")
	offset, down, tile, above, number, spare := p.reg(), p.reg(), p.reg(), p.reg(), p.reg(), p.reg()
	p.comment("row is the first tile of a row of tiles. y and inverse are at its first unknown. All begin with the last row.")
	p.ins("SUB $1, %v, %v", left, offset)
	p.move(offset, down)
	p.ins("MUL %v, %v", left, offset)
	p.times(tileBytes/2, offset, spare)
	p.ins("ADD %v, %v", offset, row)
	p.times(t*pairBytes, down, spare)
	p.ins("ADD %v, %v", down, y)
	p.ins("ADD %v, %v", down, inverse)
	p.repeat("row", left, func() {
		p.ins("SUB $1, %v, %v", left, number)
		p.comment("The diagonal tile.")
		p.move(number, tile)
		p.times(tileBytes, tile, spare)
		p.ins("ADD %v, %v", row, tile)
		for r := range t {
			p.loadPair(f(r), y, r*pairBytes)
		}
		for r := t - 1; r >= 0; r-- {
			p.loadPair(entry, inverse, r*pairBytes)
			p.fmul(f(r), f(r), entry)
			for c := r - 1; c >= 0; c-- {
				p.loadPair(entry, tile, inTile(r, c))
				p.fms(f(c), f(r), entry)
			}
			p.storePair(f(r), y, r*pairBytes)
		}
		p.comment("Subtract what these unknowns contribute to the rows above.")
		p.move(row, tile)
		p.reload("y", above)
		p.move(number, down)
		p.repeat("tile", down, func() {
			for c := range t {
				p.loadPair(rest(c), above, c*pairBytes)
			}
			for r := t - 1; r >= 0; r-- {
				for c := range t {
					p.loadPair(entry, tile, inTile(r, c))
					p.fms(rest(c), f(r), entry)
				}
			}
			for c := range t {
				p.storeNext(rest(c), above, pairBytes)
			}
			p.advance(tileBytes, tile)
		})
		p.comment("The row of tiles before this one has one tile less.")
		p.times(tileBytes, number, spare)
		p.ins("SUB %v, %v", number, row)
		p.ins("SUB $%d, %v", t*pairBytes, y)
		p.ins("SUB $%d, %v", t*pairBytes, inverse)
	})
	p.judge()
	p.end()
}

// judge writes the vector behind f. In double precision this is the sum of 0 * f. In single precision it is the sum of
// squares, which the driver needs, too. Neither is finite where f is not.
func (p *program) judge() {
	sum, value, none := pairOf(0), pairOf(1), vec(4)
	p.zero(sum, none)
	all, unknowns, spare := p.load("y"), p.load("tiles"), p.reg()
	p.times(csdTile, unknowns, spare)
	p.repeat("unknown", unknowns, func() {
		p.loadNext(value, all, pairBytes)
		if p.format.isSingle() {
			p.fma(sum, value, value)
		} else {
			p.fma(sum, value, none)
		}
	})
	p.storePair(sum, all, 0)
}

// csdCondition writes the sum from which the driver bounds the error of single precision (guard.go of package csd).
func (p *program) csdCondition() {
	p.step("csdCondition", "condition, inverse, scales *number, n int",
		"writes the vector of the sums, over n >= 1 unknowns, of scales[i] times the square of inverse[i].",
		"inverse has vectors of {lanes} voxels, as csdFactorise wrote them, and scales has numbers.")
	p.holds("V0-V1 sum   V2-V3 reciprocals   V4 a scale")
	sum, value, scale := pairOf(0), pairOf(1), vec(4)
	condition, inverse, scales := p.load("condition"), p.load("inverse"), p.load("scales")
	p.zero(sum)
	p.repeat("unknown", p.load("n"), func() {
		p.loadNext(value, inverse, pairBytes)
		p.loadNumbers(scale, scales, 1)
		p.fmul(value, value, value)
		p.fmaElement(sum, value, scale, 0)
	})
	p.storePair(sum, condition, 0)
	p.end()
}
