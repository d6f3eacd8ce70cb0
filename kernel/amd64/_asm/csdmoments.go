package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// accumulate writes the update of one voxel's moments. This is the one step that is not lane = voxel:
// sets differ from voxel to voxel, and the moments of a direction are consecutive.
func (v vectors) accumulate() {
	v.function("csdAccumulate", "dst, from, table *sum, offsets *int, added, removed, stripes int",
		"writes from + the added first rows of the list - the removed ones that",
		"follow. A row of the table is named by its byte offset; rows, from and dst are as many stripes long.")
	dst, from, table, stripes := load("dst"), load("from"), load("table"), load("stripes")
	place := GP64()
	sums := v.registers(0, v.stripe)
	rows := func(name string, offsets reg.Register, operation func(...Op)) {
		repeat(name, load(name), func() {
			MOVQ(Mem{Base: offsets}, place)
			ADDQ(Imm(8), offsets)
			for i, sum := range sums {
				operation(Mem{Base: table, Index: place, Scale: 1, Disp: i * v.bytes}, sum, sum)
			}
		})
	}
	repeat("stripe", stripes, func() {
		offsets := load("offsets")
		for i, sum := range sums {
			v.move(v.at(from, i), sum)
		}
		rows("added", offsets, v.addSum)
		rows("removed", offsets, v.subSum)
		for i, sum := range sums {
			v.move(sum, v.at(dst, i))
		}
		for _, pointer := range []reg.Register{dst, from, table} {
			ADDQ(I32(v.stripe*v.bytes), pointer)
		}
	})
	v.end()
}

// assemble writes the map from moments to the normal matrix: kernel.GramMap documents it.
func (v vectors) assemble() {
	v.function("csdAssemble", "q, c, weights *number, twins *int32, twinCount int, pairs *int32, pairCount int",
		"writes the entries of q = P + H^T H from the moments c, pairs of a cosine's and a",
		"sine's vector. Twins and pairs are records of 12 and 4 numbers, ops.CSD says which; weights has for",
		"each record the entries of P and then the weights in the order of use.")
	q, c, weights := load("q"), load("c"), load("weights")
	v.assembleTwins(q, c, weights)
	v.assemblePairs(q, c, weights)
	v.end()
}

// weigh adds the moment at a pointer, times the next weights, to one pair of sums for each weight, and
// moves on.
func (v vectors) weigh(weight, moment reg.Register, sums ...[2]reg.VecPhysical) {
	cos, sin := v.register(8), v.register(9)
	v.move(v.at(moment, 0), cos)
	v.move(v.at(moment, 1), sin)
	for i, sum := range sums {
		w := v.register(10 + i)
		v.broadcast(v.number(weight, i), w)
		v.fma(cos, w, sum[0])
		v.fma(sin, w, sum[1])
	}
	ADDQ(I32(2*v.bytes), moment)
	ADDQ(I32(v.size*len(sums)), weight)
}

// finish writes base + sum to the entry that a record names. It uses the registers of weigh.
func (v vectors) finish(sum reg.VecPhysical, weights reg.Register, base int, q, record reg.Register, field int) {
	place := GP64()
	MOVLQSX(Mem{Base: record, Disp: 4 * field}, place)
	if v.wide() {
		v.addNumber(v.number(weights, base), sum, sum)
	} else {
		b := v.register(12 + base%2)
		v.broadcast(v.number(weights, base), b)
		v.add(b, sum, sum)
	}
	v.move(sum, Mem{Base: q, Index: place, Scale: 1})
}

// assembleTwins makes two quads at a time from the same moments, so that one load serves two sums.
//
//	registers 0 to 3: mc ms pc ps of the first quad     4 to 7: of the second
func (v vectors) assembleTwins(q, c, weights reg.Register) {
	twins, count := load("twins"), load("twinCount")
	m := func(quad int) [2]reg.VecPhysical {
		return [2]reg.VecPhysical{v.register(4 * quad), v.register(4*quad + 1)}
	}
	p := func(quad int) [2]reg.VecPhysical {
		return [2]reg.VecPhysical{v.register(4*quad + 2), v.register(4*quad + 3)}
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
		zero(v.registers(0, 8)...)
		Comment("Terms that the difference and the sum of the orders both have.")
		repeat("both", both, func() {
			v.weigh(weight, difference, m(0), m(1))
			v.weigh(weight, sum, p(0), p(1))
		})
		Comment("Terms of the difference alone.")
		repeat("rest", rest, func() { v.weigh(weight, difference, m(0), m(1)) })
		for quad := range 2 {
			mc, ms, pc, ps := m(quad)[0], m(quad)[1], p(quad)[0], p(quad)[1]
			entries := v.registers(8, 4) // CosCos, SinSin, SinCos, CosSin
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

func (v vectors) assemblePairs(q, c, weights reg.Register) {
	pairs, count := load("pairs"), load("pairCount")
	sums := [2]reg.VecPhysical{v.register(0), v.register(1)}
	weight, moment, terms := GP64(), GP64(), GP64()
	repeat("pair", count, func() {
		MOVLQSX(Mem{Base: pairs}, moment)
		MOVLQSX(Mem{Base: pairs, Disp: 4}, terms)
		ADDQ(c, moment)
		LEAQ(v.number(weights, 2), weight)
		zero(sums[:]...)
		repeat("term", terms, func() { v.weigh(weight, moment, sums) })
		for i, sum := range sums {
			v.finish(sum, weights, i, q, pairs, 2+i)
		}
		MOVQ(weight, weights)
		ADDQ(Imm(16), pairs)
	})
}
