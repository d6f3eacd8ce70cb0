package main

// csdPack writes a transposition in squares of 4 x 4 values; where the columns are not a multiple, the last square
// overlaps the one before. Asked to look ahead, it asks memory for the next signals, which lie right behind these.
//
//	V0-V7 rows   V8-V15 columns
func (p *program) csdPack(name, kind string, bytes int, ahead bool) {
	p.function(name, "dst *float64, rows *"+kind+", columns, stride int",
		"transposes four rows, each stride values after the one before and of at least",
		"four columns, to dst[column][lane].")
	dst, first, columns, stride := p.load("dst"), p.load("rows"), p.load("columns"), p.load("stride")
	shift := 2 + bytes/8
	p.ins("LSL $%d, %v", shift, stride)
	rows := []gp{first}
	for i := range 3 {
		next := p.reg()
		p.ins("ADD %v, %v, %v", stride, rows[i], next)
		rows = append(rows, next)
	}
	next := p.reg()
	p.ins("ADD %v, %v, %v", stride, rows[3], next)
	square, done := p.label("square"), p.label("done")
	p.at(square)
	for line := 0; ahead && line < 16*bytes; line += 64 {
		p.ins("PRFM %d(%v), PLDL2KEEP", line, next)
	}
	if ahead {
		p.advance(16*bytes, next)
	}
	p.square(rows, bytes, func(column pair) { p.storeNext(column, dst, pairBytes) })
	p.ins("SUB $4, %v", columns)
	p.ins("CMP $4, %v", columns)
	p.ins("BGE %s", square)
	p.ins("CBZ %v, %s", columns, done)
	p.comment("Fewer than four columns are left: step back, so that the last square ends with the last column.")
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

// square turns four columns of four rows, whose pointers move on, and hands over column after column.
//
//	V0-V7 rows   V8-V15 columns
func (p *program) square(rows []gp, bytes int, store func(column pair)) {
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

// csdInspect writes what the driver must know of a signal before it is used.
//
//	V0-V1 poison   V2-V3 least   V4-V5 largest   V6-V7 value   V8 zero
func (p *program) csdInspect() {
	p.function("csdInspect", "seen, x *float64, offsets *int32, n int",
		"looks at the n >= 1 vectors at the byte offsets from x on and writes three:",
		"NaN where a value is NaN or infinite, else 0; the smallest value; the largest.")
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

// loadAtOffset loads the pair at the next of the offsets from x on.
func (p *program) loadAtOffset(value pair, x, offsets, place gp) {
	p.ins("MOVW.P 4(%v), %v", offsets, place)
	p.ins("ADD %v, %v", x, place)
	p.loadPair(value, place, 0)
}
