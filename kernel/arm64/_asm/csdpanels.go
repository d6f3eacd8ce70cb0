package main

// A panel is as many rows of a matrix as there are sums in registers, stored column after column, so that a
// step of the loop takes one vector of x and consecutive numbers of the panel:
//
//	sum[r] += panel[column][r] * x[column]     V0-V27: sums   V28-V29: x   V30-V31: four numbers

var panelX, panelNumbers = pairOf(csdPanel), pairOf(csdPanel + 1)

// accumulateColumn adds one column times x to all sums.
func (p *program) accumulateColumn(panel gp) {
	for r := range csdPanel {
		if r%4 == 0 {
			if r+2 == csdPanel {
				p.ins("FMOVQ.P 16(%v), %s", panel, panelNumbers[0].scalar())
			} else {
				p.loadNext(panelNumbers, panel, 32)
			}
		}
		p.fmaElement(pairOf(r), panelX, panelNumbers[r%4/2], r%2)
	}
}

// csdMultiply writes the product of a matrix in panels with vectors that lie anywhere.
func (p *program) csdMultiply() {
	p.function("csdMultiply", "dst, panels, x *float64, offsets *int32, count, columns int",
		"writes the rows of count panels times x, row after row; x[column] is the",
		"vector at the column's byte offset from x on.")
	dst, panels, x, count := p.load("dst"), p.load("panels"), p.load("x"), p.load("count")
	offsets, columns, place := p.reg(), p.reg(), p.reg()
	p.repeat("panel", count, func() {
		p.reload("offsets", offsets)
		p.reload("columns", columns)
		p.zeroSums()
		p.repeat("column", columns, func() {
			p.loadAtOffset(panelX, x, offsets, place)
			p.accumulateColumn(panels)
		})
		for r := range csdPanel {
			p.storeNext(pairOf(r), dst, pairBytes)
		}
	})
	p.end()
}

func (p *program) zeroSums() {
	for r := range csdPanel {
		p.zero(pairOf(r))
	}
}

// csdBelow writes the sets of rows whose product is below a threshold.
func (p *program) csdBelow() {
	p.function("csdBelow", "sets *uint64, rows *byte, panels, x, thresholds *float64, count, columns, skip, words int",
		"compares the rows of count panels times x with the threshold of each lane: bit r",
		"of a lane's set is 1 where row r is strictly less. columns of x are consecutive vectors; skip",
		"bytes of a panel follow those that are used. rows has a mask of lanes for each row, of which the first",
		"64*words are turned into sets[lane][word].")
	p.compareRows()
	p.turnBits()
	p.end()
}

// compareRows writes a byte for each row: bit = lane.
func (p *program) compareRows() {
	rows, panels, count, skip := p.load("rows"), p.load("panels"), p.load("count"), p.load("skip")
	x, thresholds, columns := p.reg(), p.load("thresholds"), p.reg()
	p.repeat("panel", count, func() {
		p.reload("x", x)
		p.reload("columns", columns)
		p.zeroSums()
		p.repeat("column", columns, func() {
			p.loadNext(panelX, x, pairBytes)
			p.accumulateColumn(panels)
		})
		p.ins("ADD %v, %v", skip, panels)
		p.loadPair(panelX, thresholds, 0)
		p.comment("Masks of 64 bits become masks of bytes, four rows of four lanes to a register.")
		for r := range csdPanel {
			sum := pairOf(r)
			p.fcmgt(sum, panelX, sum)
			p.ins("VUZP1 %v.S4, %v.S4, %v.S4", sum[1], sum[0], sum[0])
		}
		first := func(r int) vec { return pairOf(min(r, csdPanel-1))[0] }
		for r := 0; r < csdPanel; r += 2 {
			p.ins("VUZP1 %v.H8, %v.H8, %v.H8", first(r+1), first(r), first(r))
		}
		weights := panelNumbers[0]
		p.fillPattern(weights, 0x0804020108040201)
		for r := 0; r < csdPanel; r += 4 {
			upper := first(r + 2)
			if r+2 >= csdPanel {
				upper = first(r)
			}
			p.ins("VUZP1 %v.B16, %v.B16, %v.B16", upper, first(r), first(r))
			p.and(first(r), first(r), weights)
		}
		p.comment("The bits of a row's lanes are added to one byte.")
		p.ins("VADDP %v.B16, %v.B16, %v.B16", first(4), first(0), first(0))
		p.ins("VADDP %v.B16, %v.B16, %v.B16", first(12), first(8), first(8))
		p.ins("VADDP %v.B16, %v.B16, %v.B16", first(8), first(0), first(0))
		p.ins("FMOVD.P %s, 8(%v)", first(0).scalar(), rows)
		p.ins("VST1.P %v.S[2], 4(%v)", first(0), rows)
		p.ins("VST1.P %v.H[6], 2(%v)", first(0), rows)
	})
}

// turnBits makes a set for each lane out of a byte for each row: bytes that have the lane's bit become all ones,
// of which each keeps one bit, and eight neighbours are added.
//
//	V0-V3 64 rows   V4-V7 bits of the lanes   V8 bits of the rows   V9-V12 work
func (p *program) turnBits() {
	sets, rows, words := p.load("sets"), p.load("rows"), p.load("words")
	stride, set := p.reg(), p.reg()
	p.ins("LSL $3, %v, %v", words, stride)
	bytes, work, weights := vecs(0, 4), vecs(9, 4), vec(8)
	for lane := range csdLanes {
		p.fillPattern(vec(4+lane), 0x0101010101010101<<lane)
	}
	p.fillPattern(weights, 0x8040201008040201)
	p.repeat("word", words, func() {
		p.move(sets, set)
		p.loadNext(pair{bytes[0], bytes[1]}, rows, 32)
		p.loadNext(pair{bytes[2], bytes[3]}, rows, 32)
		for lane := range csdLanes {
			for i, w := range work {
				p.ins("VCMTST %v.B16, %v.B16, %v.B16", vec(4+lane), bytes[i], w)
				p.and(w, w, weights)
			}
			p.ins("VADDP %v.B16, %v.B16, %v.B16", work[1], work[0], work[0])
			p.ins("VADDP %v.B16, %v.B16, %v.B16", work[3], work[2], work[2])
			p.ins("VADDP %v.B16, %v.B16, %v.B16", work[2], work[0], work[0])
			p.ins("VADDP %v.B16, %v.B16, %v.B16", work[0], work[0], work[0])
			p.ins("FMOVD %s, (%v)", work[0].scalar(), set)
			if lane+1 < csdLanes {
				p.ins("ADD %v, %v", stride, set)
			}
		}
		p.advance(8, sets)
	})
}
