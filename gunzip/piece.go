package gunzip

import (
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// leastPiece is the least size of a piece, in bytes of the file; the last piece may be smaller.
const leastPiece = 1 << 20

// mostPiece is the largest size of a piece: 8 MiB for two workers, 4 MiB for four or more. Where the background of an
// image is noise, there are markers in the first 4 MiB of a piece. Larger pieces are therefore decoded faster, but they
// take more memory.
func mostPiece(workers int) int64 { return max(16/int64(workers), 4) << 20 }

// divide returns the offsets at which pieces begin, in the order in which workers take them, and then the end of the
// file. Large pieces are better, since only the first part of each has markers. But all workers should end at about the
// same time. So a piece is a quarter of a worker's share of what is left, within limits.
func divide(size int64, workers int, least, most int64) []int64 {
	const step = 256 << 10 // bytes by which files are read best
	begins := []int64{0}
	for at := int64(0); at < size; {
		piece := (size - at) / int64(4*workers) / step * step
		at = min(size, at+min(max(piece, least), most))
		begins = append(begins, at)
	}
	return begins
}

// mostChunks is how many chunks of output a piece may have before its turn comes: in bytes, six and a half times its
// part of the file. A piece with more output, such as the zeros of a mask, waits. The goroutine that joins pieces then
// decodes the rest.
func mostChunks(piece int64) int { return int(max(12*piece>>20, 4)) }

// A piece is a part of the file that is decoded before it is known what comes before it.
type piece struct {
	number    int
	from, to  int64 // offsets in the file
	stretch   *stretch
	abandoned atomic.Bool // nobody waits for it any more

	// The fields below are there when done is true.
	done   bool // guarded by the mutex of the parallel feed
	found  bool
	begin  position
	chunks []*chunk // the last one has the error, if there is one
	wide   []*chunk // those chunks whose markers must be replaced
	after  []byte   // the window after it, in which gaps are not known yet
	gaps   []gap

	before []byte // the window before it, once its turn has come
	times  PieceTimes
}

// decode finds where the piece can begin, and decodes from there to its end, to an error, or until it has no more
// chunks.
func (p *piece) decode(spare *spares) {
	p.stretch = spare.stretch()
	if !p.find() {
		return
	}
	began := time.Now()
	defer func() { p.times.Decode = time.Since(began) - p.times.Hash }()
	c := spare.chunk()
	p.stretch.start(p.begin, 8*p.to)
	if p.begin.member {
		c.reset(false)
	} else {
		c.startUnknown()
	}
	for !p.abandoned.Load() {
		limit := c.room()
		if c.wide {
			limit = min(limit, c.end+symbolStep)
		}
		p.stretch.fill(c, limit)
		if c.err != nil || p.stretch.state == atStop {
			break
		}
		if !c.full() && !c.settled() {
			continue
		}
		p.add(c)
		if len(p.chunks) == mostChunks(p.to-p.from) {
			p.prepare()
			return
		}
		next := spare.chunk()
		next.followAny(c)
		c = next
	}
	p.add(c)
	p.prepare()
}

// findStep is how many bytes of a piece are searched at a time. Most such stretches have the beginning of a block.
const findStep = 256 << 10

// find searches for a place where the piece can begin.
func (p *piece) find() bool {
	if p.number == 0 {
		p.begin, p.found = position{member: true}, true
		return true
	}
	began := time.Now()
	defer func() { p.times.Search = time.Since(began) }()
	for from := p.from; from < p.to && !p.found && !p.abandoned.Load(); from += findStep {
		if err := p.stretch.input.load(from, findStep+lookAhead); err != nil {
			return false
		}
		look := prober{p.stretch.decoder, p.stretch.input.data, from}
		p.begin, p.found = look.search(8*from, 8*min(from+findStep, p.to))
	}
	return p.found
}

// add takes a chunk that is complete. If it is bytes, its sums can be computed now.
func (p *piece) add(c *chunk) {
	if !c.wide {
		began := time.Now()
		c.addSums()
		c.resolved = true
		p.times.Hash += time.Since(began)
	}
	p.chunks = append(p.chunks, c)
}

// A gap is a byte of a window that is known only when the window before the piece is.
type gap struct{ at, marker uint16 }

// prepare does what can be done before the piece's turn, so that little is left to do then. It makes the window after
// the piece, or as much of it as there is, and lists its gaps. After the end of a member nothing before it can be
// reached.
func (p *piece) prepare() {
	for _, c := range p.chunks {
		c.piece, c.times = p, &p.times
		p.times.Bytes += int64(c.end - c.begin)
		if c.wide {
			p.wide = append(p.wide, c)
		}
	}
	last := p.chunks[len(p.chunks)-1]
	last.last = true
	switch {
	case !last.wide:
		p.after = append([]byte(nil), last.tail()...)
		return
	case len(last.ends) > 0:
		return
	}
	p.after = make([]byte, windowSize)
	for at, s := range last.symbols[last.end-windowSize : last.end] {
		if s < deflate.FirstMarker {
			p.after[at] = byte(s)
		} else {
			p.gaps = append(p.gaps, gap{uint16(at), s - deflate.FirstMarker})
		}
	}
}

// follow sets the window before the piece, and returns the window after it. If less than a whole window is known, it
// returns as much as is known.
func (p *piece) follow(before []byte) []byte {
	p.before = before
	missing := windowSize - len(before)
	for _, g := range p.gaps {
		if known := int(g.marker) - missing; known >= 0 {
			p.after[g.at] = before[known]
		}
	}
	if !p.chunks[len(p.chunks)-1].wide || missing == 0 || p.after == nil {
		return p.after
	}
	return p.after[max(0, missing-int(p.times.Bytes)):]
}
