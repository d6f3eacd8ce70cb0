package gunzip

import (
	"compress/flate"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// mostPieces is how many pieces are under way: one a worker, and a quarter as many that wait to be read.
func mostPieces(workers int) int { return workers + (workers+3)/4 }

// A parallel feed has workers that decode pieces ahead. Whoever is done with a piece joins those whose turn has come.
type parallel struct {
	spares spares
	begins []int64 // of the pieces in the file, and its end
	most   int     // how many may be under way
	room   int     // for how many chunks, but for those that each piece may hold anyway

	mu       sync.Mutex
	work     sync.Cond // for workers: there is something to do
	output   sync.Cond // for the one who reads: a chunk is there
	stopped  bool
	waiting  int      // workers that wait within a piece, for its turn or for who reads
	upcoming int      // the piece that is taken next
	flying   []*piece // by number, those that were taken and are not joined
	turn     int      // the piece that comes next in the output
	start    *start   // of that piece
	joining  bool     // somebody joins pieces
	again    *piece   // which had a wrong beginning, and whose turn has come
	underWay int      // pieces that were taken and are not done with
	resolve  queue    // chunks to be resolved
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

// employ begins the work.
func (p *parallel) employ(workers int) *parallel {
	for range workers {
		p.everyone.Go(p.worker)
	}
	return p
}

// worker does what is there to do: first what is wanted soonest.
func (p *parallel) worker() {
	meaning := new(deflate.Meaning)
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		if p.assist(meaning) {
			continue
		}
		if ahead := p.take(); ahead != nil {
			p.mu.Unlock()
			p.decode(ahead, meaning)
			p.decoded(ahead)
			p.mu.Lock()
			continue
		}
		p.work.Wait()
	}
}

// assist does one thing that others wait for, if there is one, without the mutex, which is held otherwise.
func (p *parallel) assist(meaning *deflate.Meaning) bool {
	switch {
	case p.again != nil:
		ahead := p.again
		p.again = nil
		p.mu.Unlock()
		p.decode(ahead, meaning)
		p.decoded(ahead)
		p.mu.Lock()
	case p.resolve.first() != nil:
		c := p.resolve.take()
		if p.resolve.first() != nil {
			p.wake() // whoever delivers chunks wakes one worker only
		}
		p.mu.Unlock()
		p.finish(c, meaning)
		p.mu.Lock()
	default:
		return false
	}
	return true
}

// take gives the next piece to decode, if there is one and room for it, under the mutex.
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

// wake tells workers that there is something to do, under the mutex: one of those that do nothing, but all of those that
// wait within a piece, since each waits for something else.
func (p *parallel) wake() {
	if p.waiting > 0 {
		p.work.Broadcast()
	} else {
		p.work.Signal()
	}
}

// decode finds where a piece can begin and decodes from there on to its end or an error.
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

// more waits until a piece may have one more chunk. Once its turn has come, it gives those that it has to who reads. It is
// false where the piece is not to go on from here.
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

// hold adds to the number of chunks that a piece holds, under the mutex.
func (p *parallel) hold(ahead *piece, chunks int) {
	p.room += max(ahead.held, leastChunks)
	ahead.held += chunks
	p.room -= max(ahead.held, leastChunks)
}

// deliver gives the first chunks of a piece to who reads, under the mutex, when its turn has come.
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

// announce tells the others of chunks that were delivered and of whose turn it is, under the mutex.
func (p *parallel) announce() {
	p.wake()
	p.output.Signal()
}

// finish turns a chunk's symbols into bytes, and sums them.
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

// decoded says that a piece is done, and joins pieces if nobody else does.
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
	p.announce() // once: pieces that are done already need no more than their windows
	p.joining = false
}

// drop gives up what a piece holds, under the mutex.
func (p *parallel) drop(ahead *piece) {
	p.spares.recycle(ahead.chunks...)
	p.hold(ahead, -ahead.held)
	p.spares.recycleStretch(ahead.stretch)
	p.underWay--
	p.wake()
}

// join puts the piece behind those before it whose turn has come, if it is done and begins where they end. The mutex is
// held, but while the window behind the piece is made.
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

// tell says where the pieces that are joined end, under the mutex: to the piece that lies there. It gives up those before.
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

// end gives up all pieces, since the output has ended.
func (p *parallel) end() {
	p.upcoming = len(p.begins) - 1
	for n := range p.flying {
		p.abandon(n)
	}
}

// abandon gives up a piece if it was taken, under the mutex.
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

// next waits for the next chunk that is resolved.
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
