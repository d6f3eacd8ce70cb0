package main

import "strconv"

// csdAccumulate writes the update of one voxel's moments. This is the only step of csd that is not lane = voxel: the
// sets of directions differ from voxel to voxel, and the moments of a direction are consecutive numbers.
func (p *program) csdAccumulate() {
	registers := 14 // pairs that hold a stripe, a part of the moments
	if p.format.isSingle() {
		registers = 11 // two stripes for lmax 8
	}
	p.step("csdAccumulate", "dst, from, table *sum, before, after *uint64, words, stripes int",
		"updates the moments of one voxel, which are consecutive numbers: dst = from + the rows of the directions",
		"that are in after and not in before - the rows of those that are in before and not in after. Four",
		"directions share 16 rows of the table, one for each set of them. The sets have so many words; rows, from",
		"and dst have so many stripes of "+strconv.Itoa(registers*pairBytes/p.format.bytes)+" numbers.")
	p.holds("V0-V27 sums, or V0-V21 in single precision   V28-V31 a part of a row")
	dst, from, table, left := p.load("dst"), p.load("from"), p.load("table"), p.load("stripes")
	sums, add, subtract := pairs(0, registers), p.fadd, p.fsub
	if p.format.isSingle() { // of integers
		add = func(d, n, m operand) { p.known("VADD", d, n, m) }
		subtract = func(d, n, m operand) { p.known("VSUB", d, n, m) }
	}
	rowBytes, spare := p.copied(left), p.reg()
	p.times(len(sums)*pairBytes, rowBytes, spare)
	p.repeat("stripe", left, func() {
		for _, sum := range sums {
			p.loadNext(sum, from, pairBytes)
		}
		p.scratch(func() { p.changes("before", "after", table, rowBytes, add, sums) })
		p.scratch(func() { p.changes("after", "before", table, rowBytes, subtract, sums) })
		for _, sum := range sums {
			p.storeNext(sum, dst, pairBytes)
		}
		p.advance(len(sums)*pairBytes, table)
	})
	p.end()
}

// changes adds or subtracts the rows of the directions that are in one set and not in another. Four directions are a
// group, and the first direction of a group that still has some is called first.
//
//	set    the directions of a word that are left, shifted so that bit 0 is that of direction first
//	row    the number of a row, 4*first + the lowest four bits of set; then its address
func (p *program) changes(without, in string, table, rowBytes gp, operation func(d, n, m operand), sums []pair) {
	none, some, words := p.load(without), p.load(in), p.load("words")
	set, first, row, word, skip := p.reg(), p.reg(), p.reg(), p.reg(), p.reg()
	p.ins("MOVD $0, %v", word)
	p.repeat("word", words, func() {
		group, done := p.label("group"), p.label("done")
		p.ins("MOVD.P 8(%v), %v", none, row)
		p.ins("MOVD.P 8(%v), %v", some, set)
		p.ins("BIC %v, %v", row, set)
		p.move(word, first)
		p.ins("CBZ %v, %s", set, done)
		p.at(group)
		p.ins("RBIT %v, %v", set, skip)
		p.ins("CLZ %v, %v", skip, skip)
		p.ins("AND $60, %v", skip)
		p.ins("ADD %v, %v", skip, first)
		p.ins("LSR %v, %v", skip, set)
		p.ins("AND $15, %v, %v", set, row)
		p.ins("ADD %v<<2, %v", first, row)
		p.ins("MADD %v, %v, %v, %v", rowBytes, table, row, row)
		for i, sum := range sums {
			numbers := pairOf(14 + i%2)
			switch {
			case i%2 == 1: // loaded together with the one before
			case i+1 < len(sums):
				p.ins("VLD1.P 64(%v), [V28.D2, V29.D2, V30.D2, V31.D2]", row)
			default:
				p.loadNext(numbers, row, pairBytes)
			}
			operation(sum, sum, numbers)
		}
		p.ins("AND $~15, %v", set)
		p.ins("CBNZ %v, %s", set, group)
		p.at(done)
		p.advance(64, word)
	})
}

// csdAssemble writes the normal matrix from the moments. gram.Map has the mathematics, ops.CSDIteration the records.
func (p *program) csdAssemble() {
	p.step("csdAssemble", "q, c, weights *number, twins *int32, twinCount int, couples *int32, coupleCount int",
		"writes the normal matrix q = P + H^T H of {lanes} voxels from their moments c, each of which is a",
		"cosine's and a sine's vector. twins and couples are records of 12 and of 6 numbers, which",
		"ops.CSDIteration describes. weights has for each record the entries of P, then the weights in the order",
		"of use.")
	p.holds("V22 ones   V24-V27 the entries of P, or V24-V25 in single precision")
	q, c, weights := p.load("q"), p.load("c"), p.load("weights")
	p.fill(assembleOnes, 1)
	p.scratch(func() { p.assembleTwins(q, c, weights) })
	p.scratch(func() { p.assembleCouples(q, c, weights) })
	p.end()
}

const assembleOnes, assembleWeights, assembleBase = vec(22), vec(20), vec(24)

// weigh adds a moment, times the next weights, to one pair of sums for each weight. It moves both pointers on.
func (p *program) weigh(weight, moment gp, sums ...[2]pair) {
	cos, sin := pairOf(8), pairOf(9)
	p.loadPair(sin, moment, pairBytes)
	p.loadNext(cos, moment, 2*pairBytes)
	p.loadNumbers(assembleWeights, weight, 2)
	for i, sum := range sums {
		p.fmaElement(sum[0], cos, assembleWeights, i)
		p.fmaElement(sum[1], sin, assembleWeights, i)
	}
}

// finish adds the entry of P to a sum, and writes it to the entry whose offset is the next of a record.
func (p *program) finish(sum pair, base int, q, record, place gp) {
	p.ins("MOVW.P 4(%v), %v", record, place)
	p.ins("ADD %v, %v", q, place)
	n := p.format.perVector()
	p.fmaElement(sum, assembleOnes, assembleBase+vec(base/n), base%n)
	p.storePair(sum, place, 0)
}

// assembleTwins makes two quads at a time from the same moments, so that one load serves both. m and p are the sums
// over the difference (minus) and the sum (plus) of two orders, c and s those over cosines and sines.
func (p *program) assembleTwins(q, c, weights gp) {
	p.holds("#0-#3 mc ms pc ps of the first quad   #4-#7 of the second   #8 and #9 a moment   V20 two weights")
	twins, count := p.load("twins"), p.load("twinCount")
	m := func(quad int) [2]pair { return [2]pair{pairOf(4 * quad), pairOf(4*quad + 1)} }
	s := func(quad int) [2]pair { return [2]pair{pairOf(4*quad + 2), pairOf(4*quad + 3)} }
	difference, sum, both, rest := p.reg(), p.reg(), p.reg(), p.reg()
	p.repeat("twin", count, func() {
		for _, r := range []gp{difference, sum, both, rest} {
			p.ins("MOVW.P 4(%v), %v", twins, r)
		}
		p.ins("ADD %v, %v", c, difference)
		p.ins("ADD %v, %v", c, sum)
		p.loadNumbers(assembleBase, weights, 8)
		for _, r := range pairs(0, 8) {
			p.zero(r)
		}
		p.comment("Terms that the difference and the sum of the orders both have.")
		p.repeat("both", both, func() {
			p.weigh(weights, difference, m(0), m(1))
			p.weigh(weights, sum, s(0), s(1))
		})
		p.comment("Terms of the difference alone.")
		p.repeat("rest", rest, func() { p.weigh(weights, difference, m(0), m(1)) })
		for quad := range 2 {
			mc, ms, pc, ps := m(quad)[0], m(quad)[1], s(quad)[0], s(quad)[1]
			p.comment("CosCos, SinSin, SinCos, CosSin.")
			for i, entry := range []func(){
				func() { p.fadd(pairOf(8), mc, pc) },
				func() { p.fsub(pairOf(8), mc, pc) },
				func() { p.fadd(pairOf(8), ps, ms) },
				func() { p.fsub(pairOf(8), ps, ms) },
			} {
				entry()
				p.finish(pairOf(8), 4*quad+i, q, twins, difference)
			}
		}
	})
}

// assembleCouples makes two pairs at a time. With one pair there were two chains of additions, each waiting for its
// last result. Four chains keep the processor busy.
func (p *program) assembleCouples(q, c, weights gp) {
	p.holds("#0 and #1 cos and sin of the first pair   #2 and #3 of the second   #8 and #9 a moment   V20 two weights")
	couples, count := p.load("couples"), p.load("coupleCount")
	sums := [][2]pair{{pairOf(0), pairOf(1)}, {pairOf(2), pairOf(3)}}
	moment, terms := p.reg(), p.reg()
	p.repeat("couple", count, func() {
		p.ins("MOVW.P 4(%v), %v", couples, moment)
		p.ins("MOVW.P 4(%v), %v", couples, terms)
		p.ins("ADD %v, %v", c, moment)
		p.loadNumbers(assembleBase, weights, 4)
		for _, r := range pairs(0, 4) {
			p.zero(r)
		}
		p.repeat("term", terms, func() { p.weigh(weights, moment, sums...) })
		for i, of := range sums {
			for k, sum := range of {
				p.finish(sum, 2*i+k, q, couples, moment)
			}
		}
	})
}
