package gunzip

import (
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

const (
	// inputStep is how much of the file is read at a time where it is not divided into pieces.
	inputStep  = 1 << 20
	firstInput = 64 << 10
)

// A state says what comes next in a stretch.
type state uint8

const (
	atHeader state = iota // a member's header
	inBlocks
	atTrailer
	atStop // the end of the stretch
)

// A stretch decodes a part of the file from beginning to end: blocks, and members one after another.
type stretch struct {
	input   input
	decoder *deflate.Decoder
	state   state
	at      int64 // offset of the next header or trailer
	step    int   // how much is read next
	limit   int64 // the stretch ends at the first position, at this bit or after it, that a search finds

	end    position // where it ended
	failed error    // why it could not begin
}

func newStretch(file io.ReaderAt, size int64, portable bool) *stretch {
	return &stretch{input: input{file: file, size: size}, decoder: deflate.NewDecoder(portable), step: firstInput}
}

// start begins at a position. The input may already be in memory.
func (s *stretch) start(p position, limit int64) {
	s.limit, s.failed = limit, nil
	s.decoder.Restart()
	if p.member {
		s.state, s.at = atHeader, p.bit/8
		return
	}
	s.state = inBlocks
	s.failed = s.seek(p.bit)
}

// seek makes the decoder go on at a bit of the file.
func (s *stretch) seek(bit int64) error {
	if !s.input.holds(bit/8, 2*deflate.InputMargin) {
		return s.seekFresh(bit)
	}
	s.decoder.SetInput(s.input.data, int(bit-8*s.input.base), s.input.last())
	return nil
}

// seekFresh makes the decoder go on at a bit of the file, and reads the input from there on.
func (s *stretch) seekFresh(bit int64) error {
	if err := s.load(bit / 8); err != nil {
		return err
	}
	s.decoder.SetInput(s.input.data, int(bit-8*s.input.base), s.input.last())
	return nil
}

// load reads the input from an offset on. It begins with a small part, so that the first bytes of output come soon.
func (s *stretch) load(at int64) error {
	err := s.input.load(at, s.step)
	s.step = min(4*s.step, inputStep)
	return err
}

// bit returns the bit of the file at which the decoder is.
func (s *stretch) bit() int64 { return 8*s.input.base + int64(s.decoder.Bit()) }

// fill decodes into the chunk until the limit of its output, which it may exceed by 266 symbols, or the end of the
// stretch. A chunk of symbols ends where a member ends. An error of the data or the file becomes the chunk's; what came
// before it is right.
func (s *stretch) fill(c *chunk, limit int) {
	c.err = s.failed
	for c.err == nil && c.end < limit && s.state != atStop {
		var err error
		switch s.state {
		case atHeader:
			if c.wide && len(c.ends) > 0 {
				return
			}
			err = s.header()
		case inBlocks:
			err = s.blocks(c, limit)
		case atTrailer:
			err = s.trailer(c)
		}
		c.err = err
	}
}

// header reads a member's header. At the file's end it returns io.EOF.
func (s *stretch) header() error {
	if s.at == s.input.size {
		return io.EOF
	}
	for n := deflate.InputMargin; ; n *= 16 {
		if !s.input.holds(s.at, n) {
			s.step = max(s.step, n)
			if err := s.load(s.at); err != nil {
				return err
			}
		}
		b := s.input.from(s.at)
		length, err := headerLength(b)
		switch {
		case err == nil:
			s.state = inBlocks
			s.decoder.Restart()
			return s.seek(8 * (s.at + int64(length)))
		case !errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("the gzip header at byte %d: %w", s.at, err)
		case s.input.last():
			return fmt.Errorf("the gzip header at byte %d ends after %d bytes: %w", s.at, len(b), err)
		case len(b) >= mostHeader:
			return fmt.Errorf("the gzip header at byte %d: %w: it has no end within %d bytes", s.at, gzip.ErrHeader, mostHeader)
		}
	}
}

// blocks decodes until the chunk's limit, the end of a block, or until it needs more input.
func (s *stretch) blocks(c *chunk, limit int) error {
	if s.decoder.Starved() {
		if err := s.seekFresh(s.bit()); err != nil {
			return err
		}
	}
	var err error
	if c.wide {
		c.end, err = deflate.Decode(s.decoder, c.symbols, c.end, c.first, limit)
	} else {
		c.end, err = deflate.Decode(s.decoder, c.bytes, c.end, c.first, limit)
	}
	switch {
	case errors.Is(err, deflate.ErrTruncated):
		return fmt.Errorf("the compressed data end at byte %d within a block: %w", s.input.size, io.ErrUnexpectedEOF)
	case err != nil:
		return fmt.Errorf("%w: %w", flate.CorruptInputError((s.bit()+7)/8), err)
	case !s.decoder.AtBoundary():
		return nil
	case s.decoder.Final():
		s.state, s.at = atTrailer, (s.bit()+7)/8
		return nil
	case s.bit() >= s.limit:
		return s.stopAtBlock()
	}
	return nil
}

// stopAtBlock ends the stretch before the next block, if a search would find that.
func (s *stretch) stopAtBlock() error {
	bit := s.bit()
	p, err := s.prober(bit / 8)
	if err != nil {
		return err
	}
	if end, ok := p.block(bit); ok {
		s.end, s.state = end, atStop
	}
	s.decoder.Restart()
	return s.seek(bit)
}

// prober returns a prober that can look ahead from a byte on.
func (s *stretch) prober(at int64) (prober, error) {
	if !s.input.holds(at, lookAhead) {
		s.step = max(s.step, 2*lookAhead)
		if err := s.load(at); err != nil {
			return prober{}, err
		}
	}
	return prober{s.decoder, s.input.data, s.input.base}, nil
}

// trailer reads the CRC and the size that end a member. The stretch may end after them.
func (s *stretch) trailer(c *chunk) error {
	if !s.input.holds(s.at, trailerSize) {
		if err := s.load(s.at); err != nil {
			return err
		}
	}
	b := s.input.from(s.at)
	if len(b) < trailerSize {
		return fmt.Errorf("the checksum at byte %d is cut off: %w", s.at, io.ErrUnexpectedEOF)
	}
	c.endMember(binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]))
	s.at += trailerSize
	s.state = atHeader
	if 8*s.at < s.limit || s.at == s.input.size {
		return nil
	}
	p, err := s.prober(s.at)
	if err != nil {
		return err
	}
	if p.memberAt(int(s.at - s.input.base)) {
		s.end, s.state = position{bit: 8 * s.at, member: true}, atStop
	}
	return nil
}
