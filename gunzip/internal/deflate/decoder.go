package deflate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// WindowSize is how far back a match can reach, in bytes of output.
	WindowSize = 32 << 10
	// InputSlack is how many bytes must be readable behind the input, whatever they are.
	InputSlack = 64
	// InputMargin is how many bytes of an input that goes on are left for the next one, so that a block's header and
	// the codes of a round are never cut: a header takes at most 3 + 14 + 19*3 bits and 316 codes of up to 14.
	InputMargin = 1 << 10
	// OutputSlack is how many symbols behind the limit a Decoder may overwrite.
	OutputSlack = 512
)

// Symbol is what a Decoder writes: bytes, or 16 bits that are a byte or, from FirstMarker on, a place in the window
// before the output.
type Symbol interface{ uint8 | uint16 }

// FirstMarker stands for the oldest byte of the window that was not known.
const FirstMarker = 256

// Errors of damaged data. What a Decoder returns wraps one of them.
var (
	ErrTruncated = errors.New("truncated")
	ErrCorrupt   = errors.New("corrupt")
)

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

// A phase is what comes next in the stream.
type phase uint8

const (
	atBlock  phase = iota // a block's header
	inCodes               // codes of a dynamic or fixed block
	inStored              // bytes of a stored block
)

// A cursor is a place in the input.
type cursor struct {
	next   int    // the byte that the next refill takes
	buffer uint64 // the bits before it that are not yet used, the next one lowest; more may lie above them
	bits   uint   // how many they are
}

// A Decoder reads the blocks of one deflate stream after another.
type Decoder struct {
	// input is what may be used up. As much as its capacity has can be read: InputSlack bytes, and before those the margin of
	// an input that goes on, which has the rest of a header that begins before it.
	input []byte
	last  bool // no more input follows
	cursor

	phase  phase
	final  bool
	stored int  // bytes left of a stored block
	fixed  bool // the tables are those of fixed blocks

	portable bool
	// table is that of literals and lengths, then that of distances; the assembly reads 32 bytes from an entry on.
	table [litlenEntries + distanceEntries + 4]entry

	precode [1 << precodeBits]uint8
	lengths [litlenSymbols + farSymbols + 140]uint8 // a run may go beyond the end before that is seen
}

// NewDecoder makes a Decoder; the portable one has no assembly.
func NewDecoder(portable bool) *Decoder { return &Decoder{portable: portable || !haveAssembly} }

// SetInput has the Decoder go on at a bit of these bytes. InputSlack bytes behind them must be readable through the
// slice's capacity. If they are not the last, the Decoder stops InputMargin before their end, where Starved tells so.
func (d *Decoder) SetInput(input []byte, bit int, last bool) {
	readable := len(input) + InputSlack
	if !last {
		input = input[:max(0, len(input)-InputMargin)]
	}
	d.input, d.last = input[:len(input):readable], last
	d.seek(bit)
}

// seek goes to a bit of the input, or of what follows it.
func (d *Decoder) seek(bit int) {
	d.cursor = cursor{next: bit / 8}
	d.refill()
	d.take(uint(bit % 8))
}

// Restart has the Decoder read a block's header next.
func (d *Decoder) Restart() { d.phase, d.final = atBlock, false }

// Bit is the place in the input that was reached.
func (d *Decoder) Bit() int { return 8*d.next - int(d.bits) }

// AtBoundary tells whether the header of a block comes next. Behind a final block it tells that the block has ended.
func (d *Decoder) AtBoundary() bool { return d.phase == atBlock }

// Final tells whether the block that was read last, or is being read, is the stream's last one.
func (d *Decoder) Final() bool { return d.final }

// Starved tells whether the Decoder waits for more input.
func (d *Decoder) Starved() bool { return !d.last && d.Bit() >= 8*len(d.input) }

func (d *Decoder) truncated() bool { return d.last && d.Bit() > 8*len(d.input) }

// refill makes bits at least 56. Behind the input's slack it does nothing.
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
// end of a block (AtBoundary tells), where it wants more input (Starved tells), or at the limit, or up to 266 symbols
// behind the limit. A further call goes on. Symbols from limit to limit+OutputSlack may be overwritten. Matches may
// reach back to first. With an error, the symbols up to where it stopped are right.
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
