package deflate

import "encoding/binary"

// FindDynamic returns the first bit from from on and before to at which a dynamic block that is not the last may begin,
// or -1: its header's three bits, the numbers of its codes, the code of code lengths, which is complete, the code
// lengths and the codes that they make must all be in order. As few as one in 10^9 random places are (Knespel and
// Brunst 2023, table 1). InputSlack bytes behind the input must be readable.
func (d *Decoder) FindDynamic(input []byte, from, to int) int {
	b := input[:len(input)+InputSlack]
	for bit := from; bit < to; {
		next := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
		// 57 bits are there, and 13 are looked at.
		for left := min(57-13, to-bit); left > 0; {
			skip := int(skips[next&(1<<skipBits-1)])
			if skip == 0 {
				if fullPrecode(b, bit) && d.Dynamic(input, bit) {
					return bit
				}
				skip = 1
			}
			next >>= skip
			bit += skip
			left -= skip
		}
	}
	return -1
}

const skipBits = 13

// skips says, by the next 13 bits, after how many bits a header could begin of a dynamic block that is not the last
// one.
var skips = func() (table [1 << skipBits]uint8) {
	for i := range table {
		table[i] = skipBits
		for shift := range skipBits {
			// What is beyond the 13 bits counts as good.
			bits := i >> shift
			known := skipBits - shift
			if (bits^dynamicBlock<<1)&7&(1<<known-1) != 0 {
				continue
			}
			if known >= 8 && bits>>3&31 > maxLitlenCodes-257 || known >= 13 && bits>>8&31 > maxFarCodes-1 {
				continue
			}
			table[i] = uint8(shift)
			break
		}
	}
	return table
}()

// Dynamic tells whether a dynamic block that is not the last one may begin at a bit.
func (d *Decoder) Dynamic(input []byte, bit int) bool { return d.dynamic(input, bit) && !d.final }

// LastOrDynamic tells whether a dynamic block may begin at a bit.
func (d *Decoder) LastOrDynamic(input []byte, bit int) bool { return d.dynamic(input, bit) }

func (d *Decoder) dynamic(input []byte, bit int) bool {
	if bit>>3+16 > len(input) || !fullPrecode(input[:len(input)+InputSlack], bit) {
		return false
	}
	d.SetInput(input, bit, true)
	d.final = d.read(1) == 1
	if d.read(2) != dynamicBlock || d.dynamicHeader() != nil || d.truncated() {
		return false
	}
	return full(d.lengths[:litlenSymbols], false) && full(d.lengths[litlenSymbols:litlenSymbols+farSymbols], true)
}

// fullPrecode tells whether the code of code lengths in a header at a bit is complete.
func fullPrecode(b []byte, bit int) bool {
	head := binary.LittleEndian.Uint32(b[bit>>3:]) >> (bit & 7)
	codes := int(head>>13&15) + 4
	bit += 17
	// 19 lengths of 3 bits are 57 bits.
	lengths := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & (1<<(3*codes&63) - 1)
	return kraftSums[lengths&0xfff]+kraftSums[lengths>>12&0xfff]+kraftSums[lengths>>24&0xfff]+
		kraftSums[lengths>>36&0xfff]+kraftSums[lengths>>48&0xfff] == 1<<precodeBits
}

// kraftSums are the sums of 2^(7-length) of four lengths of 3 bits.
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

// full tells whether code lengths make a complete code or, where that is allowed, are of one symbol or none.
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
