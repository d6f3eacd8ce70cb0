package gunzip

import (
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// leastPiece is the least that a piece has, but for the last one.
const leastPiece = 1 << 20

// mostPiece is 4 MiB, and 8 MiB for two workers. Where the background of an image is noise, markers are spread over the first 4
// MiB, so that larger pieces are decoded faster; but each worker's share of the memory grows with them.
func mostPiece(workers int) int64 { return max(16/int64(workers), 4) << 20 }

// divide gives where pieces begin, which workers take one after another, and the end of the file. Large pieces are better,
// since markers are spread over the first part of each; but all workers should end at about the same time. So a piece is
// a quarter of a worker's part of what is left, within limits.
func divide(size int64, workers int, least, most int64) []int64 {
	const step = 256 << 10 // in which files are read best
	begins := []int64{0}
	for at := int64(0); at < size; {
		piece := (size - at) / int64(4*workers) / step * step
		at = min(size, at+min(max(piece, least), most))
		begins = append(begins, at)
	}
	return begins
}

// mostChunks is how many chunks of output a piece may have before its turn comes: of bytes, six and a half times its part of the
// file. What has more, as a mask's zeros do, waits, and is then decoded to its end by the goroutine that joins pieces.
func mostChunks(piece int64) int { return int(max(12*piece>>20, 4)) }

// A piece is a part of the file that is decoded before it is known what comes before it.
type piece struct {
	number    int
	from, to  int64 // its part of the file
	stretch   *stretch
	abandoned atomic.Bool // nobody waits for it any more

	// What follows is there when done is true.
	done   bool // under the mutex of the parallel feed
	found  bool
	begin  position
	chunks []*chunk // the last one has an error where the stretch has one
	wide   []*chunk // those of chunks that are to be resolved
	after  []byte   // the window behind it, but for gaps
	gaps   []gap

	before []byte // the window in front, once its turn has come
	times  PieceTimes
}

// decode finds where the piece can begin and decodes from there on to its end, an error, or as far as chunks go.
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

// findStep is how many bytes of a piece are searched at a time: most have a block within.
const findStep = 256 << 10

// find searches the piece's beginning.
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

// add takes a chunk whose output is whole. Bytes can be hashed now.
func (p *piece) add(c *chunk) {
	if !c.wide {
		began := time.Now()
		c.addSums()
		c.resolved = true
		p.times.Hash += time.Since(began)
	}
	p.chunks = append(p.chunks, c)
}

// A gap is a byte of a window that is not known before the window before the piece is.
type gap struct{ at, marker uint16 }

// prepare does what can be done before the piece's turn, so that little is left for then. It makes the last window of the
// output, or what there is of it, but for its gaps. Behind a member nothing can be reached.
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

// follow has the piece follow the window before it, and returns its own. Where less than a window is known, that is as
// long as what is known.
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
