package main

// pack: eight rows of n values, one voxel after the other, become n numbers of eight lanes. Squares of 4 x 4 are
// turned; the last one overlaps the one before. Memory is asked for what lies 8 n values ahead: most often the next
// voxels.
func (a *lanes) pack(name, kind string, bytes int) {
	a.function(name, "lanes *ops.Lanes, signal *"+kind+", n int", "transposes eight rows of n >= 4 values.")
	dst, first, n, stride := a.load("lanes"), a.load("signal"), a.load("n"), a.reg()
	shift := 2 + bytes/8
	a.ins("LSL $%d, %v, %v", shift, n, stride)
	rows := []gp{first}
	for i := range 8 {
		next := a.reg()
		a.ins("ADD %v, %v, %v", stride, rows[i], next)
		rows = append(rows, next)
	}
	ahead := rows[8]
	rows = rows[:8]
	square, last, done := a.label("square"), a.label("last"), a.label("done")
	turn := func() {
		for h := range 2 {
			k := 0
			a.square(rows[4*h:][:4], bytes, func(column pair) {
				a.storePair(column, dst, size*k+pairBytes*h)
				k++
			})
		}
		a.advance(4*size, dst)
	}
	a.at(square)
	a.ins("CMP $4, %v", n)
	a.ins("BLT %s", last)
	for line := 0; line < 32*bytes; line += 64 {
		a.ins("PRFM %d(%v), PLDL2KEEP", line, ahead)
	}
	a.advance(32*bytes, ahead)
	turn()
	a.ins("SUB $4, %v", n)
	a.ins("JMP %s", square)
	a.at(last)
	a.ins("CBZ %v, %s", n, done)
	a.comment("Go back, so that four columns are left.")
	a.ins("SUB $4, %v", n)
	for _, row := range rows {
		a.ins("ADD %v<<%d, %v", n, shift, row)
	}
	a.ins("ADD %v<<6, %v", n, dst)
	turn()
	a.at(done)
	a.end()
}

// extent: the least and the largest of n numbers and the sum of their squares, starting from what is there.
//
//	V0-V1 s   V2-V3 least   V4-V5 most   V6-V7 energy
func (a *lanes) extent() {
	a.function("tensorRange", "extent *ops.Extent, s *ops.Lanes, n int", "lowers the least, raises the most and adds to the energy of n numbers.")
	x, least, most, energy := pairOf(0), pairOf(1), pairOf(2), pairOf(3)
	a.halves(func() {
		extent, s := a.array("extent"), a.array("s")
		for k, d := range []pair{least, most, energy} {
			a.number(d, extent, k)
		}
		a.repeat("row", a.load("n"), func() {
			a.next(x, s)
			a.three("fminnm2d", least, least, x) // of NaN and a number, the number
			a.three("fmaxnm2d", most, most, x)
			a.fma(energy, x, x)
		})
		for k, d := range []pair{least, most, energy} {
			a.keep(d, extent, k)
		}
	})
	a.end()
}
