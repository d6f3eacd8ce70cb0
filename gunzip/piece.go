package gunzip

import (
	"sync"
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

// symbolStep is the most symbols that are decoded before it is asked again whether they are still needed.
const symbolStep = 64 << 10

// mostChunks is how many chunks of output a piece may have before its turn comes: of bytes, six and a half times its part of the
// file. What has more, as a mask's zeros do, waits, and is then decoded to its end by the goroutine that joins pieces.
func mostChunks(piece int64) int { return int(max(12*piece>>20, 4)) }

// A start is where all pieces before a piece ended: what the search looks for, and the window that markers stand for.
type start struct {
	at     position
	window []byte
}

// A piece is a part of the file that is decoded, or begun, before it is known what comes before it.
type piece struct {
	number    int
	from, to  int64 // its part of the file
	stretch   *stretch
	told      atomic.Pointer[start] // where it begins, as soon as the piece before it is done
	abandoned atomic.Bool           // nobody waits for it any more

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

	mu     sync.Mutex
	joined int // how many chunks have joined sums
	sum    sum // of those, behind the last end of a member
}

// decode finds where the piece can begin and decodes from there on to its end, an error, or as far as chunks go.
func (p *piece) decode(spare *spares) {
	p.stretch = spare.stretch()
	if !p.find() {
		return
	}
	began := time.Now()
	defer func() { p.times.Decode = time.Since(began) - p.times.Hash }()
	c := p.begun(spare)
	for !p.abandoned.Load() {
		limit := c.room()
		if c.wide {
			limit = min(limit, c.end+int(min(symbolStep, p.to-p.from)))
		}
		p.stretch.fill(c, limit)
		told := p.told.Load()
		if told != nil && told.at != p.begin {
			p.forget(spare, c)
			c = p.begun(spare)
			continue
		}
		if c.err != nil || p.stretch.state == atStop {
			break
		}
		if !c.full() && !c.settled() && (!c.wide || told == nil) {
			continue
		}
		p.add(c)
		if len(p.chunks) == mostChunks(p.to-p.from) {
			p.prepare()
			return
		}
		c = p.next(spare.chunk(), c, told)
	}
	p.add(c)
	p.prepare()
}

// begun is the first chunk, where the piece begins.
func (p *piece) begun(spare *spares) *chunk {
	c := spare.chunk()
	told := p.told.Load()
	if told != nil {
		p.begin = told.at
	}
	p.stretch.start(p.begin, 8*p.to)
	switch {
	case told != nil:
		c.follow(told.window)
	case p.begin.member:
		c.reset(false)
	default:
		c.startUnknown()
	}
	return c
}

// forget gives back what was decoded from a wrong beginning.
func (p *piece) forget(spare *spares, c *chunk) {
	spare.recycle(append(p.chunks, c)...)
	p.chunks, p.times.Bytes = nil, 0
}

// next has a chunk follow the one before it, as bytes if all bytes are known that it could reach.
func (p *piece) next(c, before *chunk, told *start) *chunk {
	if told != nil && before.wide && len(before.ends) == 0 {
		c.followKnown(before, told.window, int64(len(told.window))+p.times.Bytes)
	} else {
		c.followAny(before)
	}
	return c
}

// findStep is how many bytes of a piece are searched at a time: most have a block within.
const findStep = 256 << 10

// find searches the piece's beginning, if it is not known yet.
func (p *piece) find() bool {
	began := time.Now()
	defer func() { p.times.Search = time.Since(began) }()
	for from := p.from; from < p.to && !p.found && !p.abandoned.Load(); from += findStep {
		if p.told.Load() != nil {
			p.found = true
			break
		}
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
		c.summed = true
		p.times.Hash += time.Since(began)
	}
	p.chunks = append(p.chunks, c)
	p.times.Bytes += int64(c.end - c.begin)
}

// A gap is a byte of a window that is not known before the window before the piece is, but for its marker.
type gap struct{ at, marker uint16 }

// prepare does what can be done before the piece's turn, so that little is left for then. It makes the last window of the
// output, or what there is of it, but for its gaps. Behind a member nothing can be reached.
func (p *piece) prepare() {
	for _, c := range p.chunks {
		c.piece, c.times = p, &p.times
		if c.wide {
			p.wide = append(p.wide, c)
		}
	}
	p.sum = noSum
	for _, c := range p.joinSums(nil) {
		c.resolved = true
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
			p.gaps = append(p.gaps, gap{uint16(at), s})
		}
	}
}

// joinSums joins the sums of chunks in their order, as far as they are there, and returns those chunks. Their sums then
// begin behind the last end of a member in the piece: whoever reads has one sum of each piece to join, not one of each
// chunk. summed is a chunk that has its sums now, or nil.
func (p *piece) joinSums(summed *chunk) []*chunk {
	p.mu.Lock()
	defer p.mu.Unlock()
	if summed != nil {
		summed.summed = true
	}
	from := p.joined
	for ; p.joined < len(p.chunks) && p.chunks[p.joined].summed; p.joined++ {
		c := p.chunks[p.joined]
		for i := range c.sums {
			c.sums[i] = p.sum.then(c.sums[i])
			p.sum = c.sums[i]
			if i < len(c.ends) {
				p.sum = noSum
			}
		}
	}
	return p.chunks[from:p.joined]
}

// follow has the piece follow the window before it, and returns its own. Where less than a window is known, that is as
// long as what is known.
func (p *piece) follow(before []byte) []byte {
	p.before = before
	missing := windowSize - len(before)
	for _, g := range p.gaps {
		p.after[g.at] = meaningOf(g.marker, before)
	}
	if !p.chunks[len(p.chunks)-1].wide || missing == 0 || p.after == nil {
		return p.after
	}
	return p.after[max(0, missing-int(p.times.Bytes)):]
}
