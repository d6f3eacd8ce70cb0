// Command _asm writes the inner loop of package compress: `go generate ./nifti/...` runs it.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	const name = "putCodes"
	TEXT(name, NOSPLIT, "func(out, literals *byte, n int, codes *uint32, waiting, bits uint64) (behind, waits uint64)")
	Pragma("noescape")
	Doc(name+" writes the codes of n literals to out. n is a multiple of 3 that is not 0. Of the bits before, waiting holds up",
		"to 7 that did not fill a byte; bits is their number. behind is the number of bytes that were written. Up to 7 bytes",
		"after them are overwritten. waits has the new number of waiting bits in its lowest byte, and these bits above it.")
	out := Load(Param("out"), GP64())
	literals := Load(Param("literals"), GP64())
	left := Load(Param("n"), GP64())
	codes := Load(Param("codes"), GP64())
	waiting := Load(Param("waiting"), GP64())
	bits := Load(Param("bits"), GP64()).(GPVirtual)
	first, eight, whole := GP64(), GP64(), GP64()
	MOVQ(out, first)
	MOVQ(U32(8), eight)
	Label("round")
	Comment("c: the codes with their lengths in the lowest byte. As a count for shifts, c is the length, since only the lowest six bits count. v: the codes alone.")
	var c, v [3]GPVirtual
	for i := range c {
		c[i], v[i] = GP64(), GP64()
		MOVBLZX(Mem{Base: literals, Disp: i}, c[i].As32())
		MOVL(Mem{Base: codes, Index: c[i], Scale: 4}, c[i].As32())
		SHRXQ(eight, c[i], v[i])
	}
	Comment("v[0] gets the three codes, and the lowest byte of c[0] their total length.")
	for i := 1; i < len(c); i++ {
		SHLXQ(c[0], v[i], v[i])
		ORQ(v[i], v[0])
		ADDQ(c[i], c[0])
	}
	SHLXQ(bits, v[0], v[0])
	ORQ(v[0], waiting)
	ADDQ(c[0], bits)
	MOVQ(waiting, Mem{Base: out})
	Comment("Up to 6 whole bytes are written.")
	MOVBLZX(bits.As8(), whole.As32())
	ANDL(U32(7), bits.As32())
	SHRQ(U8(3), whole)
	ADDQ(whole, out)
	SHLQ(U8(3), whole)
	SHRXQ(whole, waiting, waiting)
	ADDQ(Imm(3), literals)
	SUBQ(Imm(3), left)
	JNZ(LabelRef("round"))
	SUBQ(first, out)
	SHLQ(U8(8), waiting)
	ORQ(bits, waiting)
	Store(out, ReturnIndex(0))
	Store(waiting, ReturnIndex(1))
	RET()
	Generate()
}
