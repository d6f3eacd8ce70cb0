package deflate

import "math/bits"

// An entry is what a table has for the next bits of the stream. Its bytes, from the lowest, are:
//
//	0    how many bits to take if it is looked up first, extra bits included
//	1    lower 6 bits: how many of those come before the extra ones; upper 2 bits: how many symbols it adds to the output: 0
//	     to 2 literals, and 3 for a distance, because byte 4 counts from 3
//	2-3  one or two literals, or the least distance. The place of a literal that is not there holds 0xff: the assembly compares
//	     what is here with lengths before it looks whether it is a distance.
//	4    the least length less 3
//	5    how many bits make the index of the look-up that follows
//	6    how many bits to take if it is looked up second: those of its literals alone, or of the distance with its extra bits
//	7    lower 6 bits: how many of those come before the extra ones; then the bit isMatch: a distance follows; then isSpecial
//
// An entry for literals and lengths can hold one literal, two, a length, or a literal and a length. Each round of the
// inner loop looks up two entries. The first one gives literals, a length, or both. If it gives a length, the second
// one is looked up among the distances. Otherwise it is looked up in the first table again, and only its literals are
// used: a length that it has is left for the next round. So all rounds do the same, whatever they decode, and no branch
// has to be predicted. In diffusion data two of five symbols are matches of 3 bytes between literals, and nothing tells
// where they come.
//
// Special entries for literals and lengths have 0 in bytes 6 and 7, except for the flag. They are
//
//	subtable     bytes 2-3 where it begins, byte 4 its index bits, byte 0 the bits to take, kindSubtable in byte 1
//	end of block byte 0 the bits to take, kindEnd in byte 1
//	not a code   kindNone in byte 1
//
// Special entries for distances also have the flag isMatch, and in byte 6 more bits than can be taken.
type entry = uint64

const (
	isMatch   entry = 1 << 62
	isSpecial entry = 1 << 63

	kindNone     entry = 0 << 8
	kindEnd      entry = 1 << 8
	kindSubtable entry = 2 << 8
	kindMask     entry = 3 << 8

	countShift  = 14
	valueShift  = 16
	lengthShift = 32
	indexShift  = 40
	secondShift = 48
	codeShift2  = 56

	noLiterals entry = 0xffff << valueShift
	farSpecial       = isSpecial | isMatch | 0x80<<secondShift
)

const (
	litlenBits   = 11
	distanceBits = 8
	// These are the most entries that a code of 288 symbols (32 for distances) of up to 15 bits can need. zlib's
	// program enough computes them: enough 288 11 15, enough 32 8 15.
	litlenEntries   = 2342
	distanceEntries = 402

	maxCodeBits   = 15
	litlenSymbols = 288
	farSymbols    = 32
	endSymbol     = 256
)

// The entries of symbols without their code's bits: RFC 1951, section 3.2.5.
var (
	litlenSymbolEntries   [litlenSymbols]entry
	distanceSymbolEntries [farSymbols]entry
)

func init() {
	for s := range endSymbol {
		litlenSymbolEntries[s] = 1<<countShift | 0xff<<(valueShift+8) | entry(s)<<valueShift | litlenBits<<indexShift
	}
	litlenSymbolEntries[endSymbol] = isSpecial | kindEnd | noLiterals
	length := 3
	for s := endSymbol + 1; s < 285; s++ {
		extra := max(0, (s-261)/4)
		litlenSymbolEntries[s] = lengthEntry(length, extra)
		length += 1 << extra
	}
	litlenSymbolEntries[285] = lengthEntry(258, 0)
	litlenSymbolEntries[286], litlenSymbolEntries[287] = isSpecial|kindNone|noLiterals, isSpecial|kindNone|noLiterals
	distance := 1
	for s := range 30 {
		extra := max(0, s/2-1)
		distanceSymbolEntries[s] = 3<<countShift | entry(distance)<<valueShift | entry(extra)<<secondShift
		distance += 1 << extra
	}
	distanceSymbolEntries[30], distanceSymbolEntries[31] = farSpecial|kindNone, farSpecial|kindNone
}

func lengthEntry(length, extra int) entry {
	return isMatch | noLiterals | entry(length-3)<<lengthShift | distanceBits<<indexShift | entry(extra)
}

// An alphabet says how the entries of its table are made.
type alphabet struct {
	symbols  []entry // without the bits of the code
	rootBits int
	special  entry
	// A code's length is multiplied by these numbers and added to entries: literal for literals, rest for lengths and
	// distances.
	literal, rest entry
}

var (
	litlens = alphabet{litlenSymbolEntries[:], litlenBits, isSpecial,
		1 | 1<<8 | 1<<secondShift | 1<<codeShift2, 1 | 1<<8}
	distances = alphabet{distanceSymbolEntries[:], distanceBits, farSpecial,
		0, 1<<secondShift | 1<<codeShift2}
)

// withCode adds the bits of the code to a symbol's entry.
func (k *alphabet) withCode(symbol uint16, length int) entry {
	e := k.symbols[symbol]
	switch {
	case e&isSpecial != 0:
		return e + entry(length)
	case symbol < endSymbol && k.literal != 0:
		return e + entry(length)*k.literal
	}
	return e + entry(length)*k.rest
}

// complete tells whether code lengths make a code that inflate accepts, by zlib's rules: every sequence of bits begins
// with a symbol's code, or there is one symbol of one bit, or there is no symbol at all.
func complete(counts *[maxCodeBits + 1]uint16) bool {
	left, used := 1, 0
	for length := 1; length <= maxCodeBits; length++ {
		left = left<<1 - int(counts[length])
		used += int(counts[length])
		if left < 0 {
			return false
		}
	}
	return left == 0 || used == 0 || used == 1 && counts[1] == 1
}

// build fills a table for code lengths. It is false where they make no code.
func (k *alphabet) build(table []entry, lengths []uint8) bool {
	var counts [maxCodeBits + 1]uint16
	for _, length := range lengths {
		counts[length&maxCodeBits]++
	}
	counts[0] = 0
	if !complete(&counts) {
		return false
	}
	var sorted [litlenSymbols]uint16
	var next [maxCodeBits + 1]uint16
	used := uint16(0)
	for length, n := range counts {
		next[length] = used
		used += n
	}
	for symbol, length := range lengths {
		if length != 0 {
			sorted[next[length]] = uint16(symbol)
			next[length]++
		}
	}
	k.fill(table, sorted[:used], &counts)
	if k.literal != 0 {
		pairLiterals((*[litlenEntries]entry)(table), sorted[:used], &counts)
	}
	return true
}

// fill writes the entries of the symbols, which are sorted by their codes. The table for one more bit is two copies of
// the table before, side by side. So each entry is written once and then copied with the table.
func (k *alphabet) fill(table []entry, sorted []uint16, counts *[maxCodeBits + 1]uint16) {
	if len(sorted) < 2 { // codes that are incomplete
		for i := range 1 << k.rootBits {
			table[i] = k.special
		}
		for _, symbol := range sorted {
			for i := 0; i < 1<<k.rootBits; i += 2 {
				table[i] = k.withCode(symbol, 1)
			}
		}
		return
	}
	code, i := uint32(0), 0 // code is reversed: its first bit is the lowest
	size := 1
	for length := 1; length <= k.rootBits; length++ {
		copy(table[size:2*size], table[:size])
		size *= 2
		for range counts[length] {
			table[code] = k.withCode(sorted[i], length)
			i++
			code = following(code, length)
		}
	}
	k.fillSubtables(table, sorted[i:], counts, code)
}

// following returns the code after this one, of the same length; both are reversed. After the last code it returns the
// last code again, and nothing is made of that.
func following(code uint32, length int) uint32 {
	free := ^code & (1<<length - 1)
	if free == 0 {
		return code
	}
	top := uint32(1) << (bits.Len32(free) - 1)
	return code&(top-1) | top
}

// fillSubtables writes the entries of codes that are longer than the table's index, from the given code on.
func (k *alphabet) fillSubtables(table []entry, sorted []uint16, counts *[maxCodeBits + 1]uint16, code uint32) {
	root := uint32(1)<<k.rootBits - 1
	end, begin, width, prefix := 1<<k.rootBits, 0, 0, ^uint32(0)
	left := *counts
	length := k.rootBits + 1
	for _, symbol := range sorted {
		for left[length] == 0 {
			length++
		}
		if code&root != prefix {
			prefix, begin = code&root, end
			width = subtableBits(&left, length, k.rootBits)
			end += 1 << width
			table[prefix] = k.special | kindSubtable | entry(begin)<<valueShift | entry(width)<<lengthShift | entry(k.rootBits)
		}
		e := k.withCode(symbol, length-k.rootBits)
		for i := int(code) >> k.rootBits; i < 1<<width; i += 1 << (length - k.rootBits) {
			table[begin+i] = e
		}
		left[length]--
		code = following(code, length)
	}
}

// subtableBits returns how many bits index the subtable that begins with a code of this length: enough for all the
// codes with the same prefix.
func subtableBits(left *[maxCodeBits + 1]uint16, length, rootBits int) int {
	width := length - rootBits
	for room := 1<<width - int(left[length]); room > 0 && length < maxCodeBits; {
		length++
		width++
		room = room<<1 - int(left[length])
	}
	return width
}
