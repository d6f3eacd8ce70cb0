package gunzip

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// endless is the limit of a stretch that goes on to the file's end.
const endless = math.MaxInt64

// ErrClosed is the error of a Reader after Close.
var ErrClosed = errors.New("gunzip: the reader is closed")

// A Reader gives the bytes of a gzip file, decompressed. It is for one goroutine.
type Reader struct {
	feed feed
	now  *chunk // the chunk that is being read
	rest []byte // its bytes that are not read yet
	err  error  // the error that follows when rest is used up

	member  sum // of the member's bytes so far
	joining time.Duration
}

// A feed makes the chunks of the output, one after another.
type feed interface {
	// next waits for the next chunk and its bytes.
	next() *chunk
	// recycle takes a chunk back for further use.
	recycle(*chunk)
	close()
}

// NewReader returns a Reader of the gzip file of size bytes that r holds. With one worker, and for a small file, the
// goroutine that reads also decodes, and decodes only what is asked for. More workers decode pieces of the file at the
// same time, ahead of what is read, and several goroutines then call ReadAt. PeakMemory says how much memory this
// takes.
//
// NewReader returns an error if the first header is damaged, with the same text as an error of Read. For an empty file
// it returns io.EOF.
//
// Close must be called when the Reader is no longer needed. It does not close r.
func NewReader(r io.ReaderAt, size int64, workers int) (*Reader, error) {
	return newReader(r, size, workers, leastPiece, mostPiece(max(1, workers)))
}

func newReader(r io.ReaderAt, size int64, workers int, leastPiece, mostPiece int64) (*Reader, error) {
	first, err := newSerial(r, size)
	if err != nil {
		return nil, err
	}
	if workers <= 1 || size <= leastPiece {
		return &Reader{feed: first}, nil
	}
	return &Reader{feed: newParallel(r, size, workers, divide(size, workers, leastPiece, mostPiece)).employ(workers)}, nil
}

// Read reads the next bytes. If data are damaged, it returns the bytes before the damage, and then an error that says
// what is wrong and where. The error wraps what packages compress/gzip and compress/flate would return:
//
//   - io.ErrUnexpectedEOF for a file that is cut off,
//   - gzip.ErrHeader for bytes that are not a member's header, such as garbage behind the last member,
//   - gzip.ErrChecksum for a checksum or a length that does not match the data,
//   - flate.CorruptInputError for any other damage.
//
// The checksum of a member comes after its data. Its bytes are known to be right only when Read has gone past the
// member's end.
func (z *Reader) Read(p []byte) (int, error) {
	if err := z.advance(); err != nil {
		return 0, err
	}
	n := copy(p, z.rest)
	z.rest = z.rest[n:]
	return n, nil
}

// WriteTo writes all bytes that are left to w, without copying them first.
func (z *Reader) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	for {
		if err := z.advance(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return total, err
		}
		n, err := w.Write(z.rest)
		total += int64(n)
		z.rest = z.rest[n:]
		if err == nil && len(z.rest) > 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return total, err
		}
	}
}

// advance makes sure that there are bytes to read.
func (z *Reader) advance() error {
	for len(z.rest) == 0 {
		if z.now != nil {
			z.feed.recycle(z.now)
			z.now = nil
		}
		if z.err != nil {
			return z.err
		}
		z.now = z.feed.next()
		z.rest = z.now.output()
		if len(z.now.ends) > 0 || z.now.carries() {
			began := time.Now()
			z.err = z.verify(z.now)
			z.joining += time.Since(began)
		}
		if z.err == nil {
			z.err = z.now.err
		}
	}
	return nil
}

// verify compares the members that end in the chunk with their trailers. Bytes after a trailer that does not match are
// not given to the reader.
func (z *Reader) verify(c *chunk) error {
	for i, end := range c.ends {
		z.member = z.member.then(c.sums[i])
		found := z.member
		z.member = sum{}
		if found.crc == end.crc && uint32(found.length) == end.size {
			continue
		}
		z.rest = c.bytes[c.begin:end.at]
		if found.crc != end.crc {
			return fmt.Errorf("%w: it is %08x, expected %08x", gzip.ErrChecksum, found.crc, end.crc)
		}
		return fmt.Errorf("%w: %d bytes, expected %d (modulo 2^32)", gzip.ErrChecksum, found.length, end.size)
	}
	if c.carries() {
		z.member = z.member.then(c.sums[len(c.ends)])
	}
	return nil
}

// Close stops the workers, waits for them, and releases the memory.
func (z *Reader) Close() error {
	if errors.Is(z.err, ErrClosed) {
		return nil
	}
	z.feed.close()
	z.now, z.rest, z.err = nil, nil, ErrClosed
	return nil
}

// portable tells whether VOXFIT_ISA, with which all of voxfit chooses instruction sets, asks for code without assembly.
func portable() bool { return os.Getenv("VOXFIT_ISA") == "generic" }

// Times returns how long the steps took of the pieces that were joined so far. It is empty with one worker.
func (z *Reader) Times() Times {
	times := Times{Join: z.joining}
	if p, ok := z.feed.(*parallel); ok {
		times.Pieces = p.pieceTimes()
	}
	return times
}
