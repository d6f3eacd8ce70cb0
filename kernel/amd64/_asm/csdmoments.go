package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// accumulate writes the update of one voxel's moments. This is the only step of csd that is not lane = voxel: the sets
// of directions differ from voxel to voxel, and the moments of a direction are consecutive numbers.
func (v vectors) accumulate() {
	v.function("csdAccumulate", "dst, from, table *sum, before, after *uint64, words, stripes int",
		"updates the moments of one voxel, which are consecutive numbers: dst = from + the rows of the directions",
		"that are in after and not in before - the rows of those that are in before and not in after. Four",
		"directions share 16 rows of the table, one for each set of them. The sets have so many words; rows, from",
		"and dst have so many stripes of {stripe} numbers.")
	dst, from, table, rowBytes := load("dst"), load("from"), load("table"), load("stripes")
	left := copied(rowBytes)
	IMUL3Q(I32(v.stripe*v.bytes), rowBytes, rowBytes)
	pass := func(registers int) {
		sums := v.registers[:registers]
		for i, sum := range sums {
			v.move(v.at(from, i), sum)
		}
		v.changes("before", "after", table, rowBytes, v.addSum, sums)
		v.changes("after", "before", table, rowBytes, v.subSum, sums)
		for i, sum := range sums {
			v.move(sum, v.at(dst, i))
		}
		for _, pointer := range []reg.Register{dst, from, table} {
			ADDQ(I32(registers*v.bytes), pointer)
		}
	}
	if v.together > 1 {
		Comment("As long as there are enough stripes, several are updated at once: the sets are gone through less often.")
		several, few := label("several"), label("few")
		Label(several)
		CMPQ(left, Imm(uint64(v.together)))
		JLT(LabelRef(few))
		pass(v.together * v.stripe)
		SUBQ(Imm(uint64(v.together)), left)
		JMP(LabelRef(several))
		Label(few)
	}
	repeat("stripe", left, func() { pass(v.stripe) })
	v.end()
}

// changes adds or subtracts the rows of the directions that are in one set and not in another. Four directions are a
// group, and the first direction of a group that still has some is called first.
//
//	set    the directions of a word that are left, shifted so that bit 0 is that of direction first
//	row    the number of a row, 4*first + the lowest four bits of set
func (v vectors) changes(without, in string, table, rowBytes reg.Register, operation func(...Op), sums []reg.VecPhysical) {
	none, some, set, first, row := load(without), load(in), GP64(), GP64(), GP64()
	word := GP64()
	XORQ(word, word)
	repeat("word", load("words"), func() {
		MOVQ(Mem{Base: none}, set)
		NOTQ(set)
		ANDQ(Mem{Base: some}, set)
		MOVQ(word, first)
		group, done := label("group"), label("done")
		TESTQ(set, set)
		JZ(LabelRef(done))
		Label(group)
		BSFQ(set, reg.RCX)
		ANDQ(I8(-4), reg.RCX)
		ADDQ(reg.RCX, first)
		SHRQ(reg.CL, set)
		MOVQ(set, row)
		ANDQ(Imm(15), row)
		LEAQ(Mem{Base: row, Index: first, Scale: 4}, row)
		IMULQ(rowBytes, row)
		for i, sum := range sums {
			operation(Mem{Base: table, Index: row, Scale: 1, Disp: i * v.bytes}, sum, sum)
		}
		ANDQ(I8(-16), set)
		JNZ(LabelRef(group))
		Label(done)
		ADDQ(Imm(64), word)
		ADDQ(Imm(8), none)
		ADDQ(Imm(8), some)
	})
}

// assemble writes the normal matrix from the moments. gram.Map has the mathematics, ops.CSDIteration the records.
func (v vectors) assemble() {
	v.function("csdAssemble", "q, c, weights *number, twins *int32, twinCount int, couples *int32, coupleCount int",
		"writes the normal matrix q = P + H^T H of {lanes} voxels from their moments c, each of which is a",
		"cosine's and a sine's vector. twins and couples are records of 12 and of 6 numbers, which",
		"ops.CSDIteration describes. weights has for each record the entries of P, then the weights in the order",
		"of use.")
	q, c, weights := load("q"), load("c"), load("weights")
	v.assembleTwins(q, c, weights)
	v.assembleCouples(q, c, weights)
	v.end()
}

// weigh adds a moment, times the next weights, to one pair of sums for each weight. It moves both pointers on.
func (v vectors) weigh(weight, moment reg.Register, sums ...[2]reg.VecPhysical) {
	cos, sin := v.registers[8], v.registers[9]
	v.move(v.at(moment, 0), cos)
	v.move(v.at(moment, 1), sin)
	if v.evex {
		v.broadcastPair(v.number(weight, 0), v.registers[10:][:2])
	}
	for i, sum := range sums {
		w := v.registers[10+i]
		if !v.evex {
			v.broadcast(v.number(weight, i), w)
		}
		v.fma(cos, w, sum[0])
		v.fma(sin, w, sum[1])
	}
	ADDQ(I32(2*v.bytes), moment)
	ADDQ(I32(v.size*len(sums)), weight)
}

// finish adds the entry of P to a sum, and writes it to the entry that a record names. It uses the registers of weigh.
func (v vectors) finish(sum reg.VecPhysical, weights reg.Register, base int, q, record reg.Register, field int) {
	place := GP64()
	MOVLQSX(Mem{Base: record, Disp: 4 * field}, place)
	if v.evex {
		v.addNumber(v.number(weights, base), sum, sum)
	} else {
		b := v.registers[12+base%2]
		v.broadcast(v.number(weights, base), b)
		v.add(b, sum, sum)
	}
	v.move(sum, Mem{Base: q, Index: place, Scale: 1})
}

// assembleTwins makes two quads at a time from the same moments, so that one load serves both. m and p are the sums
// over the difference (minus) and the sum (plus) of two orders, c and s those over cosines and sines.
func (v vectors) assembleTwins(q, c, weights reg.Register) {
	v.holds("#0-#3 mc ms pc ps of the first quad   #4-#7 of the second   #8 and #9 a moment   #10 on weights")
	twins, count := load("twins"), load("twinCount")
	m := func(quad int) [2]reg.VecPhysical {
		return [2]reg.VecPhysical{v.registers[4*quad], v.registers[4*quad+1]}
	}
	p := func(quad int) [2]reg.VecPhysical {
		return [2]reg.VecPhysical{v.registers[4*quad+2], v.registers[4*quad+3]}
	}
	weight, difference, sum, both, rest := GP64(), GP64(), GP64(), GP64(), GP64()
	repeat("twin", count, func() {
		MOVLQSX(Mem{Base: twins}, difference)
		MOVLQSX(Mem{Base: twins, Disp: 4}, sum)
		MOVLQSX(Mem{Base: twins, Disp: 8}, both)
		MOVLQSX(Mem{Base: twins, Disp: 12}, rest)
		ADDQ(c, difference)
		ADDQ(c, sum)
		LEAQ(v.number(weights, 8), weight)
		zero(v.registers[:8]...)
		Comment("Terms that the difference and the sum of the orders both have.")
		repeat("both", both, func() {
			v.weigh(weight, difference, m(0), m(1))
			v.weigh(weight, sum, p(0), p(1))
		})
		Comment("Terms of the difference alone.")
		repeat("rest", rest, func() { v.weigh(weight, difference, m(0), m(1)) })
		for quad := range 2 {
			mc, ms, pc, ps := m(quad)[0], m(quad)[1], p(quad)[0], p(quad)[1]
			entries := v.registers[8:][:4] // CosCos, SinSin, SinCos, CosSin
			v.add(pc, mc, entries[0])
			v.sub(pc, mc, entries[1])
			v.add(ms, ps, entries[2])
			v.sub(ms, ps, entries[3])
			for i, entry := range entries {
				v.finish(entry, weights, 4*quad+i, q, twins, 4+4*quad+i)
			}
		}
		MOVQ(weight, weights)
		ADDQ(Imm(48), twins)
	})
}

// assembleCouples makes two pairs at a time. With one pair there were two chains of additions, each waiting for its
// last result. Four chains keep the processor busy.
func (v vectors) assembleCouples(q, c, weights reg.Register) {
	v.holds("#0 and #1 cos and sin of the first pair   #2 and #3 of the second   #8 and #9 a moment   #10 on weights")
	couples, count := load("couples"), load("coupleCount")
	sums := [2][2]reg.VecPhysical{{v.registers[0], v.registers[1]}, {v.registers[2], v.registers[3]}}
	weight, moment, terms := GP64(), GP64(), GP64()
	repeat("couple", count, func() {
		MOVLQSX(Mem{Base: couples}, moment)
		MOVLQSX(Mem{Base: couples, Disp: 4}, terms)
		ADDQ(c, moment)
		LEAQ(v.number(weights, 4), weight)
		zero(v.registers[:4]...)
		repeat("term", terms, func() { v.weigh(weight, moment, sums[:]...) })
		for i, pair := range sums {
			for k, sum := range pair {
				v.finish(sum, weights, 2*i+k, q, couples, 2+2*i+k)
			}
		}
		MOVQ(weight, weights)
		ADDQ(Imm(24), couples)
	})
}
