package deflate

import "fmt"

const (
	storedBlock  = 0
	fixedBlock   = 1
	dynamicBlock = 2

	precodeBits    = 7
	precodeSymbols = 19
	maxLitlenCodes = 286
	maxFarCodes    = 30

	// The fixed codes have some codes without a meaning. These are their lengths.
	fixedLitlenBits   = 8
	fixedDistanceBits = 5
)

// precodeOrder is the order in which the lengths of the code of code lengths are stored.
var precodeOrder = [precodeSymbols]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// blockHeader reads the header of a block and makes its tables.
func (d *Decoder) blockHeader() error {
	d.refill()
	d.final = d.read(1) == 1
	switch d.read(2) {
	case storedBlock:
		return d.storedHeader()
	case fixedBlock:
		d.fixedTables()
	case dynamicBlock:
		if err := d.dynamicHeader(); err != nil {
			return err
		}
		d.fixed = false
		if !litlens.build(d.table[:litlenEntries], d.lengths[:litlenSymbols]) {
			return d.damage("the code of literals and lengths is over-subscribed or incomplete")
		}
		if !distances.build(d.table[litlenEntries:], d.lengths[litlenSymbols:litlenSymbols+farSymbols]) {
			return d.damage("the code of distances is over-subscribed or incomplete")
		}
	default:
		return d.damage("a block of type 3")
	}
	if d.truncated() {
		return ErrTruncated
	}
	d.phase = inCodes
	return nil
}

// damage returns the error, unless the input ended before the place that it complains about.
func (d *Decoder) damage(what string) error {
	if d.truncated() {
		return ErrTruncated
	}
	return corrupt(what)
}

func (d *Decoder) storedHeader() error {
	d.read(uint(-d.Bit()) & 7)
	length, check := d.read(16), d.read(16)
	if length != check^0xffff {
		return d.damage(fmt.Sprintf("a stored block of %d bytes whose check says %d", length, check^0xffff))
	}
	if d.truncated() {
		return ErrTruncated
	}
	d.phase, d.stored = inStored, int(length)
	return nil
}

func (d *Decoder) fixedTables() {
	if d.fixed {
		return
	}
	lengths := d.lengths[:litlenSymbols]
	for i := range lengths {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	litlens.build(d.table[:litlenEntries], lengths)
	for i := range farSymbols {
		d.lengths[i] = 5
	}
	distances.build(d.table[litlenEntries:], d.lengths[:farSymbols])
	d.fixed = true
}

// dynamicHeader reads the code lengths of a dynamic block, after its first three bits, into lengths: those of literals
// and lengths, filled up with zeros, and then those of distances, filled up as well.
func (d *Decoder) dynamicHeader() error {
	d.refill()
	litlens, fars, codes := int(d.read(5))+257, int(d.read(5))+1, int(d.read(4))+4
	if litlens > maxLitlenCodes || fars > maxFarCodes {
		return d.damage("too many codes in a block's header")
	}
	var lengths [precodeSymbols]uint8
	for _, symbol := range precodeOrder[:codes] {
		lengths[symbol] = uint8(d.read(3))
	}
	if !d.buildPrecode(&lengths) {
		return d.damage("the code of code lengths is over-subscribed or incomplete")
	}
	if !d.codeLengths(litlens + fars) {
		return d.damage("code lengths without sense")
	}
	if d.lengths[endSymbol] == 0 {
		return d.damage("a block without a code for its end")
	}
	var fill [farSymbols]uint8
	copy(fill[:], d.lengths[litlens:litlens+fars])
	clear(d.lengths[litlens:litlenSymbols])
	copy(d.lengths[litlenSymbols:], fill[:])
	return nil
}

// buildPrecode makes the table of the code of code lengths, which must be complete. An entry has the symbol in its
// lower five bits, and above them how many bits to take.
func (d *Decoder) buildPrecode(lengths *[precodeSymbols]uint8) bool {
	var counts [8]int
	for _, length := range lengths {
		counts[length]++
	}
	space := 0
	for length := 1; length <= precodeBits; length++ {
		space += counts[length] << (precodeBits - length)
	}
	if space != 1<<precodeBits {
		return false
	}
	code := uint32(0)
	for length := 1; length <= precodeBits; length++ {
		if counts[length] == 0 {
			continue
		}
		for symbol, l := range lengths {
			if int(l) != length {
				continue
			}
			for i := code; i < 1<<precodeBits; i += 1 << length {
				d.precode[i] = uint8(length)<<5 | uint8(symbol)
			}
			code = following(code, length)
		}
	}
	return true
}

// codeLengths reads n code lengths. It is false if the first of them repeats the one before, or if a repetition goes
// beyond the end.
func (d *Decoder) codeLengths(n int) bool {
	for i := 0; i < n; {
		if d.bits < precodeBits+7 {
			d.refill()
		}
		e := d.precode[d.buffer&(1<<precodeBits-1)]
		d.take(uint(e >> 5))
		symbol := e & 31
		if symbol < 16 {
			d.lengths[i] = symbol
			i++
			continue
		}
		var value uint8
		var repeat int
		switch symbol {
		case 16:
			if i == 0 {
				return false
			}
			value, repeat = d.lengths[i-1], 3+int(d.read(2))
		case 17:
			repeat = 3 + int(d.read(3))
		default:
			repeat = 11 + int(d.read(7))
		}
		for j := range repeat {
			d.lengths[i+j] = value
		}
		i += repeat
		if i > n {
			return false
		}
	}
	return true
}
