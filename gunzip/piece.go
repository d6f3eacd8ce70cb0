package gunzip

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// leastPiece is the least that a piece has, but for the last one.
const leastPiece = 1 << 20

// mostPiece is 4 MiB, and up to 12 MiB for few workers. Where the background of an image is noise, markers are spread over
// the first 4 MiB of a piece, so that larger pieces are decoded faster; but more workers share the memory.
func mostPiece(workers int) int64 { return max(24/int64(workers), 4) << 20 }

// divide gives where pieces begin, which workers take one after another, and the end of the file. Large pieces are better,
// since markers are spread over the first part of each; but all workers should end at about the same time. So a piece is
// half of a worker's part of what is left, within limits.
func divide(size int64, workers int, least, most int64) []int64 {
	const step = 256 << 10 // in which files are read best
	begins := []int64{0}
	for at := int64(0); at < size; {
		piece := (size - at) / int64(2*workers) / step * step
		at = min(size, at+min(max(piece, least), most))
		begins = append(begins, at)
	}
	return begins
}

// symbolStep is the most symbols that are decoded before it is asked again whether they are still needed.
const symbolStep = 64 << 10

// muchOutput is how many chunks are much for a piece of the file: of bytes, six and a half times as many as it has.
func muchOutput(piece int64) int { return int(max(12*piece>>20, leastChunks)) }

// leastChunks is how many chunks of output each piece may hold.
const leastChunks = 4

// mostChunks is how many chunks pieces may hold on average. Few workers have large pieces, but their turn comes early, so
// that they need not hold all that is much. A piece for which there is no room, as for a mask's zeros, waits for its turn.
func mostChunks(piece int64, workers int) int {
	return muchOutput(min(piece, max(16/int64(workers), 4)<<20))
}

// A start is where all pieces before a piece ended: a position that a search finds, and the window that markers stand for.
type start struct {
	at     position
	window []byte
}

// A piece is a part of the file that is decoded, or begun, before it is known what comes before it.
type piece struct {
	number    int
	from, to  int64 // its part of the file
	stretch   *stretch
	told      atomic.Pointer[start] // once its turn has come
	abandoned atomic.Bool           // nobody waits for it any more

	// Who decodes it has these, and then, when done is true, who joins pieces.
	done      bool // under the mutex of the parallel feed
	found     bool
	begin     position
	chunks    []*chunk // the last one has an error where the stretch has one
	ready     []*chunk // those that are resolved as soon as they are delivered
	delivered int      // how many chunks were given to who reads
	late      bool     // what is decoded now had to wait for its turn
	lapped    time.Time
	hashed    time.Duration
	after     []byte // the window behind it, but for gaps
	gaps      []gap

	held  int // chunks that are not read yet, under the mutex of the parallel feed
	times PieceTimes

	mu     sync.Mutex // for what follows, and for chunks to be added
	joined int        // how many chunks have joined sums
	sum    sum        // of those, behind the last end of a member
}

// misled tells whether the piece began at a place that turned out to be wrong.
func (p *piece) misled() bool {
	told := p.told.Load()
	return told != nil && told.at != p.begin
}

// begun is the first chunk, where the piece begins.
func (p *piece) begun(spare *spares) *chunk {
	c := spare.chunk()
	p.held = 1
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

// forget gives back what was decoded from a wrong beginning, before it is decoded in its turn.
func (p *piece) forget(spare *spares, c *chunk) {
	spare.recycle(p.chunks...)
	if c != nil {
		spare.recycle(c)
	}
	p.chunks, p.ready, p.joined, p.sum = nil, nil, 0, noSum
	p.after, p.gaps, p.hashed = nil, nil, 0
	p.times = PieceTimes{Number: p.number}
	p.late = true
	p.resume()
}

// limit is how far a chunk is filled before it is asked whether it should go on.
func (p *piece) limit(c *chunk) int {
	if c.wide {
		return min(c.room(), c.end+int(min(symbolStep, p.to-p.from)))
	}
	return c.room()
}

// satisfied tells whether a chunk is to be followed by another.
func (p *piece) satisfied(c *chunk) bool {
	return c.full() || c.settled() || c.wide && p.told.Load() != nil
}

// next has a chunk follow the one before it, as bytes if all bytes are known that it could reach.
func (p *piece) next(c, before *chunk) *chunk {
	if told := p.told.Load(); told != nil && !p.misled() && before.wide && len(before.ends) == 0 {
		c.followKnown(before, told.window, int64(len(told.window))+p.times.Bytes)
	} else {
		c.followAny(before)
	}
	return c
}

// resume begins to take time, and lap ends to.
func (p *piece) resume() { p.lapped = time.Now() }

func (p *piece) lap() {
	now := time.Now()
	if p.late {
		p.times.InTurn += now.Sub(p.lapped)
	} else {
		p.times.Decode += now.Sub(p.lapped)
	}
	p.lapped = now
}

// findStep is how many bytes of a piece are searched at a time: most have a block within.
const findStep = 256 << 10

// find searches the piece's beginning, if it is not known yet.
func (p *piece) find(spare *spares) bool {
	if p.stretch == nil {
		p.stretch = spare.stretch()
	}
	if p.told.Load() != nil {
		p.found = true
		return true
	}
	began := time.Now()
	defer func() { p.times.Search = time.Since(began) }()
	for from := p.from; from < p.to && !p.found && !p.abandoned.Load() && p.told.Load() == nil; from += findStep {
		if err := p.stretch.input.load(from, findStep+lookAhead); err != nil {
			return false
		}
		look := prober{p.stretch.decoder, p.stretch.input.data, from}
		p.begin, p.found = look.search(8*from, 8*min(from+findStep, p.to))
	}
	p.found = p.found || p.told.Load() != nil
	return p.found
}

// add takes a chunk whose output is whole. Bytes can be hashed now.
func (p *piece) add(c *chunk, last bool) {
	c.piece, c.last = p, last
	p.times.Bytes += int64(c.end - c.begin)
	if !c.wide {
		p.lap()
		began := time.Now()
		c.addSums()
		c.summed = true
		p.resume()
		p.hashed += p.lapped.Sub(began)
	}
	p.mu.Lock()
	p.chunks = append(p.chunks, c)
	p.mu.Unlock()
	p.ready = append(p.ready, p.joinSums(nil)...)
}

// A gap is a byte of a window that is not known before the window before the piece is, but for its marker.
type gap struct{ at, marker uint16 }

// prepare does what can be done before the piece's turn, so that little is left for then. It makes the last window of the
// output, or what there is of it, but for its gaps. Behind a member nothing can be reached.
func (p *piece) prepare() {
	defer p.lap()
	last := p.chunks[len(p.chunks)-1]
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
	missing := windowSize - len(before)
	for _, g := range p.gaps {
		p.after[g.at] = meaningOf(g.marker, before)
	}
	if !p.chunks[len(p.chunks)-1].wide || missing == 0 || p.after == nil {
		return p.after
	}
	return p.after[max(0, missing-int(p.times.Bytes)):]
}
