package gunzip

import (
	"compress/flate"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// mostPieces is how many pieces may be under way: one for each worker, and a quarter as many that wait to be read.
func mostPieces(workers int) int { return workers + (workers+3)/4 }

// A parallel feed has workers that decode pieces ahead. A worker that ends a piece joins those whose turn has come.
type parallel struct {
	spares spares
	begins []int64 // offsets at which the pieces begin, and the file's end
	most   int     // how many pieces may be under way
	room   int     // how many more chunks pieces may hold, besides the leastChunks of each; guarded by mu

	mu       sync.Mutex
	work     sync.Cond // for workers: there is something to do
	output   sync.Cond // for the goroutine that reads: a chunk is ready
	stopped  bool
	waiting  int      // workers that wait within a piece, for its turn or for the goroutine that reads
	upcoming int      // the piece that is taken next
	flying   []*piece // by number, those that were taken and are not joined
	turn     int      // the piece that comes next in the output
	start    *start   // of that piece
	joining  bool     // a worker is joining pieces
	again    *piece   // a piece that had a wrong beginning, once its turn has come
	underWay int      // pieces that were taken and are not yet done with
	resolve  queue    // chunks whose markers can be replaced
	joined   queue    // in the order of the file
	times    []*PieceTimes

	everyone sync.WaitGroup
}

func newParallel(file io.ReaderAt, size int64, workers int, begins []int64) *parallel {
	p := &parallel{
		spares: spares{file: file, size: size, portable: portable()},
		begins: begins,
		most:   mostPieces(workers),
		room:   mostPieces(workers) * (mostChunks(begins[1], workers) - leastChunks),
		flying: make([]*piece, len(begins)-1),
		times:  make([]*PieceTimes, 0, len(begins)-1),
		start:  &start{at: position{member: true}},
	}
	p.work.L, p.output.L = &p.mu, &p.mu
	return p
}

// employ starts the workers.
func (p *parallel) employ(workers int) *parallel {
	for range workers {
		p.everyone.Go(p.worker)
	}
	return p
}

// worker does what there is to do, first what is needed soonest.
func (p *parallel) worker() {
	meaning := new(deflate.Meaning)
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		if p.assist(meaning) {
			continue
		}
		if ahead := p.take(); ahead != nil {
			p.complete(ahead, meaning)
			continue
		}
		p.work.Wait()
	}
}

// assist does one thing that others wait for, if there is one. The mutex must be held; while it works, it is not.
func (p *parallel) assist(meaning *deflate.Meaning) bool {
	switch {
	case p.again != nil:
		ahead := p.again
		p.again = nil
		p.complete(ahead, meaning)
	case p.resolve.first() != nil:
		c := p.resolve.take()
		if p.resolve.first() != nil {
			p.wake() // the worker that delivers chunks wakes only one other
		}
		p.mu.Unlock()
		p.finish(c, meaning)
		p.mu.Lock()
	default:
		return false
	}
	return true
}

// complete decodes a piece, and joins it if its turn has come. The mutex must be held; while it decodes, it is not.
func (p *parallel) complete(ahead *piece, meaning *deflate.Meaning) {
	p.mu.Unlock()
	defer p.mu.Lock()
	p.decode(ahead, meaning)
	p.decoded(ahead)
}

// take returns the next piece to decode, if there is one and it may be under way. The mutex must be held.
func (p *parallel) take() *piece {
	if p.upcoming == len(p.begins)-1 || p.underWay == p.most {
		return nil
	}
	ahead := &piece{number: p.upcoming, from: p.begins[p.upcoming], to: p.begins[p.upcoming+1], sum: noSum}
	ahead.times.Number = p.upcoming
	if p.upcoming == p.turn {
		ahead.told.Store(p.start)
	}
	p.flying[p.upcoming] = ahead
	p.upcoming++
	p.underWay++
	return ahead
}

// wake tells workers that there is something to do. One of those that do nothing is enough. Of those that wait within a
// piece all are woken, since each waits for something else. The mutex must be held.
func (p *parallel) wake() {
	if p.waiting > 0 {
		p.work.Broadcast()
	} else {
		p.work.Signal()
	}
}

// decode finds where a piece can begin, and decodes from there to its end or to an error.
func (p *parallel) decode(ahead *piece, meaning *deflate.Meaning) {
	if !ahead.find(&p.spares) {
		return
	}
	ahead.resume()
	c := ahead.begun(&p.spares)
	for !ahead.abandoned.Load() {
		if ahead.misled() {
			p.mu.Lock()
			p.hold(ahead, -ahead.held)
			p.mu.Unlock()
			ahead.forget(&p.spares, c)
			c = ahead.begun(&p.spares)
		}
		ahead.stretch.fill(c, ahead.limit(c))
		ended := c.err != nil || ahead.stretch.state == atStop
		if ahead.misled() || !ended && !ahead.satisfied(c) {
			continue
		}
		ahead.add(c, ended)
		if ended {
			ahead.prepare()
			return
		}
		if !p.more(ahead, meaning) {
			c = nil
			continue
		}
		c = ahead.next(p.spares.chunk(), c)
	}
	if c != nil {
		p.spares.recycle(c)
	}
}

// more waits until a piece may hold one more chunk. If its turn has come, the chunks that it has are delivered. more
// returns false if the piece is not to go on from here.
func (p *parallel) more(ahead *piece, meaning *deflate.Meaning) bool {
	ahead.lap()
	defer ahead.resume()
	ahead.late = ahead.late || len(ahead.chunks) > muchOutput(ahead.to-ahead.from)
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped && !ahead.abandoned.Load() && !ahead.misled() {
		if ahead.told.Load() != nil {
			p.deliver(ahead, len(ahead.chunks)-1) // which the next chunk follows
			p.announce()
		}
		if ahead.held < leastChunks || p.room > 0 {
			p.hold(ahead, 1)
			return true
		}
		if p.assist(meaning) {
			continue
		}
		ahead.late = ahead.late || ahead.told.Load() == nil
		p.waiting++
		p.work.Wait()
		p.waiting--
	}
	return false
}

// hold adds to the number of chunks that a piece holds. The mutex must be held.
func (p *parallel) hold(ahead *piece, chunks int) {
	p.room += max(ahead.held, leastChunks)
	ahead.held += chunks
	p.room -= max(ahead.held, leastChunks)
}

// deliver gives the first chunks of a piece, whose turn has come, to the goroutine that reads. The mutex must be held.
func (p *parallel) deliver(ahead *piece, until int) {
	for _, c := range ahead.ready {
		c.resolved = true
	}
	ahead.ready = ahead.ready[:0]
	for _, c := range ahead.chunks[ahead.delivered:until] {
		if c.wide {
			p.resolve.put(c)
		}
	}
	p.joined.put(ahead.chunks[ahead.delivered:until]...)
	ahead.delivered = until
}

// announce tells the others that chunks were delivered, or that the turn of a piece has come. The mutex must be held.
func (p *parallel) announce() {
	p.wake()
	p.output.Signal()
}

// finish turns the symbols of a chunk into bytes, and computes their sums.
func (p *parallel) finish(c *chunk, meaning *deflate.Meaning) {
	began := time.Now()
	n := replace(c.bytes[c.begin:], c.symbols[c.begin:c.end], c.piece.told.Load().window, meaning, c.portable)
	if n < c.end-c.begin {
		c.err = fmt.Errorf("%w: a match from before the member's first byte", flate.CorruptInputError(c.piece.begin.bit/8))
		c.cut(c.begin + n)
	}
	replaced := time.Since(began)
	c.addSums()
	ready := c.piece.joinSums(c)
	hashed := time.Since(began) - replaced
	p.mu.Lock()
	defer p.mu.Unlock()
	c.piece.times.Replace += replaced
	c.piece.times.Hash += hashed
	for _, c := range ready {
		c.resolved = true
	}
	p.output.Signal()
}

// decoded marks a piece as decoded, and joins pieces if no other worker does.
func (p *parallel) decoded(ahead *piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ahead.done = true
	if ahead.abandoned.Load() {
		p.drop(ahead)
	}
	if p.joining {
		return
	}
	p.joining = true
	for p.join() {
	}
	p.announce() // only now: pieces that are decoded already need only their windows
	p.joining = false
}

// drop releases what a piece holds. The mutex must be held.
func (p *parallel) drop(ahead *piece) {
	p.spares.recycle(ahead.chunks...)
	p.hold(ahead, -ahead.held)
	p.spares.recycleStretch(ahead.stretch)
	p.underWay--
	p.wake()
}

// join joins the piece whose turn has come to those before it, if it is decoded and begins where they end. The mutex
// must be held; it is not while the window after the piece is made.
func (p *parallel) join() bool {
	ahead := p.flying[p.turn]
	if ahead == nil || !ahead.done || p.stopped {
		return false
	}
	if !ahead.found || ahead.misled() {
		p.hold(ahead, -ahead.held)
		ahead.forget(&p.spares, nil)
		ahead.done, p.again = false, ahead
		return false
	}
	began := time.Now()
	window := p.start.window
	p.mu.Unlock()
	after := ahead.follow(window)
	p.mu.Lock()
	p.flying[ahead.number] = nil
	ended := ahead.chunks[len(ahead.chunks)-1].err != nil
	p.deliver(ahead, len(ahead.chunks))
	if ended {
		p.end()
	} else {
		p.tell(&start{ahead.stretch.end, after})
	}
	p.spares.recycleStretch(ahead.stretch)
	ahead.times.Hash += ahead.hashed
	p.times = append(p.times, &ahead.times)
	ahead.times.HandOver = time.Since(began)
	return true
}

// tell notes where the joined pieces end, and tells the piece that lies there. It drops those before. The mutex must be
// held.
func (p *parallel) tell(s *start) {
	p.start = s
	for 8*p.begins[p.turn+1] <= s.at.bit {
		p.abandon(p.turn)
		p.turn++
	}
	p.upcoming = max(p.upcoming, p.turn)
	if ahead := p.flying[p.turn]; ahead != nil {
		ahead.told.Store(s)
	}
}

// end drops all pieces, since the output has ended. The mutex must be held.
func (p *parallel) end() {
	p.upcoming = len(p.begins) - 1
	for n := range p.flying {
		p.abandon(n)
	}
}

// abandon drops a piece, if it was taken. The mutex must be held.
func (p *parallel) abandon(number int) {
	passed := p.flying[number]
	if passed == nil {
		return
	}
	p.flying[number] = nil
	passed.abandoned.Store(true)
	if passed.done {
		p.drop(passed)
	}
}

// next waits for the next chunk and its bytes.
func (p *parallel) next() *chunk {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.joined.first() == nil || !p.joined.first().resolved {
		p.output.Wait()
	}
	return p.joined.take()
}

func (p *parallel) recycle(c *chunk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold(c.piece, -1)
	if c.last {
		p.underWay--
	}
	if c.last || p.waiting > 0 {
		p.wake()
	}
	p.spares.recycle(c)
}

func (p *parallel) close() {
	p.mu.Lock()
	p.stopped = true
	for _, ahead := range p.flying {
		if ahead != nil {
			ahead.abandoned.Store(true)
		}
	}
	p.work.Broadcast()
	p.mu.Unlock()
	p.everyone.Wait()
}

func (p *parallel) pieceTimes() []PieceTimes {
	p.mu.Lock()
	defer p.mu.Unlock()
	times := make([]PieceTimes, len(p.times))
	for i, t := range p.times {
		times[i] = *t
	}
	return times
}
