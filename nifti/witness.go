package nifti

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"sync"
)

// ErrChanged says that a file was replaced, or written to, between two readings of one Image.
var ErrChanged = errors.New("changed while it was being read")

// pieceBytes is how much of a file is hashed at a time. A piece stays in the first-level cache until it is used.
const pieceBytes = 32 << 10

// A grid says where a file's pieces begin. In plain files each volume begins a new one, so that a piece holds the same voxels
// of every volume.
type grid struct {
	head   int64 // bytes before the first volume
	volume int64 // bytes of one; 0 where the whole file is cut as one stretch
}

// piece is the one that holds the byte at the given place of a file of size bytes.
func (g grid) piece(at, size int64) (begin, length int64) {
	stretch, end := int64(0), size
	switch {
	case g.volume == 0:
	case at < g.head:
		end = min(size, g.head)
	default:
		stretch = at - (at-g.head)%g.volume
		end = min(size, stretch+g.volume)
	}
	begin = at - (at-stretch)%pieceBytes
	return begin, min(pieceBytes, end-begin)
}

// A witness remembers what an image's file held where it was first read, as one hash for each piece of it, so that
// every later reading is known to have seen the same bytes. The hash is 64 bits of hash/maphash with a seed of this
// process: a change goes unseen once in 2^64 times.
type witness struct {
	path string
	seed maphash.Seed

	mu    sync.Mutex
	size  int64 // -1 before the file was opened
	grid  grid
	known map[int64]uint64 // hashes of pieces, by their beginnings
}

func newWitness(path string) *witness {
	return &witness{path: path, seed: maphash.MakeSeed(), size: -1, known: map[int64]uint64{}}
}

func (w *witness) changed() error { return fmt.Errorf("%s %w", w.path, ErrChanged) }

// sees hands the storage out for reading, unless its size is another than before.
func (w *witness) sees(s storage) (*pieces, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size >= 0 && s.Size() != w.size {
		return nil, w.changed()
	}
	w.size = s.Size()
	return &pieces{storage: s, witness: w, grid: w.grid, begin: -1}, nil
}

// Untouched tells whether a file is the one that was looked at before, and was not written to since. Only this finds
// out that another program writes to a file while the file is read for the first time.
func Untouched(path string, before os.FileInfo) (bool, error) {
	now, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	return os.SameFile(now, before) && now.ModTime().Equal(before.ModTime()) && now.Size() == before.Size(), nil
}

// cut forgets what was seen, for pieces that follow another grid from now on.
func (w *witness) cut(g grid) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.grid, w.known = g, map[int64]uint64{}
}

// fileSize is the file's size when it was opened first.
func (w *witness) fileSize() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// check holds a piece against what was read in its place before.
func (w *witness) check(begin int64, content []byte) error {
	hash := maphash.Bytes(w.seed, content)
	w.mu.Lock()
	defer w.mu.Unlock()
	before, known := w.known[begin]
	if known && before != hash {
		return w.changed()
	}
	w.known[begin] = hash
	return nil
}

// pieces reads a storage in whole pieces, each of which the witness checks. It is for one goroutine, as it keeps the
// piece that it read last.
type pieces struct {
	storage
	witness *witness
	grid    grid
	begin   int64 // of the piece in data; -1 for none
	data    []byte
}

// own is a reader of the same storage for another goroutine.
func (p *pieces) own() *pieces {
	return &pieces{storage: p.storage, witness: p.witness, grid: p.grid, begin: -1}
}

// forAll is a reader of the same storage for any number of goroutines.
func (p *pieces) forAll() io.ReaderAt {
	return &sharedPieces{sync.Pool{New: func() any { return p.own() }}}
}

// sharedPieces gives each call a reader of its own.
type sharedPieces struct{ idle sync.Pool }

func (s *sharedPieces) ReadAt(b []byte, offset int64) (int, error) {
	own := s.idle.Get().(*pieces)
	defer s.idle.Put(own)
	return own.ReadAt(b, offset)
}

// ReadAt is that of io.ReaderAt, for one goroutine. What it returns is part of pieces that were checked.
func (p *pieces) ReadAt(b []byte, offset int64) (int, error) {
	size, n := p.Size(), 0
	for n < len(b) {
		at := offset + int64(n)
		if at >= size {
			return n, io.EOF
		}
		begin, length := p.grid.piece(at, size)
		if at == begin && int64(len(b)-n) >= length { // a whole piece needs no copy
			if err := p.read(b[n:n+int(length)], begin); err != nil {
				return n, err
			}
			n += int(length)
			continue
		}
		if begin != p.begin {
			p.begin = -1
			if p.data == nil {
				p.data = make([]byte, pieceBytes)
			}
			p.data = p.data[:length]
			if err := p.read(p.data, begin); err != nil {
				return n, err
			}
			p.begin = begin
		}
		n += copy(b[n:], p.data[at-begin:])
	}
	return n, nil
}

// read fills b with a whole piece and has it checked.
func (p *pieces) read(b []byte, begin int64) error {
	n, err := p.storage.ReadAt(b, begin)
	switch {
	case n == len(b):
		return p.witness.check(begin, b)
	case errors.Is(err, io.EOF): // shorter than when it was opened
		return p.witness.changed()
	}
	return fmt.Errorf("%s: %w", p.witness.path, err)
}

// SHA256 reads the file once more and returns the SHA-256 of its bytes, as they are on the disk, and their number. All
// readings of this Image have seen the bytes of this hash: where any of them sees other bytes, before or after, it
// returns an error that is ErrChanged. SHA256 may run while others read.
func (m *Image) SHA256(ctx context.Context) (sum [sha256.Size]byte, size int64, err error) {
	s, err := m.open()
	if err != nil {
		return sum, 0, err
	}
	defer s.Close()
	p, err := m.witness.sees(s)
	if err != nil {
		return sum, 0, err
	}
	hash, buffer := sha256.New(), make([]byte, pieceBytes)
	for size < p.Size() {
		if err := ctx.Err(); err != nil {
			return sum, 0, err
		}
		_, n := p.grid.piece(size, p.Size())
		if err := p.read(buffer[:n], size); err != nil {
			return sum, 0, err
		}
		hash.Write(buffer[:n])
		size += n
	}
	return [sha256.Size]byte(hash.Sum(nil)), size, nil
}
