package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// accumulate writes the update of one voxel's moments. This is the one step that is not lane = voxel:
// sets differ from voxel to voxel, and the moments of a direction are consecutive.
func (v vectors) accumulate() {
	v.function("csdAccumulate", "dst, from, table *float64, offsets *int, added, removed, stripes int",
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
			VMOVUPD(v.at(from, i), sum)
		}
		rows("added", offsets, VADDPD)
		rows("removed", offsets, VSUBPD)
		for i, sum := range sums {
			VMOVUPD(sum, v.at(dst, i))
		}
		for _, pointer := range []reg.Register{dst, from, table} {
			ADDQ(I32(v.stripe*v.bytes), pointer)
		}
	})
	v.end()
}

// assemble writes the map from moments to the normal matrix: kernel.GramMap documents it.
func (v vectors) assemble() {
	v.function("csdAssemble", "q, c, weights *float64, quads *int32, quadCount int, pairs *int32, pairCount int",
		"writes the entries of q = P + H^T H from the moments c, pairs of a cosine's and a",
		"sine's vector. Quads and pairs are records of 8 and 4 numbers, ops.CSD says which; weights has for",
		"each record the entries of P and then the weights in the order of use.")
	q, c, weights := load("q"), load("c"), load("weights")
	v.assembleQuads(q, c, weights)
	v.assemblePairs(q, c, weights)
	v.end()
}

// weigh adds a weight times a moment to the sums of cosines and sines.
func (v vectors) weigh(weight reg.Register, i int, moment reg.Register, cos, sin, w reg.VecPhysical) {
	VBROADCASTSD(number(weight, i), w)
	VFMADD231PD(v.at(moment, 0), w, cos)
	VFMADD231PD(v.at(moment, 1), w, sin)
	ADDQ(I32(2*v.bytes), moment)
}

// finish writes base + sum to the entry that a record names.
func (v vectors) finish(sum reg.VecPhysical, weights reg.Register, base int, q, record reg.Register, field int) {
	place := GP64()
	MOVLQSX(Mem{Base: record, Disp: 4 * field}, place)
	if v.wide() {
		VADDPD_BCST(number(weights, base), sum, sum)
	} else {
		b := v.register(10 + base)
		VBROADCASTSD(number(weights, base), b)
		VADDPD(b, sum, sum)
	}
	VMOVUPD(sum, Mem{Base: q, Index: place, Scale: 1})
}

func (v vectors) assembleQuads(q, c, weights reg.Register) {
	quads, count := load("quads"), load("quadCount")
	mc, ms, pc, ps := v.register(0), v.register(1), v.register(2), v.register(3)
	u, w := v.register(4), v.register(5)
	coscos, sinsin, sincos, cossin := v.register(6), v.register(7), v.register(8), v.register(9)
	weight, difference, sum, both, rest := GP64(), GP64(), GP64(), GP64(), GP64()
	repeat("quad", count, func() {
		MOVLQSX(Mem{Base: quads}, difference)
		MOVLQSX(Mem{Base: quads, Disp: 4}, sum)
		MOVLQSX(Mem{Base: quads, Disp: 8}, both)
		MOVLQSX(Mem{Base: quads, Disp: 12}, rest)
		ADDQ(c, difference)
		ADDQ(c, sum)
		LEAQ(number(weights, 4), weight)
		zero(mc, ms, pc, ps)
		Comment("Terms that the difference and the sum of the orders both have.")
		repeat("both", both, func() {
			v.weigh(weight, 0, difference, mc, ms, u)
			v.weigh(weight, 1, sum, pc, ps, w)
			ADDQ(Imm(16), weight)
		})
		Comment("Terms of the difference alone.")
		repeat("rest", rest, func() {
			v.weigh(weight, 0, difference, mc, ms, u)
			ADDQ(Imm(8), weight)
		})
		VADDPD(pc, mc, coscos)
		VSUBPD(pc, mc, sinsin)
		VADDPD(ms, ps, sincos)
		VSUBPD(ms, ps, cossin)
		for i, entry := range []reg.VecPhysical{coscos, sinsin, sincos, cossin} {
			v.finish(entry, weights, i, q, quads, 4+i)
		}
		MOVQ(weight, weights)
		ADDQ(Imm(32), quads)
	})
}

func (v vectors) assemblePairs(q, c, weights reg.Register) {
	pairs, count := load("pairs"), load("pairCount")
	cos, sin, w := v.register(0), v.register(1), v.register(2)
	weight, moment, terms := GP64(), GP64(), GP64()
	repeat("pair", count, func() {
		MOVLQSX(Mem{Base: pairs}, moment)
		MOVLQSX(Mem{Base: pairs, Disp: 4}, terms)
		ADDQ(c, moment)
		LEAQ(number(weights, 2), weight)
		zero(cos, sin)
		repeat("term", terms, func() {
			v.weigh(weight, 0, moment, cos, sin, w)
			ADDQ(Imm(8), weight)
		})
		v.finish(cos, weights, 0, q, pairs, 2)
		v.finish(sin, weights, 1, q, pairs, 3)
		MOVQ(weight, weights)
		ADDQ(Imm(16), pairs)
	})
}
