package deflate

import (
	"encoding/binary"
	"math/bits"
)

// FindDynamic returns the first bit in [from, to) at which a dynamic block may begin that is not the last block, or -1.
// There the header's three bits, the numbers of codes, the code of code lengths, which must be complete, the code
// lengths, and the codes that they make must all be valid. This is so at one of 10^9 random places (Knespel and Brunst
// 2023, table 1). InputSlack bytes after the input must be readable.
func (d *Decoder) FindDynamic(input []byte, from, to int) int {
	b := input[:len(input)+InputSlack]
	for at := from >> 3; 8*at < to; at += 6 {
		// Bit i of candidates stands for a header that begins at bit i of next. Such a header is judged by its first 13
		// bits.
		next := binary.LittleEndian.Uint64(b[at:])
		candidates := ^next & ^(next >> 1) & (next >> 2)                        // not the last block; dynamic
		candidates &= ^(next >> 4 & (next >> 5) & (next >> 6) & (next >> 7))    // at most 286 literals and lengths
		candidates &= ^(next >> 9 & (next >> 10) & (next >> 11) & (next >> 12)) // at most 30 distances
		candidates &= 1<<48 - 1
		if 8*at < from {
			candidates &= ^uint64(0) << (from - 8*at)
		}
		for ; candidates != 0; candidates &= candidates - 1 {
			shift := bits.TrailingZeros64(candidates)
			bit := 8*at + shift
			if bit >= to {
				return -1
			}
			// The lengths begin 17 bits after the header. There are 4 more than the last four bits of those say.
			lengths := binary.LittleEndian.Uint64(b[(bit+17)>>3:]) >> ((bit + 17) & 7)
			if fullPrecode(lengths, int(next>>(shift+13)&15)+4) && d.Dynamic(input, bit) {
				return bit
			}
		}
	}
	return -1
}

// Dynamic says whether a dynamic block that is not the last block may begin at a bit.
func (d *Decoder) Dynamic(input []byte, bit int) bool { return d.dynamic(input, bit) && !d.final }

// LastOrDynamic says whether a dynamic block may begin at a bit, whether it is the last block or not.
func (d *Decoder) LastOrDynamic(input []byte, bit int) bool { return d.dynamic(input, bit) }

func (d *Decoder) dynamic(input []byte, bit int) bool {
	if bit>>3+16 > len(input) {
		return false
	}
	d.SetInput(input, bit, true)
	d.final = d.read(1) == 1
	if d.read(2) != dynamicBlock || d.dynamicHeader() != nil || d.truncated() {
		return false
	}
	return full(d.lengths[:litlenSymbols], false) && full(d.lengths[litlenSymbols:litlenSymbols+farSymbols], true)
}

// fullPrecode says whether the code of code lengths is complete. It has a number of lengths of 3 bits each, which are
// 57 bits at most.
func fullPrecode(lengths uint64, codes int) bool {
	lengths &= 1<<(3*codes&63) - 1
	return kraftSums[lengths&0xfff]+kraftSums[lengths>>12&0xfff]+kraftSums[lengths>>24&0xfff]+
		kraftSums[lengths>>36&0xfff]+kraftSums[lengths>>48&0xfff] == 1<<precodeBits
}

// kraftSums holds the sum of 2^(7-length) over four lengths of 3 bits.
var kraftSums = func() (table [1 << 12]uint16) {
	for i := range table {
		for four := i; four > 0; four >>= 3 {
			if length := four & 7; length > 0 {
				table[i] += 1 << (precodeBits - length)
			}
		}
	}
	return table
}()

// full tells whether code lengths make a complete code. With orFew, one symbol or none are accepted, too.
func full(lengths []uint8, orFew bool) bool {
	sum, used := 0, 0
	for _, length := range lengths {
		if length > 0 {
			sum += 1 << (maxCodeBits - length)
			used++
		}
	}
	return sum == 1<<maxCodeBits || orFew && (used == 0 || used == 1 && sum == 1<<(maxCodeBits-1))
}
