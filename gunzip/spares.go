package gunzip

import (
	"io"
	"sync"
)

// spares are chunks and stretches that can be used again.
type spares struct {
	file io.ReaderAt
	size int64

	portable bool // use no assembly

	mu        sync.Mutex
	chunks    []*chunk
	stretches []*stretch
}

func (s *spares) chunk() *chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.chunks); n > 0 {
		c := s.chunks[n-1]
		s.chunks = s.chunks[:n-1]
		return c
	}
	return newChunk(s.portable)
}

func (s *spares) recycle(chunks ...*chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks = append(s.chunks, chunks...)
}

func (s *spares) stretch() *stretch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.stretches); n > 0 {
		used := s.stretches[n-1]
		s.stretches = s.stretches[:n-1]
		used.step = firstInput
		return used
	}
	return newStretch(s.file, s.size, s.portable)
}

func (s *spares) recycleStretch(used *stretch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if used == nil {
		return
	}
	s.stretches = append(s.stretches, used)
}
