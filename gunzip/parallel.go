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

// mostStreamed is how many chunks that were decoded in their turn may wait to be read.
const mostStreamed = 6

// mostPieces is how many pieces may be under way: one for each worker, and a quarter as many that wait for their turn.
func mostPieces(workers int) int { return workers + (workers+3)/4 }

// A parallel feed has workers that decode pieces ahead, and a goroutine that joins the pieces.
type parallel struct {
	spares spares
	begins []int64 // offsets at which the pieces begin, and the file's end
	most   int     // how many pieces may be under way

	mu       sync.Mutex
	work     sync.Cond // for workers: there is something to do
	ready    sync.Cond // for the goroutine that joins: a piece is decoded, or there is room
	output   sync.Cond // for the goroutine that reads: a chunk is ready
	stopped  bool
	upcoming int // the piece that is taken next
	flying   map[int]*piece
	underWay int      // pieces that were taken and are not yet done with
	resolve  []*chunk // chunks whose markers can be replaced
	joined   []*chunk // in the order of the file
	streamed int      // chunks that were decoded in their turn and are not read yet
	times    []*PieceTimes

	everyone sync.WaitGroup
}

func newParallel(file io.ReaderAt, size int64, workers int, begins []int64) *parallel {
	p := &parallel{
		spares: spares{file: file, size: size, portable: portable()},
		begins: begins,
		most:   mostPieces(workers),
		flying: map[int]*piece{},
	}
	p.work.L, p.ready.L, p.output.L = &p.mu, &p.mu, &p.mu
	for range workers {
		p.everyone.Go(p.worker)
	}
	p.everyone.Go(p.join)
	return p
}

// worker does what there is to do, first what is needed soonest.
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

// take waits for a chunk to resolve or a piece to decode. It returns neither when the workers are to stop.
func (p *parallel) take() (*chunk, *piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		if len(p.resolve) > 0 {
			c := p.resolve[0]
			p.resolve = p.resolve[1:]
			if len(p.resolve) > 0 {
				p.work.Signal() // the goroutine that joins wakes only one worker
			}
			return c, nil
		}
		if p.upcoming < len(p.begins)-1 && p.underWay < p.most {
			ahead := &piece{number: p.upcoming, from: p.begins[p.upcoming], to: p.begins[p.upcoming+1]}
			ahead.times.Number = p.upcoming
			p.flying[p.upcoming] = ahead
			p.upcoming++
			p.underWay++
			return nil, ahead
		}
		p.work.Wait()
	}
	return nil, nil
}

// decoded marks a piece as decoded.
func (p *parallel) decoded(ahead *piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ahead.done = true
	if ahead.abandoned.Load() {
		p.drop(ahead)
	}
	p.ready.Signal()
}

// drop releases what a piece holds. The mutex must be held.
func (p *parallel) drop(ahead *piece) {
	p.spares.recycle(ahead.chunks...)
	p.spares.recycleStretch(ahead.stretch)
	p.underWay--
	p.work.Signal()
}

// finish turns the symbols of a chunk into bytes, and computes their sums.
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
	hashed := time.Since(began) - replaced
	p.mu.Lock()
	defer p.mu.Unlock()
	c.times.Replace += replaced
	c.times.Hash += hashed
	c.resolved = true
	p.output.Signal()
}

// join joins the pieces in their order, if each begins where the one before ended. It decodes itself what no piece
// covers.
func (p *parallel) join() {
	defer p.wake()
	at, before := position{member: true}, []byte(nil)
	for {
		ahead := p.await(at)
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

// await waits for the piece in which a position lies, and drops the pieces before it. It returns nil when all is to
// stop.
func (p *parallel) await(at position) *piece {
	number := sort.Search(len(p.begins), func(i int) bool { return 8*p.begins[i] > at.bit }) - 1
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

// accept joins a piece that begins where the one before ended, and returns the window after it. The output has ended if
// one of its chunks has an error.
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

// wake tells the others of joined pieces. The goroutine that joins calls it when it has nothing else to do: pieces that
// are decoded already need only their windows.
func (p *parallel) wake() {
	p.work.Signal()
	p.output.Signal()
}

// again drops a piece that does not begin where the one before ended. It returns a stretch that begins there and goes
// on to the next piece.
func (p *parallel) again(ahead *piece, at position) *stretch {
	p.mu.Lock()
	p.drop(ahead)
	p.mu.Unlock()
	s := p.spares.stretch()
	s.start(at, 8*ahead.to)
	return s
}

// stream decodes a stretch in its turn, and returns the window after it.
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

// roomToStream waits until few enough chunks are waiting to be read. It is false when all is to stop.
func (p *parallel) roomToStream() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.streamed >= mostStreamed && !p.stopped {
		p.ready.Wait()
	}
	return !p.stopped
}

// next waits for the next chunk and its bytes.
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
