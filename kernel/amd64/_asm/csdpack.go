package main

import (
	"slices"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack writes the transposition of signals, one row a voxel, to lanes. While it works it prefetches the next signals,
// which lie right behind these and are in no cache yet.
func (v vectors) pack(kind string, size int) {
	v.function("csdPack"+kind, "dst *number, rows *"+strings.ToLower(kind)+", columns, stride int",
		"transposes the signals of {lanes} voxels, and prefetches the next ones. The {lanes} rows of columns >=",
		"{lanes} values, each stride values after the one before, become columns vectors in double precision:",
		"dst[column][lane].")
	move := VMOVUPD
	if size == 4 {
		move = VCVTPS2PD
	}
	v.transposition(size, move, true)
}

// transpose writes the transposition of moments.
func (v vectors) transpose() {
	v.function("csdTranspose", "dst *number, rows *sum, columns, stride int",
		"transposes the moments of {lanes} voxels. The {lanes} rows of columns >= {lanes} sums, each stride sums",
		"after the one before, become columns vectors of numbers: dst[column][lane].")
	v.transposition(v.size, v.moveSum, false)
}

// transposition works on squares of lanes x lanes values, which move loads. Where the columns are not a multiple of the
// lanes, the last square overlaps the one before.
func (v vectors) transposition(size int, move func(...Op), ahead bool) {
	dst, rows, columns, stride := load("dst"), load("rows"), load("columns"), load("stride")
	IMUL3Q(I32(size), stride, stride)
	places, pointers := v.rowPlaces(rows, stride)
	next := copied(stride)
	if ahead {
		IMUL3Q(I32(v.lanes()), next, next)
		ADDQ(rows, next)
	}
	square, done := label("square"), label("done")
	Label(square)
	for i, place := range places {
		move(place, v.registers[i])
	}
	if ahead {
		for line := 0; line < v.lanes()*v.lanes()*size; line += 64 {
			PREFETCHT1(Mem{Base: next, Disp: line})
		}
		ADDQ(I32(v.lanes()*v.lanes()*size), next)
	}
	v.square(dst)
	for _, pointer := range pointers {
		ADDQ(I32(v.lanes()*size), pointer)
	}
	ADDQ(I32(v.lanes()*v.bytes), dst)
	SUBQ(I32(v.lanes()), columns)
	CMPQ(columns, I32(v.lanes()))
	JGE(LabelRef(square))
	TESTQ(columns, columns)
	JZ(LabelRef(done))
	Comment("Fewer columns than lanes are left. Go back, so that the last square ends with the last column.")
	SUBQ(I32(v.lanes()), columns)
	for _, pointer := range pointers {
		LEAQ(Mem{Base: pointer, Index: columns, Scale: uint8(size)}, pointer)
	}
	IMUL3Q(I32(v.bytes), columns, columns)
	ADDQ(columns, dst)
	MOVQ(I32(v.lanes()), columns)
	JMP(LabelRef(square))
	Label(done)
	v.end()
}

// rowPlaces returns the places of the rows, and the pointers from which they count: one for each eight rows. The
// pointers move along the columns. stride is in bytes.
func (v vectors) rowPlaces(rows, stride reg.Register) (places []Mem, pointers []reg.Register) {
	three := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	pointers = []reg.Register{rows}
	if v.lanes() == 16 {
		second := GP64()
		LEAQ(Mem{Base: rows, Index: stride, Scale: 8}, second)
		pointers = append(pointers, second)
	}
	var five, seven reg.Register
	if v.lanes() >= 8 {
		five, seven = GP64(), GP64()
		LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, five)
		LEAQ(Mem{Base: three, Index: stride, Scale: 4}, seven)
	}
	for _, pointer := range pointers {
		places = append(places,
			Mem{Base: pointer},
			Mem{Base: pointer, Index: stride, Scale: 1},
			Mem{Base: pointer, Index: stride, Scale: 2},
			Mem{Base: pointer, Index: three, Scale: 1})
		if v.lanes() >= 8 {
			places = append(places,
				Mem{Base: pointer, Index: stride, Scale: 4},
				Mem{Base: pointer, Index: five, Scale: 1},
				Mem{Base: pointer, Index: three, Scale: 2},
				Mem{Base: pointer, Index: seven, Scale: 1})
		}
	}
	return places, pointers
}

// square takes rows in the first registers, and writes their columns one after another. A register is several blocks of
// 16 bytes, each of which holds a few numbers (2 or 4).
func (v vectors) square(dst reg.Register) {
	n, few := v.lanes(), 16/v.size
	r, t := slices.Clone(v.registers[:n]), v.registers[n:][:n]
	Comment("Within blocks: of each few rows, block k of t[j] gets the rows' numbers in column k*few+j.")
	if v.size == 8 {
		interleave(VUNPCKLPD, VUNPCKHPD, r, t, 1)
	} else {
		interleave(VUNPCKLPS, VUNPCKHPS, r, t, 1)
		interleave(VUNPCKLPD, VUNPCKHPD, t, r, 2)
		for i := 0; i < n; i += 4 { // interleaving left even columns before odd ones
			r[i+1], r[i+2] = r[i+2], r[i+1]
		}
		r, t = t, r
	}
	if !v.is512() {
		Comment("Whole blocks: the first blocks of two rows make one column, the second blocks another.")
		for j := range few {
			VPERM2F128(U8(0x20), t[few+j], t[j], r[0])
			VPERM2F128(U8(0x31), t[few+j], t[j], r[1])
			v.move(r[0], v.at(dst, j))
			v.move(r[1], v.at(dst, few+j))
		}
		return
	}
	Comment("Whole blocks: 0x88 picks the even blocks of both operands, 0xdd the odd ones.")
	for j := range few {
		for parity, pick := range []Constant{U8(0x88), U8(0xdd)} {
			VSHUFF64X2(pick, t[few+j], t[j], r[0]) // blocks parity and parity+2 of the first rows
			VSHUFF64X2(pick, t[3*few+j], t[2*few+j], r[1])
			VSHUFF64X2(U8(0x88), r[1], r[0], r[2])
			VSHUFF64X2(U8(0xdd), r[1], r[0], r[3])
			v.move(r[2], v.at(dst, parity*few+j))
			v.move(r[3], v.at(dst, (parity+2)*few+j))
		}
	}
}

// interleave takes pairs of registers that are the given distance apart. It interleaves their low units into the first
// register of the pair in to, and their high units into the second.
func interleave(low, high func(...Op), from, to []reg.VecPhysical, distance int) {
	for i := range from {
		if i&distance != 0 {
			continue
		}
		low(from[i+distance], from[i], to[i])
		high(from[i+distance], from[i], to[i+distance])
	}
}

// inspect writes what the driver must know of a signal before the signal is used.
func (v vectors) inspect() {
	v.function("csdInspect", "seen, x *number, offsets *int32, n int",
		"looks at n >= 1 vectors of {lanes} voxels, at the byte offsets from x, and writes three: NaN where a",
		"value is NaN or infinite, else 0; the smallest value; the largest value.")
	seen, x, offsets, n := load("seen"), load("x"), load("offsets"), load("n")
	v.holds("#0 NaN or 0   #1 smallest   #2 largest   #3 value   #4 zero")
	poison, low, high, value, none := v.registers[0], v.registers[1], v.registers[2], v.registers[3], v.registers[4]
	place := GP64()
	zero(poison, none)
	MOVLQSX(Mem{Base: offsets}, place)
	v.move(Mem{Base: x, Index: place, Scale: 1}, low)
	v.move(low, high)
	repeat("value", n, func() {
		MOVLQSX(Mem{Base: offsets}, place)
		ADDQ(Imm(4), offsets)
		v.move(Mem{Base: x, Index: place, Scale: 1}, value)
		v.fma(none, value, poison)
		v.min(value, low, low)
		v.max(value, high, high)
	})
	v.move(poison, v.at(seen, 0))
	v.move(low, v.at(seen, 1))
	v.move(high, v.at(seen, 2))
	v.end()
}
