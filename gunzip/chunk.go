package gunzip

import (
	"unsafe"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

const (
	windowSize = deflate.WindowSize
	// chunkSymbols is how many symbols of 16 bits a chunk has room for; of bytes it takes twice as many.
	chunkSymbols = 256 << 10
	chunkRoom    = windowSize + chunkSymbols + deflate.OutputSlack
	chunkMemory  = 2 * chunkRoom
)

// A chunk is some output in a row: bytes, or symbols as long as the window before the piece is not known. What was
// before them, up to a window of it, lies in front, so that matches can reach it.
type chunk struct {
	symbols []uint16 // chunkRoom
	bytes   []byte   // the same memory
	wide    bool     // symbols count

	portable bool // no assembly

	first int // where the known window begins
	begin int // where the output begins; in front is the window
	end   int

	ends []memberEnd
	// sums are those of the bytes until each of ends, and of the rest. In a resolved chunk of a piece the first one begins in
	// the piece's chunks before this one, behind the last end of a member.
	sums []sum

	err error // what stopped the output behind this chunk; io.EOF at the end

	// Of parallel feeds:
	summed   bool   // bytes and sums are there
	resolved bool   // those of the piece's chunks before it, too
	piece    *piece // that it is of
	last     bool   // the piece is done with when this chunk is
}

// A memberEnd is the end of a gzip member: what its trailer says of the bytes before at.
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

// follow makes the chunk empty, with these bytes in front, at most a window.
func (c *chunk) follow(before []byte) {
	c.reset(false)
	c.first = windowSize - len(before)
	copy(c.bytes[c.first:windowSize], before)
}

// startUnknown makes the chunk empty, with markers in front.
func (c *chunk) startUnknown() {
	c.reset(true)
	c.first = 0
	for i := range windowSize {
		c.symbols[i] = deflate.FirstMarker + uint16(i)
	}
}

// followAny makes the chunk empty, with the end of another in front: as symbols if there are markers among them.
func (c *chunk) followAny(before *chunk) {
	switch {
	case !before.wide:
		c.follow(before.tail())
		return
	case len(before.ends) > 0: // it ended with a member
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

// followKnown makes the chunk empty, with the end of a wide one in front, whose markers stand for these bytes. So many
// bytes of the member lie before it, which matches can reach.
func (c *chunk) followKnown(before *chunk, window []byte, reach int64) {
	c.reset(false)
	c.first = int(max(0, windowSize-reach))
	for i, s := range before.symbols[before.end-windowSize : before.end] {
		c.bytes[i] = meaningOf(s, window)
	}
}

// room is the limit of the output.
func (c *chunk) room() int {
	if c.wide {
		return chunkRoom - deflate.OutputSlack
	}
	return chunkMemory - deflate.OutputSlack
}

func (c *chunk) full() bool { return c.end >= c.room() }

// settled tells whether symbols are no longer needed behind a wide chunk.
func (c *chunk) settled() bool {
	return c.wide && (len(c.ends) > 0 || !deflate.HasMarker(c.symbols[c.end-windowSize:c.end]))
}

// cut takes away the output from a place on.
func (c *chunk) cut(at int) {
	c.end = at
	for len(c.ends) > 0 && c.ends[len(c.ends)-1].at > at {
		c.ends = c.ends[:len(c.ends)-1]
	}
}

// tail is the last window of bytes, or what there is.
func (c *chunk) tail() []byte { return c.bytes[max(c.first, c.end-windowSize):c.end] }

// output is what the chunk gives, once it is bytes.
func (c *chunk) output() []byte { return c.bytes[c.begin:c.end] }

// endMember notes the end of a member, before which nothing can be reached from now on.
func (c *chunk) endMember(crc, size uint32) {
	c.ends = append(c.ends, memberEnd{c.end, crc, size})
	c.first = c.end
}

// carries tells whether its last sum is to be joined: the sums of a piece are in its last chunk.
func (c *chunk) carries() bool { return c.piece == nil || c.last }

// addSums adds the sums of the bytes.
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
