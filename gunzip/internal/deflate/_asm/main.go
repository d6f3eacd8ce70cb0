// Command _asm writes the inner loops of package deflate: `go generate ./gunzip/internal/deflate` runs it.
//
// The comments of ../entry.go and ../loop_assembly.go describe the entries and the loop's state. The loop for arm64 is
// written by hand and does the same.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	litlenBits    = 11
	distanceBits  = 8
	litlenEntries = 2342

	kindMask     = 3 << 8
	kindSubtable = 2 << 8
	kindEnd      = 1 << 8

	stopLimit    = 0
	stopEnd      = 1
	stopLitlen   = 2
	stopDistance = 3
	stopFar      = 4
)

// The offsets of the fields of type loop.
const (
	fieldIn = 8 * iota
	fieldInEnd
	fieldBuffer
	fieldBits
	fieldOut
	fieldLimit
	fieldFirst
	fieldTable
	fieldPatterns
	fieldWhy
	fieldScratch
)

func main() {
	ConstraintExpr("!purego")
	inner{name: "decodeBytes", size: 1}.write()
	inner{name: "decodeFirstBytes", size: 1, checked: true}.write()
	inner{name: "decodeSymbols", size: 2}.write()
	replace()
	Generate()
}

// inner is the inner loop for symbols of 1 or 2 bytes.
type inner struct {
	name string
	size int
	// A checked loop checks whether matches begin before the first byte. Other loops must have a whole window before
	// the output.
	checked bool
}

// registers hold the loop's state from round to round. write says what each holds.
type registers struct{ state, in, buffer, bits, out, table GPVirtual }

func (l inner) write() {
	TEXT(l.name, NOSPLIT, "func(state *uint64)")
	Pragma("noescape")
	Doc(l.name + " decodes the codes of a block until the block, the input or the room for the output ends, or the data make no sense.")
	r := registers{state: Load(Param("state"), GP64()).(GPVirtual)}
	field := func(offset int, what string) GPVirtual {
		v := GP64()
		Comment("This register holds " + what + ":")
		MOVQ(Mem{Base: r.state, Disp: offset}, v)
		return v
	}
	r.in = field(fieldIn, "the next byte of the input")
	r.buffer = field(fieldBuffer, "bits of the input, the next one lowest")
	r.bits = field(fieldBits, "how many of them count")
	r.out = field(fieldOut, "where the next symbol goes")
	r.table = field(fieldTable, "the entries of literals and lengths, and then those of distances")
	r.refill()

	e, index, length, far := GP64(), GP64(), GP64(), GP64()
	Label("round") // at least 28 bits are left here
	CMPQ(r.out, Mem{Base: r.state, Disp: fieldLimit})
	JAE(LabelRef("limit"))
	CMPQ(r.in, Mem{Base: r.state, Disp: fieldInEnd})
	JA(LabelRef("limit"))
	Comment("The output is not in any cache, and the processor's prefetcher starts anew on each page. So this prefetches it.")
	PREFETCHT0(Mem{Base: r.out, Disp: 1024 * l.size})
	Comment("The first lookup gives literals, a length, or both.")
	MOVL(r.buffer.As32(), index.As32())
	ANDL(U32(1<<litlenBits-1), index.As32())
	MOVQ(Mem{Base: r.table, Index: index, Scale: 8}, e)
	TESTQ(e, e)
	JS(LabelRef("special"))
	Label("first")
	l.first(r, e, index, length, far)
	Label("second")
	l.second(r, e, index, length, far)
	l.specialEntries(r, e, index, far)
	l.stops(r)
}

// refill fills the buffer, so that it has at least 56 bits.
func (r registers) refill() {
	more, n := GP64(), GP64()
	MOVQ(Mem{Base: r.in}, more)
	SHLXQ(r.bits, more, more)
	ORQ(more, r.buffer)
	MOVQ(r.bits, n)
	XORQ(U8(63), n)
	SHRQ(U8(3), n)
	ADDQ(n, r.in)
	ORQ(U8(56), r.bits)
}

// part returns the operand for byte b of the entry at an index of a table.
func part(table, index GPVirtual, b int) Mem {
	return Mem{Base: table, Index: index, Scale: 8, Disp: b}
}

// first takes the bits of the first entry, e, and writes its literals. It sets far to the index of the second entry in
// the table, and length to a match's length less 3, or to 0.
func (l inner) first(r registers, e, index, length, far GPVirtual) {
	taken, code, second, least := GP64(), GP64(), GP64(), GP64()
	Comment("Byte 5 has the number of bits for the second lookup. Without a length, that is in the first table again.")
	MOVBLZX(part(r.table, index, 5), second.As32())
	BZHIQ(e, r.buffer, length)
	SHRXQ(e, r.buffer, r.buffer)
	BZHIQ(second, r.buffer, second)
	LEAQ(Mem{Base: r.table, Disp: 8 * litlenEntries}, far)
	BTQ(U8(62), e)
	CMOVQCC(r.table, far)
	Comment("The match's length less 3 is the least length less 3, plus the extra bits.")
	MOVBLZX(part(r.table, index, 1), code.As32())
	SHRXQ(code, length, length)
	MOVBLZX(part(r.table, index, 4), least.As32())
	ADDQ(least, length)
	MOVBLZX(e.As8(), taken.As32())
	SUBQ(taken, r.bits)
	l.literals(part(r.table, index, 2), Mem{Base: r.out})
	SHRL(U8(6), code.As32())
	LEAQ(Mem{Base: r.out, Index: code, Scale: uint8(l.size)}, r.out)
	r.refill()
	MOVQ(second, index)
}

// literals writes the two literals of an entry.
func (l inner) literals(from, to Mem) {
	if l.size == 1 {
		both := GP32()
		MOVWLZX(from, both)
		MOVW(both.As16(), to)
		return
	}
	both := XMM()
	VPMOVZXBW(from, both)
	VMOVD(both, to)
}

// second takes the bits of the second entry, and writes the match or the literals.
func (l inner) second(r registers, e, index, length, far GPVirtual) {
	taken, code, count, distance, least := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVBLZX(part(far, index, 6), taken.As32())
	CMPL(taken.As32(), U8(64))
	JAE(LabelRef("farSpecial"))
	BZHIQ(taken, r.buffer, distance)
	SHRXQ(taken, r.buffer, r.buffer)
	SUBQ(taken, r.bits)
	MOVBLZX(part(far, index, 7), code.As32())
	SHRXQ(code, distance, distance)
	MOVWLZX(part(far, index, 2), least.As32())
	ADDQ(least, distance)
	MOVBLZX(part(far, index, 1), count.As32())
	SHRL(U8(6), count.As32())
	ADDQ(count, length) // count is 3 for a distance, which makes the sum the match's length, and else the number of literals

	if l.checked {
		Comment("A distance beyond the first byte is an error, unless it is not a distance but literals.")
		room, match := GP64(), GP64()
		MOVQ(r.out, room)
		SUBQ(Mem{Base: r.state, Disp: fieldFirst}, room)
		SUBQ(distance, room)
		LEAQ(Mem{Base: e, Index: e, Scale: 1}, match)
		TESTQ(match, room)
		JS(LabelRef("far"))
	}
	Comment("Matches longer than 16 bytes, or that overlap themselves, are rare and handled elsewhere.")
	CMPQ(length, U8(16))
	JA(LabelRef("long"))
	CMPQ(distance, length)
	JB(LabelRef("overlap"))
	Label("copy")
	from := GP64()
	if l.size == 1 {
		MOVQ(r.out, from)
		SUBQ(distance, from)
		Comment("Without a match, the literals are copied from their entry.")
		LEAQ(part(far, index, 2), index)
		BTQ(U8(62), e)
		CMOVQCC(index, from)
		x := XMM()
		VMOVDQU(Mem{Base: from}, x)
		VMOVDQU(x, Mem{Base: r.out})
	} else {
		Comment("Without a match, entries are copied first, and the literals over them. With a match, the literals go to unused memory.")
		to := GP64()
		NEGQ(distance)
		LEAQ(Mem{Base: r.out, Index: distance, Scale: 2}, from)
		LEAQ(Mem{Base: r.state, Disp: fieldScratch}, to)
		BTQ(U8(62), e)
		CMOVQCC(r.table, from)
		CMOVQCC(r.out, to)
		y := YMM()
		VMOVDQU(Mem{Base: from}, y)
		VMOVDQU(y, Mem{Base: r.out})
		l.literals(part(far, index, 2), Mem{Base: to})
	}
	LEAQ(Mem{Base: r.out, Index: length, Scale: uint8(l.size)}, r.out)
	JMP(LabelRef("round"))

	Label("overlap")
	Comment("The literals 0 and 0, or 0 and 1, look like a distance.")
	BTQ(U8(62), e)
	JCC(LabelRef("copy"))
	Label("long")
	l.longMatch(r, distance, length)
}

// longMatch copies a match of any length, in words of 16 bytes, and writes beyond its end.
func (l inner) longMatch(r registers, distance, length GPVirtual) {
	if l.size == 2 {
		ADDQ(distance, distance)
	}
	from, end := GP64(), GP64()
	MOVQ(r.out, from)
	SUBQ(distance, from)
	LEAQ(Mem{Base: r.out, Index: length, Scale: uint8(l.size)}, end)
	x := XMM()
	VMOVDQU(Mem{Base: from}, x)
	CMPQ(distance, U8(16))
	JB(LabelRef("pattern"))
	Label("words")
	VMOVDQU(x, Mem{Base: r.out})
	ADDQ(U8(16), from)
	ADDQ(U8(16), r.out)
	VMOVDQU(Mem{Base: from}, x)
	CMPQ(r.out, end)
	JB(LabelRef("words"))
	MOVQ(end, r.out)
	JMP(LabelRef("round"))

	Label("pattern")
	Comment("The bytes of the distance, again and again, are as many as fit whole into 16: row distance of the patterns says which,",
		"and byte 15 of its row before how many.")
	row := distance
	SHLQ(U8(5), row)
	ADDQ(Mem{Base: r.state, Disp: fieldPatterns}, row)
	VPSHUFB(Mem{Base: row}, x, x)
	step := GP64()
	MOVBLZX(Mem{Base: row, Disp: 16}, step.As32())
	Label("repeat")
	VMOVDQU(x, Mem{Base: r.out})
	ADDQ(step, r.out)
	CMPQ(r.out, end)
	JB(LabelRef("repeat"))
	MOVQ(end, r.out)
	JMP(LabelRef("round"))
}

// specialEntries handles codes that are longer than a table's index.
func (l inner) specialEntries(r registers, e, index, far GPVirtual) {
	kind, width := GP64(), GP64()
	Label("special")
	MOVL(e.As32(), kind.As32())
	ANDL(U32(kindMask), kind.As32())
	CMPL(kind.As32(), U32(kindSubtable))
	JNE(LabelRef("noLitlen"))
	SHRQ(U8(litlenBits), r.buffer)
	SUBQ(U8(litlenBits), r.bits)
	RORXQ(U8(32), e, width)
	BZHIQ(width, r.buffer, width)
	SHRL(U8(16), e.As32())
	MOVL(e.As32(), index.As32())
	ADDL(width.As32(), index.As32())
	MOVQ(Mem{Base: r.table, Index: index, Scale: 8}, e)
	TESTQ(e, e)
	JNS(LabelRef("first"))
	MOVL(e.As32(), kind.As32())
	ANDL(U32(kindMask), kind.As32())
	Label("noLitlen")
	why := GP64()
	MOVL(U32(stopLitlen), why.As32())
	CMPL(kind.As32(), U32(kindEnd))
	JNE(LabelRef("litlen"))
	MOVL(U32(stopEnd), why.As32())
	taken := GP64()
	MOVBQZX(e.As8(), taken)
	SHRXQ(taken, r.buffer, r.buffer)
	SUBQ(taken, r.bits)
	Label("litlen")
	MOVQ(why, Mem{Base: r.state, Disp: fieldWhy})
	JMP(LabelRef("done"))

	Label("farSpecial")
	why = GP64()
	MOVL(U32(stopDistance), why.As32())
	second := GP64()
	MOVQ(Mem{Base: far, Index: index, Scale: 8}, second)
	MOVL(second.As32(), kind.As32())
	ANDL(U32(kindMask), kind.As32())
	CMPL(kind.As32(), U32(kindSubtable))
	JNE(LabelRef("litlen2"))
	SHRQ(U8(distanceBits), r.buffer)
	SUBQ(U8(distanceBits), r.bits)
	RORXQ(U8(32), second, width)
	BZHIQ(width, r.buffer, width)
	SHRL(U8(16), second.As32())
	MOVL(second.As32(), index.As32())
	ADDL(width.As32(), index.As32())
	Comment("An entry of a subtable never refers to a subtable. So a second time here means that the bits are not a code.")
	JMP(LabelRef("second"))
	Label("litlen2")
	MOVQ(why, Mem{Base: r.state, Disp: fieldWhy})
	JMP(LabelRef("done"))
}

func (l inner) stops(r registers) {
	why := GP64()
	if l.checked {
		Label("far")
		MOVL(U32(stopFar), why.As32())
		MOVQ(why, Mem{Base: r.state, Disp: fieldWhy})
		JMP(LabelRef("done"))
	}
	Label("limit")
	XORL(why.As32(), why.As32())
	MOVQ(why, Mem{Base: r.state, Disp: fieldWhy})
	Label("done")
	MOVQ(r.in, Mem{Base: r.state, Disp: fieldIn})
	MOVQ(r.buffer, Mem{Base: r.state, Disp: fieldBuffer})
	MOVQ(r.bits, Mem{Base: r.state, Disp: fieldBits})
	MOVQ(r.out, Mem{Base: r.state, Disp: fieldOut})
	VZEROUPPER()
	RET()
}

// replace writes the bytes that symbols stand for, 32 at a time. If none of the 32 is a marker, it does not use the
// table.
func replace() {
	TEXT("replaceWords", NOSPLIT, "func(dst *byte, symbols *uint16, meaning *byte, n int)")
	Pragma("noescape")
	Doc("replaceWords writes for each of n symbols, a multiple of 32, the byte that it means. dst may be where the symbols are.")
	dst, from := Load(Param("dst"), GP64()), Load(Param("symbols"), GP64())
	meaning, n := Load(Param("meaning"), GP64()), Load(Param("n"), GP64())
	done := GP64()
	XORQ(done, done)
	high, low, other, both := YMM(), YMM(), YMM(), YMM()
	VPCMPEQW(high, high, high)
	VPSLLW(U8(8), high, high) // only markers have these bits
	JMP(LabelRef("next"))
	Label("words")
	VMOVDQU(Mem{Base: from, Index: done, Scale: 2}, low)
	VMOVDQU(Mem{Base: from, Index: done, Scale: 2, Disp: 32}, other)
	VPOR(low, other, both)
	VPTEST(high, both)
	JNE(LabelRef("markers"))
	VPACKUSWB(other, low, low)
	VPERMQ(U8(0xd8), low, low) // packing works on each half by itself
	VMOVDQU(low, Mem{Base: dst, Index: done, Scale: 1})
	ADDQ(U8(32), done)
	Label("next")
	CMPQ(done, n)
	JL(LabelRef("words"))
	VZEROUPPER()
	RET()

	Label("markers")
	symbol := GP64()
	for i := range 32 {
		MOVWLZX(Mem{Base: from, Index: done, Scale: 2, Disp: 2 * i}, symbol.As32())
		MOVBLZX(Mem{Base: meaning, Index: symbol, Scale: 1}, symbol.As32())
		MOVB(symbol.As8(), Mem{Base: dst, Index: done, Scale: 1, Disp: i})
	}
	ADDQ(U8(32), done)
	JMP(LabelRef("next"))
}
