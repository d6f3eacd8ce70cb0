package gunzip

import "io"

// firstOutput is how much is decoded for the first call of next.
const firstOutput = 64 << 10

// A serial feed decodes when it is asked to. It uses two chunks by turns.
type serial struct {
	stretch *stretch
	now     *chunk
	other   *chunk
	output  int // how much is decoded by the next call
}

// newSerial returns a feed that has read the first header.
func newSerial(file io.ReaderAt, size int64) (*serial, error) {
	s := &serial{stretch: newStretch(file, size, portable()), output: firstOutput}
	s.stretch.start(position{member: true}, endless)
	return s, s.stretch.header()
}

func (s *serial) next() *chunk {
	switch {
	case s.now == nil:
		s.now = newChunk(true)
		s.now.reset(false)
	default:
		if s.other == nil {
			s.other = newChunk(true)
		}
		s.now, s.other = s.other, s.now
		s.now.follow(s.other.tail())
	}
	s.stretch.fill(s.now, min(s.now.room(), windowSize+s.output))
	s.output = min(4*s.output, chunkMemory)
	s.now.addSums()
	return s.now
}

func (s *serial) recycle(*chunk) {}
func (s *serial) close()         { *s = serial{} }
