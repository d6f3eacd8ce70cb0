package gunzip

import (
	"unsafe"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

const (
	window = deflate.WindowSize
	// chunkSymbols is how many symbols of 16 bits a chunk has room for; of bytes it takes twice as many.
	chunkSymbols = 256 << 10
	chunkRoom    = window + chunkSymbols + deflate.OutputSlack
	chunkMemory  = 2 * chunkRoom
)

// A chunk is some output in a row: bytes, or symbols as long as the window before the piece is not known. What was before
// them, up to a window of it, lies in front, so that matches can reach it.
type chunk struct {
	symbols []uint16 // chunkRoom
	bytes   []byte   // the same memory
	wide    bool     // symbols count

	first int // where the known window begins
	begin int // where the output begins; in front is the window
	end   int

	ends []memberEnd
	sums []sum // of the bytes until each of ends, and of the rest

	err error // what stopped the output behind this chunk; io.EOF at the end
}

// A memberEnd is the end of a gzip member: what its trailer says of the bytes before at.
type memberEnd struct {
	at        int
	crc, size uint32
}

func newChunk() *chunk {
	symbols := make([]uint16, chunkRoom)
	return &chunk{symbols: symbols, bytes: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(symbols))), chunkMemory)}
}

// reset makes the chunk empty, with nothing in front.
func (c *chunk) reset(wide bool) {
	*c = chunk{symbols: c.symbols, bytes: c.bytes, wide: wide, first: window, begin: window, end: window, ends: c.ends[:0], sums: c.sums[:0]}
}

// follow makes the chunk empty, with these bytes in front, at most a window.
func (c *chunk) follow(before []byte) {
	c.reset(false)
	c.first = window - len(before)
	copy(c.bytes[c.first:window], before)
}

// startUnknown makes the chunk empty, with markers in front.
func (c *chunk) startUnknown() {
	c.reset(true)
	c.first = 0
	for i := range window {
		c.symbols[i] = deflate.FirstMarker + uint16(i)
	}
}

// followWide makes the chunk empty, with the end of another in front: as symbols, or as bytes where there is no marker
// among them.
func (c *chunk) followWide(before *chunk) {
	last := before.symbols[before.end-window : before.end]
	c.reset(hasMarker(last))
	c.first = 0
	if c.wide {
		copy(c.symbols, last)
		return
	}
	narrow(c.bytes[:window], last)
}

// room is the limit of the output.
func (c *chunk) room() int {
	if c.wide {
		return chunkRoom - deflate.OutputSlack
	}
	return chunkMemory - deflate.OutputSlack
}

func (c *chunk) full() bool { return c.end >= c.room() }

// tail is the last window of bytes, or what there is.
func (c *chunk) tail() []byte { return c.bytes[max(c.first, c.end-window):c.end] }

// output is what the chunk gives, once it is bytes.
func (c *chunk) output() []byte { return c.bytes[c.begin:c.end] }

// endMember notes the end of a member, before which nothing can be reached from now on.
func (c *chunk) endMember(crc, size uint32) {
	c.ends = append(c.ends, memberEnd{c.end, crc, size})
	c.first = c.end
}

// addSums adds the sums of the bytes.
func (c *chunk) addSums() {
	at := c.begin
	for _, end := range c.ends {
		c.sums = append(c.sums, sumOf(c.bytes[at:end.at]))
		at = end.at
	}
	c.sums = append(c.sums, sumOf(c.bytes[at:c.end]))
}
