package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// priceTile is how many vectors are priced at once. These are enough sums to hide the latency of a multiply-add, and
// few enough for sixteen registers.
const priceTile = 12

// nnls writes the steps of non-negative least squares. Package ops says what each step computes, as Go sees it.
func nnls(v vectors) {
	v.price()
	v.project("", "float64", 8, VBROADCASTSD, VFMADD231PD)
	v.project("Single", "float32", 4, VBROADCASTSS, VFMADD231PS)
	v.priceSingle()
	v.survey("Float32")
	v.survey("Float64")
	v.dot()
}

// price works on one tile of the unknowns after another:
func (v vectors) price() {
	v.function("nnlsPrice", "w, b, gram, x *float64, offsets *int, count, tiles int) (place int",
		"writes w = b - the sum of x[i] times the row of gram at the byte offset offsets[i], for one voxel and",
		"count rows. It returns the place of the largest element of w, the first of equals. w, b and the rows are",
		"tiles of 12 vectors of consecutive numbers.")
	v.holds(
		"#0-#11 w[j] = b[j] - x[0] gram[0][j] - x[1] gram[1][j] - ...",
		"#12 an element of x, in all lanes   #13 the largest w so far, of each lane")
	sums, x, largest := v.registers[:priceTile], v.registers[priceTile], v.registers[priceTile+1]
	w, b, gram, tiles := load("w"), load("b"), load("gram"), load("tiles")
	repeat("tile", tiles, func() {
		for r, sum := range sums {
			VMOVUPD(v.at(b, r), sum)
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
		for _, p := range []reg.Register{w, b, gram} {
			ADDQ(I32(priceTile*v.bytes), p)
		}
		v.keepLargest(sums, largest, tiles, VMAXPD, VMOVUPD)
	})
	v.spreadLargest(largest, sums[0])
	v.findEqual(largest, sums[0], VCMPPD, KMOVB, VMOVMSKPD, v.lanes())
}

// keepLargest reduces the sums of a tile to the largest of each lane, pair by pair. After the first tile it is the
// largest of all tiles so far.
func (v vectors) keepLargest(sums []reg.VecPhysical, largest reg.VecPhysical, left reg.Register, maximum, move func(...Op)) {
	for width := len(sums); width > 1; width = (width + 1) / 2 {
		for r := range width / 2 {
			maximum(sums[(width+1)/2+r], sums[r], sums[r])
		}
	}
	first, next, tiles := label("first"), label("next"), GP64()
	Load(Param("tiles"), tiles)
	CMPQ(tiles, left)
	JEQ(LabelRef(first))
	maximum(sums[0], largest, largest)
	JMP(LabelRef(next))
	Label(first)
	move(sums[0], largest)
	Label(next)
}

// spreadLargest puts the largest of all lanes into all lanes.
func (v vectors) spreadLargest(r, scratch reg.VecPhysical) {
	if v.is512() {
		VEXTRACTF64X4(Imm(1), r, scratch.AsY())
		VMAXPD(scratch.AsY(), r.AsY(), r.AsY())
	}
	VEXTRACTF128(Imm(1), r.AsY(), scratch.AsX())
	VMAXPD(scratch.AsX(), r.AsX(), r.AsX())
	VPERMILPD(Imm(1), r.AsX(), scratch.AsX())
	VMAXPD(scratch.AsX(), r.AsX(), r.AsX())
	VBROADCASTSD(r.AsX(), r)
}

// findEqual returns the place of the first element of w that is equal to a value in all lanes, or 0 where none is. How
// lanes are compared, how the result reaches a general register, and how many lanes there are (step) depend on the size
// of the numbers.
func (v vectors) findEqual(value, scratch reg.VecPhysical, compare func(...Op), fromMask, fromSigns func(a, b Op), step int) {
	w, count, place, lanes := load("w"), load("tiles"), GP64(), GP32()
	IMUL3Q(I32(priceTile), count, count)
	XORQ(place, place)
	found := label("found")
	repeat("vector", count, func() {
		const equal = 0 // ordered, no exception
		if v.evex {
			compare(U8(equal), Mem{Base: w}, value, reg.K1)
			fromMask(reg.K1, lanes)
		} else {
			compare(U8(equal), Mem{Base: w}, value, scratch)
			fromSigns(scratch, lanes)
		}
		TESTL(lanes, lanes)
		JNZ(LabelRef(found))
		ADDQ(I32(v.bytes), w)
		ADDQ(Imm(uint64(step)), place)
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
