package main

import (
	"math/bits"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// priceSingle is price in single precision. It also marks the elements that are above a threshold.
func (v vectors) priceSingle() {
	v.function("nnlsPriceSingle", "w *float32, above *byte, b, gram, x *float32, offsets *int, count int, shift, threshold float32, tiles int) (place int",
		"writes w = b - shift - the sum of x[i] times the row of gram at the byte offset offsets[i], for one",
		"voxel and count rows. It sets bit j of above where w[j] is greater than the threshold, clears the",
		"others, and returns the place of the largest element of w, the first of equals. w, b and the rows are",
		"tiles of 12 vectors of consecutive numbers.")
	v.holds(
		"#0-#11 w   #12 an element of x   #13 the largest w so far, of each lane   #14 the threshold   #15 scratch")
	sums, x, largest, threshold, scratch := v.registers[:priceTile], v.registers[12], v.registers[13], v.registers[14], v.registers[15]
	w, above, b, gram, tiles := load("w"), load("above"), load("b"), load("gram"), load("tiles")
	signs := GP32()
	repeat("tile", tiles, func() {
		Load(Param("threshold"), threshold.AsX())
		VBROADCASTSS(threshold.AsX(), threshold)
		Load(Param("shift"), x.AsX())
		VBROADCASTSS(x.AsX(), x)
		for r, sum := range sums {
			VMOVUPS(v.at(b, r), sum)
			VSUBPS(x, sum, sum)
		}
		elements, offsets, count, row := load("x"), load("offsets"), load("count"), GP64()
		repeat("row", count, func() {
			MOVQ(Mem{Base: offsets}, row)
			VBROADCASTSS(Mem{Base: elements}, x)
			ADDQ(Imm(8), offsets)
			ADDQ(Imm(4), elements)
			for r, sum := range sums {
				VFNMADD231PS(Mem{Base: gram, Index: row, Scale: 1, Disp: r * v.bytes}, x, sum)
			}
		})
		for r, sum := range sums {
			VMOVUPS(sum, v.at(w, r))
			const less = 0x11 // ordered, no exception
			if v.evex {
				VCMPPS(U8(less), sum, threshold, reg.K1)
				KMOVW(reg.K1, Mem{Base: above, Disp: 2 * r})
				continue
			}
			VCMPPS(U8(less), sum, threshold, scratch)
			VMOVMSKPS(scratch, signs)
			MOVB(signs.As8(), Mem{Base: above, Disp: r})
		}
		for _, p := range []reg.Register{w, b, gram} {
			ADDQ(I32(priceTile*v.bytes), p)
		}
		ADDQ(I32(priceTile*v.bytes/32), above)
		v.keepLargest(sums, largest, tiles, VMAXPS, VMOVUPS)
	})
	if v.is512() {
		VEXTRACTF64X4(Imm(1), largest, scratch.AsY())
		VMAXPS(scratch.AsY(), largest.AsY(), largest.AsY())
	}
	VEXTRACTF128(Imm(1), largest.AsY(), scratch.AsX())
	VMAXPS(scratch.AsX(), largest.AsX(), largest.AsX())
	for _, order := range []uint64{0x4e, 0xb1} { // halves, then neighbours
		VPERMILPS(Imm(order), largest.AsX(), scratch.AsX())
		VMAXPS(scratch.AsX(), largest.AsX(), largest.AsX())
	}
	VBROADCASTSS(largest.AsX(), largest)
	v.findEqual(largest, scratch, VCMPPS, KMOVW, VMOVMSKPS, v.bytes/4)
}

// survey keeps partial results, one for each place in a vector:
func (v vectors) survey(kind string) {
	v.function("nnlsSurvey"+kind, "sums, wide *float64, single *float32, row *"+strings.ToLower(kind)+", weighted, weak *float64, n int",
		"copies the signal of one voxel, n values in whole vectors, to both precisions. It writes seven vectors",
		"of partial results: NaN where a value is NaN or infinite, else 0; the smallest value or 0; the largest",
		"value or 0; the sum of weak times values; with y = weighted times values, the sums of y, of the positive",
		"y, and of y^2.")
	v.holds(
		"#0 NaN where a value is not finite   #1 smallest   #2 largest   #3 sum of weak times values",
		"#4 #5 #6 of weighted times values the sum, that of the positive ones, and that of the squares   #7 zero",
		"#8 the values   #9 weak   #10 positive values")
	sums, wide, single, row := load("sums"), load("wide"), load("single"), load("row")
	weighted, weak, n := load("weighted"), load("weak"), load("n")
	all, none := v.registers[:7], v.registers[7]
	x, weight, above := v.registers[8], v.registers[9], v.registers[10]
	zero(all...)
	zero(none)
	SHRQ(Imm(uint64(bits.Len(uint(v.lanes()))-1)), n)
	repeat("vector", n, func() {
		if half := v.halfOf(above); kind == "Float32" {
			VMOVUPS(Mem{Base: row}, half)
			VMOVUPS(half, Mem{Base: single})
			VCVTPS2PD(half, x)
			ADDQ(I32(v.bytes/2), row)
		} else {
			VMOVUPD(Mem{Base: row}, x)
			if v.is512() {
				VCVTPD2PS(x, half)
			} else {
				VCVTPD2PSY(x, half)
			}
			VMOVUPS(half, Mem{Base: single})
			ADDQ(I32(v.bytes), row)
		}
		VMOVUPD(x, Mem{Base: wide})
		VFMADD231PD(none, x, all[0])
		VMINPD(x, all[1], all[1])
		VMAXPD(x, all[2], all[2])
		VMOVUPD(Mem{Base: weak}, weight)
		VFMADD231PD(weight, x, all[3])
		VMULPD(Mem{Base: weighted}, x, x)
		VMAXPD(none, x, above)
		VADDPD(x, all[4], all[4])
		VADDPD(above, all[5], all[5])
		VFMADD231PD(x, x, all[6])
		ADDQ(I32(v.bytes/2), single)
		for _, p := range []reg.Register{wide, weighted, weak} {
			ADDQ(I32(v.bytes), p)
		}
	})
	for i, r := range all {
		VMOVUPD(r, v.at(sums, i))
	}
	v.end()
}

// halfOf is the register of half the width that has the same number.
func (v vectors) halfOf(r reg.VecPhysical) reg.VecPhysical {
	if v.is512() {
		return r.AsY().(reg.VecPhysical)
	}
	return r.AsX().(reg.VecPhysical)
}

// dot keeps four vectors of sums, in registers 0 to 3, and adds them up at the end.
func (v vectors) dot() {
	v.function("nnlsDot", "a, b *float64, n int) (sum float64", "returns the dot product of n values, a multiple of 32.")
	a, b, n := load("a"), load("b"), load("n")
	sums, x := v.registers[:4], v.registers[4:][:4]
	zero(sums...)
	SHRQ(Imm(uint64(bits.Len(uint(4*v.lanes()))-1)), n)
	repeat("four", n, func() {
		for i, r := range x {
			VMOVUPD(v.at(a, i), r)
			VFMADD231PD(v.at(b, i), r, sums[i])
		}
		ADDQ(I32(4*v.bytes), a)
		ADDQ(I32(4*v.bytes), b)
	})
	VADDPD(sums[1], sums[0], sums[0])
	VADDPD(sums[3], sums[2], sums[2])
	VADDPD(sums[2], sums[0], sums[0])
	if v.is512() {
		VEXTRACTF64X4(Imm(1), sums[0], sums[1].AsY())
		VADDPD(sums[1].AsY(), sums[0].AsY(), sums[0].AsY())
	}
	VEXTRACTF128(Imm(1), sums[0].AsY(), sums[1].AsX())
	VADDPD(sums[1].AsX(), sums[0].AsX(), sums[0].AsX())
	VPERMILPD(Imm(1), sums[0].AsX(), sums[1].AsX())
	VADDSD(sums[1].AsX(), sums[0].AsX(), sums[0].AsX())
	Store(sums[0].AsX(), ReturnIndex(0))
	v.end()
}
