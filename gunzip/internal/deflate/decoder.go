package deflate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// WindowSize is how far back a match can reach, in bytes of output.
	WindowSize = 32 << 10
	// InputSlack is how many bytes after the input must be readable, whatever they are.
	InputSlack = 64
	// InputMargin is how many bytes are left for the next input, if there is one. So the header of a block and the
	// codes of a round are never cut: a header takes at most 3 + 14 + 19*3 bits and 316 codes of up to 14 bits.
	InputMargin = 1 << 10
	// OutputSlack is how many symbols after the limit a Decoder may overwrite.
	OutputSlack = 512
)

// Symbol is what a Decoder writes: bytes, or numbers of 16 bits. A number below FirstMarker is a byte. Others are
// markers: they stand for a byte of the window before the output.
type Symbol interface{ uint8 | uint16 }

// FirstMarker is the marker of the oldest byte of the window.
const FirstMarker = 256

// Errors of damaged data. What a Decoder returns wraps one of them.
var (
	ErrTruncated = errors.New("truncated")
	ErrCorrupt   = errors.New("corrupt")
)

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

// A phase says what comes next in the stream.
type phase uint8

const (
	atBlock  phase = iota // a block's header
	inCodes               // codes of a dynamic or fixed block
	inStored              // bytes of a stored block
)

// A cursor is a place in the input.
type cursor struct {
	next   int    // the byte that the next refill takes
	buffer uint64 // bits of the input that are not used yet, the next one lowest; there may be others above them
	bits   uint   // how many these are
}

// A Decoder reads the blocks of one deflate stream after another.
type Decoder struct {
	// input is what may be used. More can be read, up to its capacity: InputSlack bytes and, if there is a next input,
	// the margin before these, which has the rest of a header that begins in input.
	input []byte
	last  bool // there is no next input
	cursor

	phase  phase
	final  bool
	stored int  // bytes left in a stored block
	fixed  bool // the tables are those of fixed blocks

	portable bool
	// table holds the entries of literals and lengths, and then those of distances. The assembly reads 32 bytes at an
	// entry.
	table [litlenEntries + distanceEntries + 4]entry

	precode [1 << precodeBits]uint8
	lengths [litlenSymbols + farSymbols + 140]uint8 // a repetition may go beyond the end before that is noticed
}

// NewDecoder makes a Decoder. With portable it uses no assembly.
func NewDecoder(portable bool) *Decoder { return &Decoder{portable: portable || !haveAssembly} }

// SetInput makes the Decoder go on at a bit of these bytes. InputSlack bytes after them must be within the slice's
// capacity. If they are not the last bytes, the Decoder stops InputMargin before their end, and Starved is then true.
func (d *Decoder) SetInput(input []byte, bit int, last bool) {
	readable := len(input) + InputSlack
	if !last {
		input = input[:max(0, len(input)-InputMargin)]
	}
	d.input, d.last = input[:len(input):readable], last
	d.seek(bit)
}

// seek moves to a bit of the input, or of what follows it.
func (d *Decoder) seek(bit int) {
	d.cursor = cursor{next: bit / 8}
	d.refill()
	d.take(uint(bit % 8))
}

// Restart makes the Decoder read a block's header next.
func (d *Decoder) Restart() { d.phase, d.final = atBlock, false }

// Bit returns which bit of the input comes next.
func (d *Decoder) Bit() int { return 8*d.next - int(d.bits) }

// AtBoundary tells whether the next bit begins a block. After the final block it tells that this has ended.
func (d *Decoder) AtBoundary() bool { return d.phase == atBlock }

// Final tells whether the current block, or the one that has just ended, is the stream's last.
func (d *Decoder) Final() bool { return d.final }

// Starved tells whether the Decoder waits for more input.
func (d *Decoder) Starved() bool { return !d.last && d.Bit() >= 8*len(d.input) }

func (d *Decoder) truncated() bool { return d.last && d.Bit() > 8*len(d.input) }

// refill fills the buffer, so that it has at least 56 bits. Behind the input's slack it does nothing.
func (d *Decoder) refill() {
	b := d.input[:cap(d.input)]
	if d.next+8 > len(b) {
		return
	}
	d.buffer |= binary.LittleEndian.Uint64(b[d.next:]) << (d.bits & 63)
	d.next += int(63-d.bits) >> 3
	d.bits |= 56
}

func (d *Decoder) take(n uint) {
	d.buffer >>= n & 63
	d.bits -= n
}

// read takes up to 16 bits.
func (d *Decoder) read(n uint) uint32 {
	if d.bits < n {
		d.refill()
	}
	v := uint32(d.buffer) & (1<<n - 1)
	d.take(n)
	return v
}

// Decode goes on with the stream: it writes symbols to out from at on, and returns where it stopped. It stops at the
// end of a block (AtBoundary), where it wants more input (Starved), or at the limit, which it may exceed by up to 266
// symbols. A further call goes on. Symbols from limit to limit+OutputSlack may be overwritten. Matches may reach back
// to first. After an error, the symbols before the returned place are right.
func Decode[T Symbol](d *Decoder, out []T, at, first, limit int) (int, error) {
	if d.Starved() {
		return at, nil
	}
	if d.phase == atBlock {
		if err := d.blockHeader(); err != nil {
			return at, err
		}
	}
	if d.phase == inStored {
		return decodeStored(d, out, at, limit)
	}
	return decodeCodes(d, out, at, first, limit)
}

func decodeStored[T Symbol](d *Decoder, out []T, at, limit int) (int, error) {
	from := d.Bit() / 8
	n := max(0, min(d.stored, limit-at, len(d.input)-from))
	for i, b := range d.input[from : from+n] {
		out[at+i] = T(b)
	}
	d.stored -= n
	d.seek(8 * (from + n))
	at += n
	switch {
	case d.stored == 0:
		d.phase = atBlock
	case d.last && from+n == len(d.input):
		return at, ErrTruncated
	}
	return at, nil
}
