package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack writes the transposition of signals, one a voxel, to lanes. It asks for the next signals, which
// lie right behind these, while it works: they come from memory that no cache has seen.
func (v vectors) pack(kind string, size int) {
	v.function("csdPack"+kind, "dst *float64, rows *"+strings.ToLower(kind)+", columns, stride int",
		"transposes as many rows as there are lanes, each stride values after the one",
		"before and at least as many columns as lanes, to dst[column][lane].")
	v.transposition(size, true)
}

// transpose writes the transposition of moments.
func (v vectors) transpose() {
	v.function("csdTranspose", "dst, rows *float64, columns, stride int",
		"transposes as many rows as there are lanes, each stride values after the one",
		"before and at least as many columns as lanes, to dst[column][lane].")
	v.transposition(8, false)
}

// transposition works on squares of lanes x lanes values; where the columns are not a multiple, the last
// square overlaps the one before.
func (v vectors) transposition(size int, ahead bool) {
	dst, rows, columns, stride := load("dst"), load("rows"), load("columns"), load("stride")
	IMUL3Q(I32(size), stride, stride)
	places := v.rowPlaces(rows, stride)
	next := copied(stride)
	if ahead {
		IMUL3Q(I32(v.lanes()), next, next)
		ADDQ(rows, next)
	}
	square, done := label("square"), label("done")
	Label(square)
	for i, place := range places {
		if r := v.register(i); size == 4 {
			VCVTPS2PD(place, r)
		} else {
			VMOVUPD(place, r)
		}
	}
	if ahead {
		for line := 0; line < v.lanes()*v.lanes()*size; line += 64 {
			PREFETCHT1(Mem{Base: next, Disp: line})
		}
		ADDQ(I32(v.lanes()*v.lanes()*size), next)
	}
	v.square(dst)
	ADDQ(I32(v.lanes()*size), rows)
	ADDQ(I32(v.lanes()*v.bytes), dst)
	SUBQ(I32(v.lanes()), columns)
	CMPQ(columns, I32(v.lanes()))
	JGE(LabelRef(square))
	TESTQ(columns, columns)
	JZ(LabelRef(done))
	Comment("Fewer columns than lanes are left: step back, so that the last square ends with the last column.")
	SUBQ(I32(v.lanes()), columns)
	LEAQ(Mem{Base: rows, Index: columns, Scale: uint8(size)}, rows)
	IMUL3Q(I32(v.bytes), columns, columns)
	ADDQ(columns, dst)
	MOVQ(I32(v.lanes()), columns)
	JMP(LabelRef(square))
	Label(done)
	v.end()
}

// rowPlaces are the memory operands of the rows, from one pointer that moves along the columns. stride
// is in bytes.
func (v vectors) rowPlaces(rows, stride reg.Register) []Mem {
	three := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	places := []Mem{
		{Base: rows},
		{Base: rows, Index: stride, Scale: 1},
		{Base: rows, Index: stride, Scale: 2},
		{Base: rows, Index: three, Scale: 1},
	}
	if !v.wide() {
		return places
	}
	five, seven := GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, five)
	LEAQ(Mem{Base: three, Index: stride, Scale: 4}, seven)
	return append(places,
		Mem{Base: rows, Index: stride, Scale: 4},
		Mem{Base: rows, Index: five, Scale: 1},
		Mem{Base: rows, Index: three, Scale: 2},
		Mem{Base: rows, Index: seven, Scale: 1})
}

// square takes rows in the first registers and writes their columns one after another.
func (v vectors) square(dst reg.Register) {
	r, t := v.registers(0, v.lanes()), v.registers(v.lanes(), v.lanes())
	Comment("Pairs of rows: t[i] gets the even columns of rows i and i+1, t[i+1] the odd ones.")
	for i := 0; i < v.lanes(); i += 2 {
		VUNPCKLPD(r[i+1], r[i], t[i])
		VUNPCKHPD(r[i+1], r[i], t[i+1])
	}
	if !v.wide() {
		for odd := range 2 {
			VPERM2F128(U8(0x20), t[2+odd], t[odd], r[odd])
			VPERM2F128(U8(0x31), t[2+odd], t[odd], r[2+odd])
		}
		for c := range 4 {
			VMOVUPD(r[c], v.at(dst, c))
		}
		return
	}
	Comment("Blocks of two by two values as units: 0x88 picks the even ones of both operands, 0xdd the odd.")
	for odd := range 2 {
		VSHUFF64X2(U8(0x88), t[2+odd], t[odd], r[0]) // columns 0 and 4 of rows 0 to 3 (plus odd)
		VSHUFF64X2(U8(0xdd), t[2+odd], t[odd], r[1]) // columns 2 and 6
		VSHUFF64X2(U8(0x88), t[6+odd], t[4+odd], r[2])
		VSHUFF64X2(U8(0xdd), t[6+odd], t[4+odd], r[3])
		for half := range 2 {
			VSHUFF64X2(U8(0x88), r[2+half], r[half], r[4])
			VSHUFF64X2(U8(0xdd), r[2+half], r[half], r[5])
			VMOVUPD(r[4], v.at(dst, 2*half+odd))
			VMOVUPD(r[5], v.at(dst, 2*half+odd+4))
		}
	}
}

// inspect writes what the driver must know of a signal before it is used.
func (v vectors) inspect() {
	v.function("csdInspect", "seen, x *float64, offsets *int32, n int",
		"looks at the n >= 1 vectors at the byte offsets from x on and writes three:",
		"NaN where a value is NaN or infinite, else 0; the smallest value; the largest.")
	seen, x, offsets, n := load("seen"), load("x"), load("offsets"), load("n")
	poison, low, high, value, none := v.register(0), v.register(1), v.register(2), v.register(3), v.register(4)
	place := GP64()
	zero(poison, none)
	MOVLQSX(Mem{Base: offsets}, place)
	VMOVUPD(Mem{Base: x, Index: place, Scale: 1}, low)
	VMOVUPD(low, high)
	repeat("value", n, func() {
		MOVLQSX(Mem{Base: offsets}, place)
		ADDQ(Imm(4), offsets)
		VMOVUPD(Mem{Base: x, Index: place, Scale: 1}, value)
		VFMADD231PD(none, value, poison)
		VMINPD(value, low, low)
		VMAXPD(value, high, high)
	})
	VMOVUPD(poison, v.at(seen, 0))
	VMOVUPD(low, v.at(seen, 1))
	VMOVUPD(high, v.at(seen, 2))
	v.end()
}
