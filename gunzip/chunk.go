package gunzip

import (
	"unsafe"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

const (
	windowSize = deflate.WindowSize
	// chunkSymbols is how many 16-bit symbols a chunk has room for. It has room for twice as many bytes.
	chunkSymbols = 256 << 10
	chunkRoom    = windowSize + chunkSymbols + deflate.OutputSlack
	chunkMemory  = 2 * chunkRoom
)

// A chunk is a stretch of output: bytes or, as long as the window before the piece is not known, symbols. In front of
// it lies the output before it, up to a window, so that matches can reach it.
type chunk struct {
	symbols []uint16 // chunkRoom
	bytes   []byte   // the same memory
	wide    bool     // the output is symbols

	portable bool // use no assembly

	first int // where the known part of the window begins
	begin int // where the output begins; the window is in front of it
	end   int

	ends []memberEnd
	// sums are those of the bytes up to each of ends, and then of the rest. In a resolved chunk of a piece, the first sum
	// also has the bytes of the piece's chunks before this one, from the last end of a member in them on.
	sums []sum

	err error // what ended the output after this chunk; io.EOF at the end of the file

	// Fields of parallel feeds:
	summed   bool   // bytes and sums are there
	resolved bool   // bytes and sums of all chunks before it in the piece are there, too
	piece    *piece // the piece that it belongs to
	last     bool   // whether it is the last chunk of its piece
}

// A memberEnd is the end of a gzip member: the place at, and what the trailer says of the member's bytes before it.
type memberEnd struct {
	at        int
	crc, size uint32
}

func newChunk(portable bool) *chunk {
	symbols := make([]uint16, chunkRoom)
	return &chunk{portable: portable, symbols: symbols,
		bytes: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(symbols))), chunkMemory)}
}

// reset makes the chunk empty, with nothing in front.
func (c *chunk) reset(wide bool) {
	*c = chunk{
		symbols: c.symbols, bytes: c.bytes, portable: c.portable, wide: wide,
		first: windowSize, begin: windowSize, end: windowSize,
		ends: c.ends[:0], sums: c.sums[:0],
	}
}

// follow makes the chunk empty, with these bytes in front of it: a window at most.
func (c *chunk) follow(before []byte) {
	c.reset(false)
	c.first = windowSize - len(before)
	copy(c.bytes[c.first:windowSize], before)
}

// startUnknown makes the chunk empty, with a window of markers in front of it.
func (c *chunk) startUnknown() {
	c.reset(true)
	c.first = 0
	for i := range windowSize {
		c.symbols[i] = deflate.FirstMarker + uint16(i)
	}
}

// followAny makes the chunk empty, with the end of another in front of it: as symbols if any of these are markers.
func (c *chunk) followAny(before *chunk) {
	switch {
	case !before.wide:
		c.follow(before.tail())
		return
	case len(before.ends) > 0: // a member ended there
		c.reset(false)
		return
	}
	last := before.symbols[before.end-windowSize : before.end]
	c.reset(deflate.HasMarker(last))
	c.first = 0
	if c.wide {
		copy(c.symbols, last)
		return
	}
	for i, s := range last {
		c.bytes[i] = byte(s)
	}
}

// followKnown makes the chunk empty, with the end of a wide one in front as bytes: its markers stand for those of the
// window. Matches can reach this many bytes back.
func (c *chunk) followKnown(before *chunk, window []byte, reach int64) {
	c.reset(false)
	c.first = int(max(0, windowSize-reach))
	for i, s := range before.symbols[before.end-windowSize : before.end] {
		c.bytes[i] = meaningOf(s, window)
	}
}

// room returns the limit of the output.
func (c *chunk) room() int {
	if c.wide {
		return chunkRoom - deflate.OutputSlack
	}
	return chunkMemory - deflate.OutputSlack
}

func (c *chunk) full() bool { return c.end >= c.room() }

// settled tells whether the output after this chunk of symbols can be bytes, because the last window holds no marker.
func (c *chunk) settled() bool {
	return c.wide && (len(c.ends) > 0 || !deflate.HasMarker(c.symbols[c.end-windowSize:c.end]))
}

// cut removes the output from a place on.
func (c *chunk) cut(at int) {
	c.end = at
	for len(c.ends) > 0 && c.ends[len(c.ends)-1].at > at {
		c.ends = c.ends[:len(c.ends)-1]
	}
}

// tail returns the last window of bytes, or fewer where there are not so many.
func (c *chunk) tail() []byte { return c.bytes[max(c.first, c.end-windowSize):c.end] }

// output returns what the chunk holds, once it is bytes.
func (c *chunk) output() []byte { return c.bytes[c.begin:c.end] }

// endMember records the end of a member. Matches after it cannot reach back before it.
func (c *chunk) endMember(crc, size uint32) {
	c.ends = append(c.ends, memberEnd{c.end, crc, size})
	c.first = c.end
}

// carries tells whether the reader needs the last sum: that of a piece is in the last chunk of the piece.
func (c *chunk) carries() bool { return c.piece == nil || c.last }

// addSums computes the sums of the bytes.
func (c *chunk) addSums() {
	at := c.begin
	for _, end := range c.ends {
		c.sums = append(c.sums, sumOf(c.bytes[at:end.at]))
		at = end.at
	}
	c.sums = append(c.sums, sumOf(c.bytes[at:c.end]))
}

// A queue has chunks in a row.
type queue struct {
	chunks []*chunk
	taken  int
}

func (q *queue) put(chunks ...*chunk) {
	if 2*q.taken >= len(q.chunks) {
		q.chunks, q.taken = q.chunks[:copy(q.chunks, q.chunks[q.taken:])], 0
	}
	q.chunks = append(q.chunks, chunks...)
}

// first is the chunk that is taken next, or nil.
func (q *queue) first() *chunk {
	if q.taken == len(q.chunks) {
		return nil
	}
	return q.chunks[q.taken]
}

func (q *queue) take() *chunk {
	c := q.first()
	q.taken++
	return c
}
