package gunzip

import (
	"compress/flate"
	"fmt"
	"io"
	"sort"
	"sync"
	"time"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// mostStreamed is how many chunks that were decoded in their turn wait to be read.
const mostStreamed = 6

// mostPieces is how many pieces are under way: one a worker, and a quarter as many that wait for their turn.
func mostPieces(workers int) int { return workers + (workers+3)/4 }

// A parallel feed has workers that decode pieces ahead, and a goroutine that joins what they made.
type parallel struct {
	spares spares
	begins []int64 // of the pieces in the file, and its end
	most   int     // how many may be under way

	mu       sync.Mutex
	work     sync.Cond // for workers: there is something to do
	ready    sync.Cond // for the one who joins: a piece is done, or there is room
	output   sync.Cond // for the one who reads: a chunk is there
	stopped  bool
	upcoming int // the piece that is taken next
	flying   map[int]*piece
	told     int      // the piece whose beginning was told last
	start    *start   // of that piece
	underWay int      // pieces that were taken and are not done with
	resolve  []*chunk // chunks to be resolved
	joined   []*chunk // in the order of the file
	streamed int      // chunks of no piece that are not read yet
	times    []*PieceTimes

	everyone sync.WaitGroup
}

func newParallel(file io.ReaderAt, size int64, workers int, begins []int64) *parallel {
	p := &parallel{
		spares: spares{file: file, size: size, portable: portable()},
		begins: begins,
		most:   mostPieces(workers),
		flying: map[int]*piece{},
		start:  &start{at: position{member: true}},
	}
	p.work.L, p.ready.L, p.output.L = &p.mu, &p.mu, &p.mu
	for range workers {
		p.everyone.Go(p.worker)
	}
	p.everyone.Go(p.join)
	return p
}

// worker does what is there to do: first what is wanted soonest.
func (p *parallel) worker() {
	meaning := new(deflate.Meaning)
	for {
		c, ahead := p.take()
		switch {
		case c != nil:
			p.finish(c, meaning)
		case ahead != nil:
			ahead.decode(&p.spares)
			p.decoded(ahead)
		default:
			return
		}
	}
}

// take waits for a chunk to resolve or a piece to decode. It gives neither when all is to stop.
func (p *parallel) take() (*chunk, *piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		if len(p.resolve) > 0 {
			c := p.resolve[0]
			p.resolve = p.resolve[1:]
			if len(p.resolve) > 0 {
				p.work.Signal() // whoever joins pieces wakes one worker only
			}
			return c, nil
		}
		if p.upcoming < len(p.begins)-1 && p.underWay < p.most {
			ahead := &piece{number: p.upcoming, from: p.begins[p.upcoming], to: p.begins[p.upcoming+1]}
			ahead.times.Number = p.upcoming
			if p.upcoming == p.told {
				ahead.told.Store(p.start)
			}
			p.flying[p.upcoming] = ahead
			p.upcoming++
			p.underWay++
			return nil, ahead
		}
		p.work.Wait()
	}
	return nil, nil
}

// decoded says that a piece is done.
func (p *parallel) decoded(ahead *piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ahead.done = true
	if ahead.abandoned.Load() {
		p.drop(ahead)
	}
	p.ready.Signal()
}

// drop gives up what a piece holds, under the mutex.
func (p *parallel) drop(ahead *piece) {
	p.spares.recycle(ahead.chunks...)
	p.spares.recycleStretch(ahead.stretch)
	p.underWay--
	p.work.Signal()
}

// finish turns a chunk's symbols into bytes, and sums them.
func (p *parallel) finish(c *chunk, meaning *deflate.Meaning) {
	began := time.Now()
	if c.wide {
		n := replace(c.bytes[c.begin:], c.symbols[c.begin:c.end], c.piece.before, meaning, c.portable)
		if n < c.end-c.begin {
			c.err = fmt.Errorf("%w: a match from before the member's first byte", flate.CorruptInputError(c.piece.begin.bit/8))
			c.cut(c.begin + n)
		}
	}
	replaced := time.Since(began)
	c.addSums()
	ready := []*chunk{c}
	if c.piece != nil {
		ready = c.piece.joinSums(c)
	}
	hashed := time.Since(began) - replaced
	p.mu.Lock()
	defer p.mu.Unlock()
	c.times.Replace += replaced
	c.times.Hash += hashed
	for _, c := range ready {
		c.resolved = true
	}
	p.output.Signal()
}

// join puts pieces together in their order, each where the one before ended. What no piece begins at it decodes itself.
func (p *parallel) join() {
	defer p.wake()
	at, before := position{member: true}, []byte(nil)
	for {
		ahead := p.await(&start{at, before})
		if ahead == nil {
			return
		}
		var s *stretch
		ended := false
		if ahead.found && ahead.begin == at {
			before, ended = p.accept(ahead, before)
			s = ahead.stretch
		} else {
			s = p.again(ahead, at)
		}
		if !ended && s.state != atStop {
			before, ended = p.stream(s, ahead.number, before)
		}
		at = s.end
		p.spares.recycleStretch(s)
		if ended {
			return
		}
	}
}

// await waits for the piece in which a start lies, tells it, and gives up those before. It is nil when all is to stop.
func (p *parallel) await(begins *start) *piece {
	number := sort.Search(len(p.begins), func(i int) bool { return 8*p.begins[i] > begins.at.bit }) - 1
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, passed := range p.flying {
		if n < number {
			delete(p.flying, n)
			passed.abandoned.Store(true)
			if passed.done {
				p.drop(passed)
			}
		}
	}
	p.told, p.start = number, begins
	if ahead := p.flying[number]; ahead != nil {
		ahead.told.Store(begins)
	}
	if p.upcoming < number {
		p.upcoming = number
		p.work.Signal()
	}
	for !p.stopped {
		if ahead := p.flying[number]; ahead != nil && ahead.done {
			delete(p.flying, number)
			return ahead
		}
		p.wake()
		p.ready.Wait()
	}
	return nil
}

// accept joins a piece that begins where the one before ended, and gives the window behind it. The output has ended
// where a chunk has an error.
func (p *parallel) accept(ahead *piece, before []byte) (after []byte, ended bool) {
	began := time.Now()
	after = ahead.follow(before)
	ended = ahead.chunks[len(ahead.chunks)-1].err != nil
	p.mu.Lock()
	p.resolve = append(p.resolve, ahead.wide...)
	p.joined = append(p.joined, ahead.chunks...)
	p.times = append(p.times, &ahead.times)
	ahead.times.HandOver = time.Since(began)
	p.mu.Unlock()
	return after, ended
}

// wake tells the others of joined pieces. The one who joins does that when it has nothing else to do: the pieces that are
// done already need no more than their windows.
func (p *parallel) wake() {
	p.work.Signal()
	p.output.Signal()
}

// again gives up a piece that does not begin where the one before ended, and begins there with a stretch up to the next
// piece.
func (p *parallel) again(ahead *piece, at position) *stretch {
	p.mu.Lock()
	p.drop(ahead)
	p.mu.Unlock()
	s := p.spares.stretch()
	s.start(at, 8*ahead.to)
	return s
}

// stream decodes a stretch in its turn, and gives the window behind it.
func (p *parallel) stream(s *stretch, number int, before []byte) (after []byte, ended bool) {
	p.wake()
	began := time.Now()
	times := &PieceTimes{Number: number}
	for !ended && s.state != atStop {
		if !p.roomToStream() {
			return nil, true
		}
		c := p.spares.chunk()
		c.follow(before)
		s.fill(c, c.room())
		times.Bytes += int64(c.end - c.begin)
		before = append([]byte(nil), c.tail()...)
		ended = c.err != nil
		p.mu.Lock()
		c.times = times
		p.streamed++
		p.resolve = append(p.resolve, c)
		p.joined = append(p.joined, c)
		p.work.Signal()
		p.mu.Unlock()
	}
	times.InTurn = time.Since(began)
	p.mu.Lock()
	p.times = append(p.times, times)
	p.mu.Unlock()
	return before, ended
}

// roomToStream waits until few enough chunks wait to be read. It is false when all is to stop.
func (p *parallel) roomToStream() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.streamed >= mostStreamed && !p.stopped {
		p.ready.Wait()
	}
	return !p.stopped
}

// next waits for the next chunk that is resolved.
func (p *parallel) next() *chunk {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.joined) == 0 || !p.joined[0].resolved {
		p.output.Wait()
	}
	c := p.joined[0]
	p.joined = p.joined[1:]
	return c
}

func (p *parallel) recycle(c *chunk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c.piece == nil:
		p.streamed--
		p.ready.Signal()
	case c.last:
		p.underWay--
		p.work.Signal()
	}
	p.spares.recycle(c)
}

func (p *parallel) close() {
	p.mu.Lock()
	p.stopped = true
	for _, ahead := range p.flying {
		ahead.abandoned.Store(true)
	}
	p.work.Broadcast()
	p.ready.Broadcast()
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
