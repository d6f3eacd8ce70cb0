package gunzip

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// leastPiece is the least size of a piece, in bytes of the file; the last piece may be smaller.
const leastPiece = 1 << 20

// mostPiece is the largest size of a piece: 12 MiB for two workers, 4 MiB for five or more. Where the background of an
// image is noise, there are markers in the first 4 MiB of a piece. Larger pieces are therefore decoded faster, but they
// take more memory.
func mostPiece(workers int) int64 { return max(24/int64(workers), 4) << 20 }

// divide returns the offsets at which pieces begin, in the order in which workers take them, and then the end of the
// file. Large pieces are better, since only the first part of each has markers. But all workers should end at about the
// same time. So a piece is half of a worker's share of what is left, within limits.
func divide(size int64, workers int, least, most int64) []int64 {
	const step = 256 << 10 // bytes by which files are read best
	begins := []int64{0}
	for at := int64(0); at < size; {
		piece := (size - at) / int64(2*workers) / step * step
		at = min(size, at+min(max(piece, least), most))
		begins = append(begins, at)
	}
	return begins
}

// symbolStep is how many symbols are decoded, at most, before the window is searched for markers again.
const symbolStep = 64 << 10

// muchOutput is the number of chunks from which on a piece has much output: in bytes, six and a half times its size.
func muchOutput(piece int64) int { return int(max(12*piece>>20, leastChunks)) }

// leastChunks is how many chunks of output each piece may hold.
const leastChunks = 4

// mostChunks is how many chunks of output pieces may hold on average. Few workers have large pieces, but these need not
// hold all of their output, since their turn comes while they are decoded. A piece for which there is no room, such as
// one with the zeros of a mask, waits for its turn.
func mostChunks(piece int64, workers int) int {
	return muchOutput(min(piece, max(16/int64(workers), 4)<<20))
}

// A start is where all pieces before a piece ended, and the window before that place.
type start struct {
	at     position
	window []byte
}

// A piece is a part of the file that is decoded, or begun, before it is known what comes before it.
type piece struct {
	number    int
	from, to  int64 // offsets in the file
	stretch   *stretch
	told      atomic.Pointer[start] // where it begins, once its turn has come
	abandoned atomic.Bool           // nobody waits for it any more

	// The fields below belong to the worker that decodes the piece, and once done is true, to the one that joins pieces.
	done      bool // guarded by the mutex of the parallel feed
	found     bool
	begin     position
	chunks    []*chunk // the last one has the error, if there is one
	ready     []*chunk // those that are resolved once they are delivered
	delivered int      // how many chunks the goroutine that reads was given
	late      bool     // what is decoded now had to wait for the piece's turn
	lapped    time.Time
	hashed    time.Duration
	after     []byte // the window after it, in which gaps are not known yet
	gaps      []gap

	held  int // chunks that are not read yet; guarded by the mutex of the parallel feed
	times PieceTimes

	mu     sync.Mutex // guards the fields below, and chunks while it grows
	joined int        // how many chunks have their sums joined
	sum    sum        // sum of these chunks, from the last end of a member on
}

// misled tells whether the piece began at a place that turned out to be wrong.
func (p *piece) misled() bool {
	told := p.told.Load()
	return told != nil && told.at != p.begin
}

// begun returns the first chunk, and has the stretch start where the piece begins.
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

// forget releases what was decoded from a wrong beginning. The piece is then decoded in its turn.
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

// limit returns how far a chunk is filled before it is asked whether another should follow.
func (p *piece) limit(c *chunk) int {
	if c.wide {
		return min(c.room(), c.end+int(min(symbolStep, p.to-p.from)))
	}
	return c.room()
}

// satisfied tells whether another chunk should follow this one.
func (p *piece) satisfied(c *chunk) bool {
	return c.full() || c.settled() || c.wide && p.told.Load() != nil
}

// next has a chunk follow the one before it. It takes bytes if all that it could reach is known.
func (p *piece) next(c, before *chunk) *chunk {
	if told := p.told.Load(); told != nil && !p.misled() && before.wide && len(before.ends) == 0 {
		c.followKnown(before, told.window, int64(len(told.window))+p.times.Bytes)
	} else {
		c.followAny(before)
	}
	return c
}

// resume begins to measure time. lap adds what was measured.
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

// findStep is how many bytes of a piece are searched at a time. Most such stretches have the beginning of a block.
const findStep = 256 << 10

// find searches for a place where the piece can begin, unless its beginning is known already.
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

// add takes a chunk that is complete. If it is bytes, its sums can be computed now.
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

// A gap is a byte of a window that is known only when the window before the piece is.
type gap struct{ at, marker uint16 }

// prepare does what can be done before the piece's turn, so that little is left to do then. It makes the window after
// the piece, or as much of it as there is, and lists its gaps. After the end of a member nothing before it can be
// reached.
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

// joinSums joins the sums of chunks in their order, as far as there are sums, and returns the chunks that it joined.
// The goroutine that reads then joins one sum for each piece, not one for each chunk. summed is a chunk that has its
// sums now, or nil.
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

// follow fills the gaps with bytes of the window before the piece, and returns the window after it. If less than a
// whole window is known, it returns as much as is known.
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
