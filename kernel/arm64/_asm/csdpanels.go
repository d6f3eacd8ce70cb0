package main

import "math"

// A panel has as many rows of a matrix as there are sums in registers. It is stored column after column, so that a turn
// of the loop takes one vector of x and consecutive numbers of the panel:
//
//	sum[r] += panel[column][r] * x[column]     V0-V27: sums   V28-V29: x   V30-V31: numbers

var panelSums, panelX, panelNumbers = pairs(0, csdPanel), pairOf(csdPanel), vec(30)

// accumulateColumn adds one column of a panel, times x, to all sums.
func accumulateColumn[sum operand](p *program, panel gp, sums []sum, x sum) {
	n := p.format.perVector()
	for first := 0; first < len(sums); first += 2 * n {
		part := sums[first:min(first+2*n, len(sums))]
		p.loadNumbers(panelNumbers, panel, len(part))
		for i, d := range part {
			p.fmaElement(d, x, panelNumbers+vec(i/n), i%n)
		}
	}
}

// csdMultiply writes the product of a matrix in panels and vectors at any offsets.
func (p *program) csdMultiply() {
	p.function("csdMultiply", "dst, panels, x *float64, offsets *int32, count, columns int",
		"writes a matrix times x for {lanes} voxels: the vector of each row is the sum over the columns of the",
		"matrix's number times the vector of x at that column's byte offset. The matrix has count panels of",
		"{panel} rows, each stored column after column.")
	p.holds("#0-#13 the sums of the rows of a panel   #14 x   V30-V31 numbers of the panel")
	dst, panels, x, count := p.load("dst"), p.load("panels"), p.load("x"), p.load("count")
	offsets, columns, place := p.reg(), p.reg(), p.reg()
	p.repeat("panel", count, func() {
		p.reload("offsets", offsets)
		p.reload("columns", columns)
		for _, sum := range panelSums {
			p.zero(sum)
		}
		p.repeat("column", columns, func() {
			p.loadAtOffset(panelX, x, offsets, place)
			accumulateColumn(p, panels, panelSums, panelX)
		})
		for _, sum := range panelSums {
			p.storeNext(sum, dst, pairBytes)
		}
	})
	p.end()
}

// csdBelow writes the sets of rows whose product is below a threshold. In single precision it also says how near the
// nearest row is.
func (p *program) csdBelow() {
	doc := []string{
		"finds which rows of a matrix times x are below a threshold, for {lanes} voxels: bit r of sets[lane][word] is",
		"1 where row r is less than the lane's threshold. The matrix has count panels of {panel} rows, stored column",
		"after column; skip bytes of each follow the columns that are used. x is columns consecutive vectors. rows is",
		"scratch: a mask of lanes for each row, from which the words of each lane are made.",
	}
	if p.format.isSingle() {
		doc = append(doc, "nearest is the vector of the smallest square of a row's distance to the threshold.")
		p.step("csdBelow", "sets *uint64, nearest *number, rows *byte, panels, x, thresholds *number, count, columns, skip, words int", doc...)
	} else {
		p.step("csdBelow", "sets *uint64, rows *byte, panels, x, thresholds *number, count, columns, skip, words int", doc...)
	}
	p.holds("#0-#13 the sums of the rows of a panel   #14 x, then the thresholds   V30-V31 numbers of the panel")
	p.scratch(p.compareRows)
	p.turnBits()
	p.end()
}

// compareRows writes a mask for each row: a byte with a bit for each lane.
func (p *program) compareRows() {
	rows, panels, count, skip := p.load("rows"), p.load("panels"), p.load("count"), p.load("skip")
	if !p.format.isSingle() {
		p.repeat("panel", count, func() {
			p.comparePanel(rows, panels, func(r int) {})
			p.ins("ADD %v, %v", skip, panels)
		})
		return
	}
	nearest, near, before := p.load("nearest"), pairOf(15), pairOf(14)
	p.fill(near, math.Inf(1))
	p.storePair(near, nearest, 0)
	p.repeat("panel", count, func() {
		p.comparePanel(rows, panels, func(r int) { p.measure(near, r) })
		p.ins("ADD %v, %v", skip, panels)
		p.loadPair(before, nearest, 0)
		p.fmin(near, near, before)
		p.storePair(near, nearest, 0)
	})
	p.loadPair(near, nearest, 0)
	p.fmul(near, near, near)
	p.storePair(near, nearest, 0)
}

// measure lowers near to the distance of a row from the threshold. It is called before the row's sum is compared. The
// earlier rows have been compared, so that each of them has a free register. near is squared at the end: the square of
// the smallest distance is the smallest square, because rounding keeps the order of squares.
func (p *program) measure(near pair, row int) {
	if row == 0 {
		p.three("fabd4s", near, panelSums[row], panelX)
		return
	}
	distance := panelSums[row-1][1]
	for half := range near {
		p.three("fabd4s", distance, panelSums[row][half], panelX[half])
		p.fmin(near[half], near[half], distance)
	}
}

// comparePanel multiplies a panel and writes the masks of its rows. Both pointers move on. Before a sum is compared,
// show is called. Then panelX has the thresholds, and V30-V31 are free.
func (p *program) comparePanel(rows, panel gp, show func(row int)) {
	p.scratch(func() {
		x, columns := p.load("x"), p.load("columns")
		for _, sum := range panelSums {
			p.zero(sum)
		}
		p.repeat("column", columns, func() {
			p.loadNext(panelX, x, pairBytes)
			accumulateColumn(p, panel, panelSums, panelX)
		})
		p.loadPair(panelX, p.load("thresholds"), 0)
	})
	narrower := []string{"S4", "H8", "B16"}
	if p.format.isSingle() {
		narrower = narrower[1:]
	}
	p.comment("Masks of numbers become masks of bytes.")
	var masks []vec
	for r, sum := range panelSums {
		show(r)
		p.fcmgt(sum, panelX, sum)
		p.fold("VUZP1", narrower[0], sum[:])
		masks = append(masks, sum[0])
	}
	for _, lanes := range narrower[1:] {
		masks = p.fold("VUZP1", lanes, masks)
	}
	p.storeMasks(rows, masks, pairBytes/p.format.bytes)
}

// fold combines each two neighbours of a list into one register, and returns these. A last one without a neighbour is
// combined with itself.
func (p *program) fold(operation, lanes string, list []vec) (folded []vec) {
	for i := 0; i < len(list); i += 2 {
		d := list[i]
		p.ins("%s %v.%s, %v.%s, %v.%s", operation, list[min(i+1, len(list)-1)], lanes, d, lanes, d, lanes)
		folded = append(folded, d)
	}
	return folded
}

// storeMasks writes a byte for each row. The registers have a byte of ones or zeros for each lane of a row.
func (p *program) storeMasks(rows gp, masks []vec, lanes int) {
	weights := panelX[0]
	p.fillPattern(weights, map[int]uint64{4: 0x0804020108040201, 8: 0x8040201008040201}[lanes])
	p.comment("Each lane's byte keeps the lane's bit. The bytes of a row are added up to one.")
	for _, mask := range masks {
		p.and(mask, mask, weights)
	}
	for len(masks) > 1 {
		masks = p.fold("VADDP", "B16", masks)
	}
	all := masks[0]
	p.ins("FMOVD.P %s, 8(%v)", all.scalar(), rows)
	p.ins("VST1.P %v.S[2], 4(%v)", all, rows)
	p.ins("VST1.P %v.H[6], 2(%v)", all, rows)
}

// turnBits turns a byte for each row into a set of rows for each lane. Bytes in which the lane's bit is set become all
// ones. Each keeps the bit of its row, and eight neighbours are added up.
func (p *program) turnBits() {
	p.holds("V0-V3 64 rows   V4-V7 work   V8 bits of the rows   V9 on bits of the lanes")
	sets, rows, words := p.load("sets"), p.load("rows"), p.load("words")
	stride, set := p.reg(), p.reg()
	p.ins("LSL $3, %v, %v", words, stride)
	bytes, work, weights, bits := vecs(0, 4), vecs(4, 4), vec(8), vecs(9, pairBytes/p.format.bytes)
	for lane, bit := range bits {
		p.fillPattern(bit, 0x0101010101010101<<lane)
	}
	p.fillPattern(weights, 0x8040201008040201)
	p.repeat("word", words, func() {
		p.move(sets, set)
		p.loadNext(pair{bytes[0], bytes[1]}, rows, 32)
		p.loadNext(pair{bytes[2], bytes[3]}, rows, 32)
		for lane, bit := range bits {
			for i, w := range work {
				p.ins("VCMTST %v.B16, %v.B16, %v.B16", bit, bytes[i], w)
				p.and(w, w, weights)
			}
			sums := p.fold("VADDP", "B16", p.fold("VADDP", "B16", work))
			p.fold("VADDP", "B16", sums)
			p.ins("FMOVD %s, (%v)", work[0].scalar(), set)
			if lane+1 < len(bits) {
				p.ins("ADD %v, %v", stride, set)
			}
		}
		p.advance(8, sets)
	})
}
