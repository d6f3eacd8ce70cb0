package main

// nnlsTile is how many pairs are priced at once. These are enough sums to hide the latency of a multiply-add.
const nnlsTile = 12

// nnls writes the steps of non-negative least squares. Package ops says what each step computes, as Go sees it.
func nnls(p *program) {
	p.price()
	p.in(single, p.price)
	p.project()
	p.in(single, p.project)
	p.survey("Float32")
	p.survey("Float64")
	p.dot()
}

// price works on one tile of the unknowns after another. In single precision it also subtracts a shift from b, and marks
// the elements that are above a threshold.
func (p *program) price() {
	single := p.format.isSingle()
	if single {
		p.function("nnlsPriceSingle", "w *float32, above *byte, b, gram, x *float32, offsets *int, count int, shift, threshold float32, tiles int) (place int",
			"writes w = b - shift - the sum of x[i] times the row of gram at the byte offset offsets[i], for one",
			"voxel and count rows. It sets bit j of above where w[j] is greater than the threshold, clears the",
			"others, and returns the place of the largest element of w, the first of equals. w, b and the rows",
			"are tiles of 12 vectors of consecutive numbers.")
	} else {
		p.function("nnlsPrice", "w, b, gram, x *float64, offsets *int, count, tiles int) (place int",
			"writes w = b - the sum of x[i] times the row of gram at the byte offset offsets[i], for one voxel",
			"and count rows. It returns the place of the largest element of w, the first of equals. w, b and the",
			"rows are tiles of 12 vectors of consecutive numbers.")
	}
	p.holds("#0-#11 w[j] = b[j] - x[0] gram[0][j] - x[1] gram[1][j] - ...   #12 the largest w so far, of each lane",
		"V26-V29 a part of a row of gram   V30 the threshold   V31 an element of x")
	sums, largest, x, threshold := pairs(0, nnlsTile), pairOf(nnlsTile), vec(31), vec(30)
	w, b, gram, tiles := p.load("w"), p.load("b"), p.load("gram"), p.load("tiles")
	elements, offsets, count, row, all := p.reg(), p.reg(), p.reg(), p.reg(), p.load("tiles")
	var above gp
	if single {
		above = p.load("above")
		p.ins("FMOVS %s, %s", p.parameters["threshold"], threshold.scalar())
		p.ins("VDUP %v.S[0], %v.S4", threshold, threshold)
	}
	p.repeat("tile", tiles, func() {
		if single {
			p.ins("FMOVS %s, %s", p.parameters["shift"], x.scalar())
			p.ins("VDUP %v.S[0], %v.S4", x, x)
		}
		for _, sum := range sums {
			p.loadNext(sum, b, pairBytes)
			if single {
				p.fsub(sum, sum, x)
			}
		}
		p.reload("x", elements)
		p.reload("offsets", offsets)
		p.reload("count", count)
		p.repeat("row", count, func() {
			p.ins("MOVD.P 8(%v), %v", offsets, row)
			p.ins("ADD %v, %v", gram, row)
			p.loadNumbers(x, elements, 1)
			for r, sum := range sums {
				part := pairOf(nnlsTile + 1 + r%2)
				p.loadNext(part, row, pairBytes)
				p.fmsElement(sum, part, x, 0)
			}
		})
		for _, sum := range sums {
			p.storeNext(sum, w, pairBytes)
			if single {
				p.mark(sum, threshold, above)
			}
		}
		p.advance(nnlsTile*pairBytes, gram)
		p.keepLargest(largest, sums, tiles, all)
	})
	p.spreadLargest(largest)
	p.findEqual(largest[0], single)
	p.end()
}

// keepLargest reduces the sums of a tile, which it destroys, to the largest of each lane. After the first tile it is
// the largest of all tiles so far. tiles counts down from all.
func (p *program) keepLargest(largest pair, sums []pair, tiles, all gp) {
	p.comment("The largest of the tile, pair by pair, and of all so far.")
	for width := len(sums); width > 1; width = (width + 1) / 2 {
		for r := range width / 2 {
			p.fmax(sums[r], sums[r], sums[(width+1)/2+r])
		}
	}
	first, next := p.label("first"), p.label("next")
	p.ins("CMP %v, %v", tiles, all)
	p.ins("BEQ %s", first)
	p.fmax(largest, largest, sums[0])
	p.ins("JMP %s", next)
	p.at(first)
	p.copy(largest, sums[0])
	p.at(next)
}

// spreadLargest writes the largest number of a pair to all lanes of its first register.
func (p *program) spreadLargest(largest pair) {
	p.fmax(largest[0], largest[0], largest[1])
	if p.format.isSingle() {
		p.encoded("fmaxv4s", largest[0], largest[0], 0, 0)
		p.ins("VDUP %v.S[0], %v.S4", largest[0], largest[0])
		return
	}
	p.encoded("fmaxp2d", largest[0], largest[0], 0, 0)
	p.ins("VDUP %v.D[0], %v.D2", largest[0], largest[0])
}

// mark writes a byte of bits: where numbers of a pair are greater than the threshold.
//
//	V26-V27 masks   V28 bits
func (p *program) mark(sum pair, threshold vec, above gp) {
	mask, bits := pairOf(13), vec(28)
	p.fcmgt(mask, sum, threshold)
	p.fillPattern(bits, 0x8040201008040201)
	p.narrow(mask, true)
	p.and(mask[0], mask[0], bits)
	p.ins("VUADDLV %v.B8, %v", mask[0], mask[0])
	p.ins("VST1.P %v.B[0], 1(%v)", mask[0], above)
}

// narrow makes the masks of a pair's lanes 64 bits, in its first register: 16 bits for each lane, or 8 in single
// precision.
func (p *program) narrow(mask pair, single bool) {
	if !single {
		p.ins("VUZP1 %v.S4, %v.S4, %v.S4", mask[1], mask[0], mask[0])
		p.ins("VUZP1 %v.H8, %v.H8, %v.H8", mask[0], mask[0], mask[0])
		return
	}
	p.ins("VUZP1 %v.H8, %v.H8, %v.H8", mask[1], mask[0], mask[0])
	p.ins("VUZP1 %v.B16, %v.B16, %v.B16", mask[0], mask[0], mask[0])
}

// findEqual returns the place of the first element of w that is equal to a value in all lanes, or 0 where none is.
func (p *program) findEqual(value vec, single bool) {
	compare, lanes, shift := "fcmeq2d", 4, 4
	if single {
		compare, lanes, shift = "fcmeq4s", 8, 3
	}
	mask := pairOf(0)
	p.scratch(func() {
		w, count, place, found, spare := p.load("w"), p.load("tiles"), p.reg(), p.reg(), p.reg()
		end, done := p.label("found"), p.label("done")
		p.times(nnlsTile, count, spare)
		p.ins("MOVD $0, %v", place)
		p.repeat("vector", count, func() {
			p.loadNext(mask, w, pairBytes)
			p.three(compare, mask, mask, value)
			p.narrow(mask, single)
			p.ins("VMOV %v.D[0], %v", mask[0], found)
			p.ins("CBNZ %v, %s", found, end)
			p.advance(lanes, place)
		})
		p.ins("MOVD $0, %v", place)
		p.ins("JMP %s", done)
		p.at(end)
		p.ins("RBIT %v, %v", found, found)
		p.ins("CLZ %v, %v", found, found)
		p.ins("ADD %v>>%d, %v", found, shift, place)
		p.at(done)
		p.result("place", place)
	})
}

// project multiplies signals by a matrix. The signals lie in memory voxel after voxel; lanes are unknowns.
func (p *program) project() {
	const unknowns, voxels = 3, 4
	p.step("nnlsProject", "dst, matrix, rows *number, measurements, stride, width, tiles int",
		"multiplies the signals of 4 voxels by a matrix. Signals are stride numbers apart in rows, results width",
		"numbers apart in dst. The matrix is tiles of three vectors of unknowns; a tile has its vectors for one",
		"measurement after another.")
	p.holds(
		"V0-V23 sums, three pairs for each of four voxels   V24-V29 the matrix's pairs   V30 and V31 a voxel's value")
	shift := 3
	if p.format.isSingle() {
		shift = 2
	}
	dst, matrix, stride, width, tiles := p.load("dst"), p.load("matrix"), p.load("stride"), p.load("width"), p.load("tiles")
	measurements, result := p.reg(), p.reg()
	rows := []gp{p.reg(), p.reg(), p.reg(), p.reg()}
	p.ins("LSL $%d, %v", shift, stride)
	p.ins("LSL $%d, %v", shift, width)
	p.repeat("tile", tiles, func() {
		for _, sum := range pairs(0, unknowns*voxels) {
			p.zero(sum)
		}
		p.reload("rows", rows[0])
		for voxel := 1; voxel < voxels; voxel++ {
			p.ins("ADD %v, %v, %v", stride, rows[voxel-1], rows[voxel])
		}
		p.reload("measurements", measurements)
		p.repeat("measurement", measurements, func() {
			for u := range unknowns {
				p.loadNext(pairOf(unknowns*voxels+u), matrix, pairBytes)
			}
			for voxel, row := range rows {
				value := vec(30 + voxel%2)
				p.loadNumbers(value, row, 1)
				for u := range unknowns {
					p.fmaElement(pairOf(voxel*unknowns+u), pairOf(unknowns*voxels+u), value, 0)
				}
			}
		})
		p.move(dst, result)
		for voxel := range voxels {
			for u := range unknowns {
				p.storePair(pairOf(voxel*unknowns+u), result, u*pairBytes)
			}
			p.ins("ADD %v, %v", width, result)
		}
		p.advance(unknowns*pairBytes, dst)
	})
	p.end()
}

// survey keeps partial results, one for each place in a vector:
func (p *program) survey(kind string) {
	single := kind == "Float32"
	number := map[bool]string{true: "float32", false: "float64"}[single]
	p.function("nnlsSurvey"+kind, "sums, wide *float64, single *float32, row *"+number+", weighted, weak *float64, n int",
		"copies the signal of one voxel, n values in whole vectors, to both precisions. It writes seven vectors",
		"of partial results: NaN where a value is NaN or infinite, else 0; the smallest value or 0; the largest",
		"value or 0; the sum of weak times values; with y = weighted times values, the sums of y, of the positive",
		"y, and of y^2.")
	p.holds(
		"#0 NaN where a value is not finite   #1 smallest   #2 largest   #3 sum of weak times values",
		"#4 #5 #6 of weighted times values the sum, that of the positive ones, and that of the squares   #7 zero",
		"#8 the values   #9 weights   #10 positive values   V22 values in single precision")
	sums, wide, narrow, row := p.load("sums"), p.load("wide"), p.load("single"), p.load("row")
	weighted, weak, n := p.load("weighted"), p.load("weak"), p.load("n")
	all, none, x, weight, above, four := pairs(0, 7), pairOf(7), pairOf(8), pairOf(9), pairOf(10), vec(22)
	for _, r := range pairs(0, 8) {
		p.zero(r)
	}
	p.ins("LSR $2, %v", n)
	p.repeat("vector", n, func() {
		if single {
			p.ins("FMOVQ.P 16(%v), %s", row, four.scalar())
			p.encoded("fcvtl", x[0], four, 0, 0)
			p.encoded("fcvtl2", x[1], four, 0, 0)
		} else {
			p.loadNext(x, row, pairBytes)
			p.encoded("fcvtn", four, x[0], 0, 0)
			p.encoded("fcvtn2", four, x[1], 0, 0)
		}
		p.ins("FMOVQ.P %s, 16(%v)", four.scalar(), narrow)
		p.storeNext(x, wide, pairBytes)
		p.fma(all[0], x, none)
		p.fmin(all[1], all[1], x)
		p.fmax(all[2], all[2], x)
		p.loadNext(weight, weak, pairBytes)
		p.fma(all[3], x, weight)
		p.loadNext(weight, weighted, pairBytes)
		p.fmul(x, x, weight)
		p.three("fmaxnm2d", above, x, none)
		p.fadd(all[4], all[4], x)
		p.fadd(all[5], all[5], above)
		p.fma(all[6], x, x)
	})
	for i, r := range all {
		p.storePair(r, sums, i*pairBytes)
	}
	p.end()
}

// dot keeps four pairs of sums, pairs 0 to 3, and adds them up at the end.
func (p *program) dot() {
	p.function("nnlsDot", "a, b *float64, n int) (sum float64", "returns the dot product of n values, a multiple of 32.")
	a, b, n := p.load("a"), p.load("b"), p.load("n")
	sums := pairs(0, 4)
	for _, r := range sums {
		p.zero(r)
	}
	p.ins("LSR $4, %v", n)
	p.repeat("four", n, func() {
		for i, sum := range sums {
			x, y := pairOf(4+i), pairOf(8+i)
			p.loadNext(x, a, pairBytes)
			p.loadNext(y, b, pairBytes)
			p.fma(sum, x, y)
		}
	})
	p.fadd(sums[0], sums[0], sums[1])
	p.fadd(sums[2], sums[2], sums[3])
	p.fadd(sums[0], sums[0], sums[2])
	p.encoded("fadd2d", 0, 0, 1, 0)
	p.encoded("faddp2d", 0, 0, 0, 0)
	p.ins("FMOVD F0, %s", p.parameters["sum"])
	p.end()
}
