package main

import "strings"

// csdPack writes the transposition of signals, one row a voxel, to lanes. It prefetches the next signals, which lie
// right behind these.
func (p *program) csdPack(kind string, bytes int) {
	p.function("csdPack"+kind, "dst *float64, rows *"+strings.ToLower(kind)+", columns, stride int",
		"transposes the signals of {lanes} voxels, and prefetches the next ones. The {lanes} rows of columns >=",
		"{lanes} values, each stride values after the one before, become columns vectors in double precision:",
		"dst[column][lane].")
	p.transposition(bytes, true, p.square)
}

// csdTranspose writes the transposition of moments.
func (p *program) csdTranspose() {
	turn := p.square
	if p.format.isSingle() {
		turn = p.squaresOfSums
	}
	p.step("csdTranspose", "dst *number, rows *sum, columns, stride int",
		"transposes the moments of {lanes} voxels. The {lanes} rows of columns >= {lanes} sums, each stride sums",
		"after the one before, become columns vectors of numbers: dst[column][lane].")
	p.transposition(p.format.bytes, false, turn)
}

// transposition turns four columns of all rows at a time. Where the columns are not a multiple of four, the last four
// overlap the ones before.
func (p *program) transposition(bytes int, ahead bool, turn func(rows []gp, bytes int, store func(column pair))) {
	lanes := pairBytes / p.format.bytes
	dst, first, columns, stride := p.load("dst"), p.load("rows"), p.load("columns"), p.load("stride")
	shift := 2 + bytes/8
	p.ins("LSL $%d, %v", shift, stride)
	rows := []gp{first}
	for i := range lanes {
		next := p.reg()
		p.ins("ADD %v, %v, %v", stride, rows[i], next)
		rows = append(rows, next)
	}
	rows, next := rows[:lanes], rows[lanes]
	square, done := p.label("square"), p.label("done")
	p.at(square)
	for line := 0; ahead && line < 16*bytes; line += 64 {
		p.ins("PRFM %d(%v), PLDL2KEEP", line, next)
	}
	if ahead {
		p.advance(16*bytes, next)
	}
	turn(rows, bytes, func(column pair) { p.storeNext(column, dst, pairBytes) })
	p.ins("SUB $4, %v", columns)
	p.ins("CMP $4, %v", columns)
	p.ins("BGE %s", square)
	p.ins("CBZ %v, %s", columns, done)
	p.comment("Fewer than four columns are left. Go back, so that the last square ends with the last column.")
	p.ins("SUB $4, %v", columns)
	for _, row := range rows {
		p.ins("ADD %v<<%d, %v", columns, shift, row)
	}
	p.ins("ADD %v<<5, %v", columns, dst)
	p.ins("MOVD $4, %v", columns)
	p.ins("JMP %s", square)
	p.at(done)
	p.end()
}

// square transposes four columns of four rows, and passes column after column to store. The pointers of the rows move
// on.
func (p *program) square(rows []gp, bytes int, store func(column pair)) {
	p.holds("#0-#3 rows   #4-#7 columns")
	r, c := pairs(0, 4), pairs(4, 4)
	for i, row := range rows {
		if bytes == 8 {
			p.loadNext(r[i], row, 32)
			continue
		}
		p.ins("FMOVQ.P 16(%v), %s", row, c[i][0].scalar())
		p.encoded("fcvtl", r[i][0], c[i][0], 0, 0)
		p.encoded("fcvtl2", r[i][1], c[i][0], 0, 0)
	}
	for k := range 4 {
		zip := "VZIP1"
		if k%2 == 1 {
			zip = "VZIP2"
		}
		for half := range 2 {
			p.ins("%s %v.D2, %v.D2, %v.D2", zip, r[2*half+1][k/2], r[2*half][k/2], c[k][half])
		}
	}
	for _, column := range c {
		store(column)
	}
}

// squaresOfSums is square for eight rows of integers, which it converts to single precision.
func (p *program) squaresOfSums(rows []gp, bytes int, store func(column pair)) {
	for i, row := range rows {
		r := vec(i)
		p.ins("FMOVQ.P %d(%v), %s", 4*bytes, row, r.scalar())
		p.two("scvtf4s", r, r)
	}
	p.turnEight(store)
}

// turnEight transposes four columns of eight rows in single precision, and passes column after column to store.
func (p *program) turnEight(store func(column pair)) {
	p.holds("V0-V7 rows   V8-V15 columns 0 and 2, then 1 and 3, of each two rows   V16-V23 columns")
	for i := vec(0); i < 8; i += 2 {
		p.ins("VTRN1 %v.S4, %v.S4, %v.S4", i+1, i, 8+i)
		p.ins("VTRN2 %v.S4, %v.S4, %v.S4", i+1, i, 9+i)
	}
	for k := range vec(4) {
		zip := []string{"VZIP1", "VZIP2"}[k/2]
		column := pairOf(8 + int(k))
		for half, first := range []vec{8 + k%2, 12 + k%2} {
			p.ins("%s %v.D2, %v.D2, %v.D2", zip, first+2, first, column[half])
		}
		store(column)
	}
}

// csdInspect writes what the driver must know of a signal before the signal is used.
func (p *program) csdInspect() {
	p.function("csdInspect", "seen, x *float64, offsets *int32, n int",
		"looks at n >= 1 vectors of {lanes} voxels, at the byte offsets from x, and writes three: NaN where a",
		"value is NaN or infinite, else 0; the smallest value; the largest value.")
	p.holds("V0-V1 NaN or 0   V2-V3 least   V4-V5 largest   V6-V7 value   V8 zero")
	seen, x, offsets, n, place := p.load("seen"), p.load("x"), p.load("offsets"), p.load("n"), p.reg()
	poison, low, high, value, none := pairOf(0), pairOf(1), pairOf(2), pairOf(3), vec(8)
	p.zero(poison, none)
	p.ins("MOVW (%v), %v", offsets, place)
	p.ins("ADD %v, %v", x, place)
	p.loadPair(low, place, 0)
	p.copy(high, low)
	p.repeat("value", n, func() {
		p.loadAtOffset(value, x, offsets, place)
		p.fma(poison, value, none)
		p.fmin(low, low, value)
		p.fmax(high, high, value)
	})
	p.storePair(poison, seen, 0)
	p.storePair(low, seen, pairBytes)
	p.storePair(high, seen, 2*pairBytes)
	p.end()
}

// loadAtOffset loads the pair at the next offset from x, and moves to the offset behind it.
func (p *program) loadAtOffset(value pair, x, offsets, place gp) {
	p.ins("MOVW.P 4(%v), %v", offsets, place)
	p.ins("ADD %v, %v", x, place)
	p.loadPair(value, place, 0)
}
