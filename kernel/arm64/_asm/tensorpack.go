package main

// pack turns rows of n values, one voxel after the other, into n numbers; there are as many rows as lanes. It turns
// blocks of four columns. The last block overlaps the one before. What lies behind these rows, most often the next
// voxels, is prefetched.
func (a *lanes) pack(name, lanes, kind string, bytes int) {
	all, half, block := batchBytes/a.format.bytes, pairBytes/a.format.bytes, a.square
	if a.format.isSingle() {
		block = a.twoSquares
	}
	a.begin(name, "lanes *"+lanes+", signal *"+kind+", n int", all, []string{
		"transposes the signals of {lanes} voxels, rows of n >= 4 values one after another, into n numbers of {lanes}",
		"lanes, and prefetches the next {lanes} rows.",
	})
	dst, first, n, stride := a.load("lanes"), a.load("signal"), a.load("n"), a.reg()
	shift := 2 + bytes/8
	a.ins("LSL $%d, %v, %v", shift, n, stride)
	rows := []gp{first}
	for i := range all {
		next := a.reg()
		a.ins("ADD %v, %v, %v", stride, rows[i], next)
		rows = append(rows, next)
	}
	ahead := rows[all]
	rows = rows[:all]
	square, last, done := a.label("square"), a.label("last"), a.label("done")
	turn := func() {
		for h := range 2 {
			k := 0
			block(rows[half*h:][:half], bytes, func(column pair) {
				a.storePair(column, dst, batchBytes*k+pairBytes*h)
				k++
			})
		}
		a.advance(4*batchBytes, dst)
	}
	a.at(square)
	a.ins("CMP $4, %v", n)
	a.ins("BLT %s", last)
	for line := 0; line < 4*all*bytes; line += 64 {
		a.ins("PRFM %d(%v), PLDL2KEEP", line, ahead)
	}
	a.advance(4*all*bytes, ahead)
	turn()
	a.ins("SUB $4, %v", n)
	a.ins("JMP %s", square)
	a.at(last)
	a.ins("CBZ %v, %s", n, done)
	a.comment("Fewer than four columns are left. Go back, so that they are four.")
	a.ins("SUB $4, %v", n)
	for _, row := range rows {
		a.ins("ADD %v<<%d, %v", n, shift, row)
	}
	a.ins("ADD %v<<6, %v", n, dst)
	turn()
	a.at(done)
	a.end()
}

// twoSquares transposes four columns of eight rows, in single precision, and passes column after column to store. The
// pointers of the rows move on.
//
//	V0-V7 rows   V24-V25 a row in double precision
func (a *lanes) twoSquares(rows []gp, bytes int, store func(column pair)) {
	for i, row := range rows {
		r := vec(i)
		if bytes == 4 {
			a.ins("FMOVQ.P 16(%v), %s", row, r.scalar())
			continue
		}
		wide := pair{24, 25}
		a.loadNext(wide, row, pairBytes)
		a.round(r, wide)
	}
	a.turnEight(store)
}

// extent lowers least, raises most, and adds the squares of n numbers to energy.
func (a *lanes) extent() {
	a.function("tensorRange", "extent *ops.Extent, s *ops.Lanes, n int",
		"lowers the least and raises the most to n numbers of {lanes} voxels, and adds their squares to the energy.")
	a.holds("V0-V1 s   V2-V3 least   V4-V5 most   V6-V7 energy")
	x, least, most, energy := pairOf(0), pairOf(1), pairOf(2), pairOf(3)
	a.halves(func() {
		extent, s := a.array("extent"), a.array("s")
		for k, d := range []pair{least, most, energy} {
			a.number(d, extent, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.next(x, s)
			a.three("fminnm"+a.format.vectors, least, least, x) // the number, where one of them is NaN
			a.three("fmaxnm"+a.format.vectors, most, most, x)
			a.fma(energy, x, x)
		})
		for k, d := range []pair{least, most, energy} {
			a.keep(d, extent, k)
		}
	})
	a.end()
}

// widen converts n numbers of sixteen lanes to double precision, in two arrays: of the first and of the last eight
// lanes.
func (a *lanes) widen() {
	a.convert("singleWiden",
		"converts n numbers of sixteen voxels to double precision: the first eight lanes to first, the others to last.", func(s, part gp) {
			a.loadNext(pair{0, 1}, s, pairBytes)
			for i := range vec(2) {
				a.encoded("fcvtl", 2+2*i, i, 0, 0)
				a.encoded("fcvtl2", 3+2*i, i, 0, 0)
				a.storeNext(pair{2 + 2*i, 3 + 2*i}, part, pairBytes)
			}
		})
}

// narrow converts them back.
func (a *lanes) narrow() {
	a.convert("singleNarrow",
		"rounds n numbers of sixteen voxels to single precision: the first eight lanes come from first, the others from last.", func(s, part gp) {
			for i := range vec(2) {
				wide := pair{2 + 2*i, 3 + 2*i}
				a.loadNext(wide, part, pairBytes)
				a.round(i, wide)
			}
			a.storeNext(pair{0, 1}, s, pairBytes)
		})
}

func (a *lanes) convert(name, doc string, body func(s, part gp)) {
	a.program.function(name, "first, last *ops.Lanes, s *ops.LanesSingle, n int", doc)
	a.holds("V0-V1 eight lanes   V2-V5 the same, wide")
	s, parts := a.load("s"), []gp{a.load("first"), a.load("last")}
	a.repeat("row", a.load("n"), func() {
		for _, part := range parts {
			body(s, part)
		}
	})
	a.end()
}
