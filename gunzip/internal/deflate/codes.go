package deflate

import (
	"encoding/binary"
	"unsafe"
)

// A stop says why the inner loop ended.
type stop uint64

const (
	stopLimit    stop = iota // the input or the room for the output is used up
	stopEnd                  // end of the block
	stopLitlen               // bits that are not a code of a literal or length
	stopDistance             // bits that are not a code of a distance
	stopFar                  // a match that begins before the first byte
)

// decodeCodes goes on with a block of codes.
func decodeCodes[T Symbol](d *Decoder, out []T, at, first, limit int) (int, error) {
	begin, begun := at, d.cursor
	at, why := decodeRounds(d, out, at, first, limit)
	if d.truncated() {
		d.cursor = begun
		return lastWhole(d, out, begin, first, limit), ErrTruncated
	}
	switch why {
	case stopEnd:
		d.phase = atBlock
	case stopLitlen:
		return at, d.noCode(fixedLitlenBits, "bits that are not a code of a literal or length")
	case stopDistance:
		return at, d.noCode(fixedDistanceBits, "bits that are not a code of a distance")
	case stopFar:
		return at, corrupt("a match from before the first byte")
	}
	return at, nil
}

// noCode returns the error for bits that are no code, unless the input ended before they did. There are such bits in
// the fixed codes, whose last symbols have no meaning, and in codes of one symbol, which use one bit.
func (d *Decoder) noCode(fixed int, what string) error {
	n := 1
	if d.fixed {
		n = fixed
	}
	if d.last && d.Bit()+n > 8*len(d.input) {
		return ErrTruncated
	}
	return corrupt(what)
}

// lastWhole decodes round by round. It returns where the output of the last round ends whose input was complete.
func lastWhole[T Symbol](d *Decoder, out []T, at, first, limit int) int {
	for at < limit {
		after, why := decodeRounds(d, out, at, first, at+1)
		if why != stopLimit || d.truncated() {
			break
		}
		at = after
	}
	return at
}

// decodeRounds runs the inner loop, in assembly where there is any.
func decodeRounds[T Symbol](d *Decoder, out []T, at, first, limit int) (int, stop) {
	size := int(unsafe.Sizeof(out[0]))
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), size*len(out))
	if limit+OutputSlack > len(out) {
		panic("deflate: no slack behind the output")
	}
	var why stop
	if d.portable {
		at, why = decodePortable[T](d, bytes, size*at, size*first, size*limit)
	} else {
		at, why = decodeAssembly(d, size, bytes, size*at, size*first, size*limit)
	}
	return at / size, why
}

// decodePortable is the inner loop in Go. Places in out are in bytes, whatever the size of a symbol is.
func decodePortable[T Symbol](d *Decoder, out []byte, at, first, limit int) (int, stop) {
	var symbol T
	size := int(unsafe.Sizeof(symbol))
	table := &d.table
	input := d.input[:cap(d.input)]
	buffer, bits, next := d.buffer, d.bits, d.next
	inputEnd := len(d.input) + 8 // bits of the buffer behind this are not input
	why := stopLimit
	for at < limit && next <= inputEnd {
		buffer |= binary.LittleEndian.Uint64(input[next:]) << (bits & 63)
		next += int(63-bits) >> 3
		bits |= 56

		e := table[buffer&(1<<litlenBits-1)]
		if e&isSpecial != 0 {
			if e&kindMask == kindSubtable {
				buffer >>= litlenBits
				bits -= litlenBits
				e = table[(e>>valueShift&0xfff+buffer&(1<<(e>>lengthShift&15)-1))%litlenEntries]
			}
			if e&isSpecial != 0 {
				why = stopLitlen
				if e&kindMask == kindEnd {
					buffer >>= e & 63
					bits -= uint(e & 63)
					why = stopEnd
				}
				break
			}
		}
		length := int(e>>lengthShift&0xff + buffer&(1<<(e&63)-1)>>(e>>8&63))
		buffer >>= e & 63
		bits -= uint(e & 63)
		at += putLiterals(out[at:], e, size)
		if e&isMatch == 0 {
			e = table[buffer&(1<<litlenBits-1)]
			buffer >>= e >> secondShift & 63
			bits -= uint(e >> secondShift & 63)
			at += putLiterals(out[at:], e, size)
			continue
		}
		e = table[litlenEntries+buffer&(1<<distanceBits-1)]
		if e&isSpecial != 0 {
			if e&kindMask == kindSubtable {
				buffer >>= distanceBits
				bits -= distanceBits
				e = table[litlenEntries+(e>>valueShift&0x1ff+buffer&(1<<(e>>lengthShift&15)-1))%distanceEntries]
			}
			if e&isSpecial != 0 {
				why = stopDistance
				break
			}
		}
		distance := size * int(e>>valueShift&0xffff+buffer&(1<<(e>>secondShift&63)-1)>>(e>>codeShift2&63))
		buffer >>= e >> secondShift & 63
		bits -= uint(e >> secondShift & 63)
		if distance > at-first {
			why = stopFar
			break
		}
		length = size * (length + 3)
		copyMatch(out, at, distance, length)
		at += length
	}
	d.buffer, d.bits, d.next = buffer, bits, next
	return at, why
}

// putLiterals writes the literals of an entry, two at most, and returns how many bytes they are.
func putLiterals(out []byte, e entry, size int) int {
	if size == 1 {
		binary.LittleEndian.PutUint16(out, uint16(e>>valueShift))
	} else {
		binary.LittleEndian.PutUint32(out, uint32(e>>valueShift&0xff|e>>8&0xff0000))
	}
	return size * int(e>>countShift&3)
}

// copyMatch may write up to 15 bytes more than length.
func copyMatch(out []byte, at, distance, length int) {
	from := at - distance
	if distance < 8 { // the pattern of distance bytes is doubled until it is wide enough
		for i := range 8 {
			out[at+i] = out[from+i]
		}
		length -= 8
		at += 8
		// From now on the distance is a multiple of the old one: the same pattern repeats with that, too.
		distance *= (7 + distance) / distance
		from = at - distance
	}
	for ; length > 0; length -= 8 {
		binary.LittleEndian.PutUint64(out[at:], binary.LittleEndian.Uint64(out[from:]))
		at += 8
		from += 8
	}
}
