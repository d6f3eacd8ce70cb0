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

// ErrChanged says that a file was replaced or written to between two readings of one Image.
var ErrChanged = errors.New("changed while it was being read")

// pieceBytes is how much of a file is hashed at a time: little enough to stay in the first-level cache until it is
// used.
const pieceBytes = 32 << 10

// A grid says where a file's pieces begin. In plain files each volume begins a new piece. So a piece holds the same
// voxels in every volume.
type grid struct {
	head   int64 // bytes before the first volume
	volume int64 // bytes of one volume; 0 where the whole file is cut as one stretch
}

// piece returns the piece that holds the byte at a place, in a file of size bytes.
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

// A witness remembers what a file held when it was first read: one hash for each piece. So a later reading is known to
// have seen the same bytes. The hash has 64 bits (hash/maphash with a seed of this process); the chance that it misses
// a change is 1 in 2^64.
type witness struct {
	path string
	seed maphash.Seed

	mu    sync.Mutex
	size  int64 // -1 until the file is opened
	grid  grid
	known map[int64]uint64 // hash of each piece, by the offset at which it begins
}

func newWitness(path string) *witness {
	return &witness{path: path, seed: maphash.MakeSeed(), size: -1, known: map[int64]uint64{}}
}

func (w *witness) changed() error { return fmt.Errorf("%s %w", w.path, ErrChanged) }

// sees returns the storage for reading, in pieces. It is an error if its size is not what it was before.
func (w *witness) sees(s storage) (*pieces, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size >= 0 && s.Size() != w.size {
		return nil, w.changed()
	}
	w.size = s.Size()
	return &pieces{storage: s, witness: w, grid: w.grid, begin: -1}, nil
}

// Untouched tells whether a file is still the one described by before, and has not been written to since. Only this
// shows that another program writes to a file while it is read for the first time.
func Untouched(path string, before os.FileInfo) (bool, error) {
	now, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	return os.SameFile(now, before) && now.ModTime().Equal(before.ModTime()) && now.Size() == before.Size(), nil
}

// cut forgets all hashes, because pieces follow another grid from now on.
func (w *witness) cut(g grid) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.grid, w.known = g, map[int64]uint64{}
}

// fileSize returns the size that the file had when it was first opened.
func (w *witness) fileSize() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// check compares a piece with what was read in its place before.
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

// pieces reads a storage in whole pieces. The witness checks each of them. It is for one goroutine, since it keeps the
// piece that it read last.
type pieces struct {
	storage
	witness *witness
	grid    grid
	begin   int64 // where the piece in data begins; -1: there is none
	data    []byte
}

// own returns a reader of the same storage for another goroutine.
func (p *pieces) own() *pieces {
	return &pieces{storage: p.storage, witness: p.witness, grid: p.grid, begin: -1}
}

// forAll returns a reader of the same storage for any number of goroutines.
func (p *pieces) forAll() io.ReaderAt {
	return &sharedPieces{sync.Pool{New: func() any { return p.own() }}}
}

// sharedPieces gives each call its own reader.
type sharedPieces struct{ idle sync.Pool }

func (s *sharedPieces) ReadAt(b []byte, offset int64) (int, error) {
	own := s.idle.Get().(*pieces)
	defer s.idle.Put(own)
	return own.ReadAt(b, offset)
}

// ReadAt is io.ReaderAt's, for one goroutine. All bytes that it returns are from pieces that were checked.
func (p *pieces) ReadAt(b []byte, offset int64) (int, error) {
	size, n := p.Size(), 0
	for n < len(b) {
		at := offset + int64(n)
		if at >= size {
			return n, io.EOF
		}
		begin, length := p.grid.piece(at, size)
		if at == begin && int64(len(b)-n) >= length { // a whole piece is not copied
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

// read fills b with a whole piece and checks it.
func (p *pieces) read(b []byte, begin int64) error {
	n, err := p.storage.ReadAt(b, begin)
	switch {
	case n == len(b):
		return p.witness.check(begin, b)
	case errors.Is(err, io.EOF): // the file is shorter than when it was opened
		return p.witness.changed()
	}
	return fmt.Errorf("%s: %w", p.witness.path, err)
}

// SHA256 reads the file once more and returns the SHA-256 of its bytes on the disk, and their number. All readings of
// this Image, before and after, see the bytes of this hash, or return an error that is ErrChanged. SHA256 may run while
// others read.
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
