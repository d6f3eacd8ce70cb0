package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// priceTile is how many vectors are priced at once: enough sums to hide the latency of a
// multiplication and addition, few enough for sixteen registers.
const priceTile = 12

// nnls writes the steps of non-negative least squares that csd does not have. Package ops says what
// each is, as seen from Go.
func nnls(v vectors) {
	v.price()
	v.sums()
}

// price works on tiles of the unknowns:
//
//	registers 0 to 11: w[j] = (b[j] - shift) - x[0] gram[0][j] - x[1] gram[1][j] - ...
//	register 12: the shift; then an element of x, in all lanes
//	register 13: the largest element so far, of each lane
func (v vectors) price() {
	v.function("nnlsPrice", "w, b, gram, x *float64, offsets *int, count, step int, shift float64, tiles int) (place int",
		"writes w = b - shift - the sum of x[i] times the row of gram at offsets[i] and returns",
		"the place of the largest element, the first of equals. b's vectors are step bytes apart, those of",
		"w and gram one after another; there are 12 to a tile.")
	sums, x, largest := v.registers(0, priceTile), v.register(priceTile), v.register(priceTile+1)
	w, b, gram, tiles := load("w"), load("b"), load("gram"), load("tiles")
	step := load("step")
	repeat("tile", tiles, func() {
		Load(Param("shift"), x.AsX())
		VBROADCASTSD(x.AsX(), x)
		for _, sum := range sums {
			VMOVUPD(Mem{Base: b}, sum)
			VSUBPD(x, sum, sum)
			ADDQ(step, b)
		}
		elements, offsets, count, row := load("x"), load("offsets"), load("count"), GP64()
		repeat("row", count, func() {
			MOVQ(Mem{Base: offsets}, row)
			VBROADCASTSD(Mem{Base: elements}, x)
			ADDQ(Imm(8), offsets)
			ADDQ(Imm(8), elements)
			for r, sum := range sums {
				VFNMADD231PD(Mem{Base: gram, Index: row, Scale: 1, Disp: r * v.bytes}, x, sum)
			}
		})
		for r, sum := range sums {
			VMOVUPD(sum, v.at(w, r))
		}
		ADDQ(I32(priceTile*v.bytes), w)
		ADDQ(I32(priceTile*v.bytes), gram)
		Comment("The largest of the tile, pair by pair; then of all tiles.")
		for width := priceTile; width > 1; width = (width + 1) / 2 {
			for r := range width / 2 {
				VMAXPD(sums[(width+1)/2+r], sums[r], sums[r])
			}
		}
		first, next := label("first"), label("next")
		left := GP64()
		Load(Param("tiles"), left)
		CMPQ(left, tiles)
		JEQ(LabelRef(first))
		VMAXPD(sums[0], largest, largest)
		JMP(LabelRef(next))
		Label(first)
		VMOVUPD(sums[0], largest)
		Label(next)
	})
	v.spreadLargest(largest, sums[0])
	v.findEqual(largest, sums[0])
}

// spreadLargest puts the largest of all lanes into all lanes.
func (v vectors) spreadLargest(r, scratch reg.VecPhysical) {
	if v.wide() {
		VEXTRACTF64X4(Imm(1), r, scratch.AsY())
		VMAXPD(scratch.AsY(), r.AsY(), r.AsY())
	}
	VEXTRACTF128(Imm(1), r.AsY(), scratch.AsX())
	VMAXPD(scratch.AsX(), r.AsX(), r.AsX())
	VPERMILPD(Imm(1), r.AsX(), scratch.AsX())
	VMAXPD(scratch.AsX(), r.AsX(), r.AsX())
	VBROADCASTSD(r.AsX(), r)
}

// findEqual returns the place of the first element of w that is equal to a value in all lanes, or 0
// where there is none.
func (v vectors) findEqual(value, scratch reg.VecPhysical) {
	w, count, place, lanes := load("w"), load("tiles"), GP64(), GP32()
	IMUL3Q(I32(priceTile), count, count)
	XORQ(place, place)
	found := label("found")
	repeat("vector", count, func() {
		const equal = 0 // ordered, no exception
		if v.wide() {
			VCMPPD(U8(equal), Mem{Base: w}, value, reg.K1)
			KMOVB(reg.K1, lanes)
		} else {
			VCMPPD(U8(equal), Mem{Base: w}, value, scratch)
			VMOVMSKPD(scratch, lanes)
		}
		TESTL(lanes, lanes)
		JNZ(LabelRef(found))
		ADDQ(I32(v.bytes), w)
		ADDQ(Imm(uint64(v.lanes())), place)
	})
	VZEROUPPER()
	XORQ(place, place)
	Store(place, ReturnIndex(0))
	RET()
	Label(found)
	BSFL(lanes, lanes)
	ADDQ(lanes.As64(), place)
	Store(place, ReturnIndex(0))
	v.end()
}

// sums keeps three sums: registers 0 (of all), 1 (of the positive), 2 (of the squares).
func (v vectors) sums() {
	v.function("nnlsSums", "sums, x *float64, offsets *int32, n int",
		"writes three vectors about the n vectors at the byte offsets from x on: the sum, that",
		"of the positive values, and that of the squares.")
	sums, x, offsets, n := load("sums"), load("x"), load("offsets"), load("n")
	all, positive, squares := v.register(0), v.register(1), v.register(2)
	value, above, none := v.register(3), v.register(4), v.register(5)
	place := GP64()
	zero(all, positive, squares, none)
	repeat("value", n, func() {
		MOVLQSX(Mem{Base: offsets}, place)
		ADDQ(Imm(4), offsets)
		VMOVUPD(Mem{Base: x, Index: place, Scale: 1}, value)
		VMAXPD(none, value, above)
		VADDPD(value, all, all)
		VADDPD(above, positive, positive)
		VFMADD231PD(value, value, squares)
	})
	VMOVUPD(all, v.at(sums, 0))
	VMOVUPD(positive, v.at(sums, 1))
	VMOVUPD(squares, v.at(sums, 2))
	v.end()
}
