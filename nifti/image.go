package nifti

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/voxfit/voxfit/gunzip"
	"github.com/voxfit/voxfit/internal/plural"
)

// An Image is a NIfTI file whose header has been read and checked. It holds no open file: each
// read opens the file anew, so there is nothing to close. All of them see the same bytes: where the file was replaced
// or written to in between, a read returns an error that is ErrChanged.
type Image struct {
	Header *Header
	Path   string

	open       func() (storage, error)
	compressed bool
	witness    *witness
}

// storage holds an image's bytes: a file or, in tests, memory.
type storage interface {
	io.ReaderAt
	Size() int64
	Close() error
}

// Open reads and checks the header of a .nii or .nii.gz file.
//
// All limits are checked here, before anything is allocated for voxels. A .nii file must be as long as its header says.
// A .nii.gz file must be able to hold as much: deflate cannot shrink data by more than 1032 to 1. Whether it really
// does is checked while it is read. An error names the file in one line. Open refuses .hdr/.img pairs, types that are
// not real numbers, sizes that overflow, a bitpix or vox_offset that contradicts the rest, and affines that are not
// finite.
func Open(path string) (*Image, error) {
	return open(path, func() (storage, error) { return openFile(path) })
}

func open(path string, opener func() (storage, error)) (*Image, error) {
	compressed, err := isCompressed(path)
	if err != nil {
		return nil, err
	}
	m := &Image{Path: path, open: opener, compressed: compressed, witness: newWitness(path)}
	s, err := opener()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p, err := m.witness.sees(s)
	if err != nil {
		return nil, err
	}
	raw, err := m.front(p)
	if err != nil {
		return nil, err
	}
	if m.Header, err = m.header(raw, s.Size()); err == nil && !compressed {
		err = m.cutByVolumes(s, raw)
	}
	return m, err
}

// cutByVolumes makes the pieces of the witness begin where the volumes do. It reads the header again, so that the new
// pieces are known to hold the same header.
func (m *Image) cutByVolumes(s storage, raw []byte) error {
	h := m.Header
	volume := int64(h.Datatype.Size()) * int64(h.Voxels())
	if volume < pieceBytes { // several volumes fit into a piece
		return nil
	}
	m.witness.cut(grid{head: h.offset, volume: volume})
	p, err := m.witness.sees(s)
	if err != nil {
		return err
	}
	again, err := m.front(p)
	if err == nil && !bytes.Equal(again, raw) {
		err = m.witness.changed()
	}
	return err
}

// isCompressed decides by the name, as nibabel does, and refuses names of other formats.
func isCompressed(path string) (bool, error) {
	name := strings.ToLower(path)
	for _, pair := range []string{".hdr", ".img", ".hdr.gz", ".img.gz"} {
		if strings.HasSuffix(name, pair) {
			return false, fmt.Errorf("%s: is half of a .hdr/.img pair, expected a single .nii or .nii.gz file: convert the pair first", path)
		}
	}
	switch {
	case strings.HasSuffix(name, ".nii.gz"):
		return true, nil
	case strings.HasSuffix(name, ".nii"):
		return false, nil
	}
	return false, fmt.Errorf("%s: the name does not end in .nii or .nii.gz", path)
}

// header parses the first bytes of the file as a header, and checks it against the file's size.
func (m *Image) header(raw []byte, size int64) (*Header, error) {
	h, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	h.Path = m.Path
	return h, m.checkSize(h, size)
}

// front returns the first bytes of the file, decompressed: enough for any header, or the whole file if it is shorter.
func (m *Image) front(s storage) ([]byte, error) {
	var r io.Reader = io.NewSectionReader(s, 0, s.Size())
	if m.compressed {
		z, err := gunzip.NewReader(s, s.Size(), 1)
		if err != nil {
			return nil, m.notGzip(s, err)
		}
		defer z.Close()
		r = z
	}
	raw := make([]byte, largestHeader)
	n, err := io.ReadFull(r, raw)
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
	case m.compressed && errors.Is(err, gzip.ErrHeader): // in a later member: garbage behind the data
	case m.compressed:
		return nil, fmt.Errorf("%s: corrupt gzip data in the header: %w", m.Path, err)
	default:
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	raw = raw[:n]
	if !m.compressed && bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return nil, fmt.Errorf("%s: holds gzip data, expected a plain NIfTI file: rename it to .nii.gz", m.Path)
	}
	return raw, nil
}

func (m *Image) notGzip(s storage, err error) error {
	var head [4]byte
	n, readErr := s.ReadAt(head[:], 0)
	switch {
	case readErr != nil && !errors.Is(readErr, io.EOF):
		return fmt.Errorf("%s: %w", m.Path, readErr)
	case n == 0:
		return fmt.Errorf("%s: the file is empty, expected gzip data", m.Path)
	case n >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		return fmt.Errorf("%s: the gzip header is damaged or cut off: %w", m.Path, err)
	}
	return fmt.Errorf("%s: not gzip data: it begins with the bytes % x, expected 1f 8b", m.Path, head[:n])
}

// deflateLimit is the largest ratio at which deflate expands: 258 bytes from 2 bits.
const deflateLimit = 1032

// checkSize compares what the header promises with what the file can hold.
func (m *Image) checkSize(h *Header, size int64) error {
	expected := h.end()
	if m.compressed {
		if expected/deflateLimit > size {
			return fmt.Errorf("%s: %s of gzip data, which cannot hold the %s expected for shape %v of %s", m.Path, plural.Count(size, "byte"), plural.Count(expected, "byte"), h.Shape, h.Datatype)
		}
		return nil
	}
	if size < expected {
		return fmt.Errorf("%s: truncated: %s, expected %d for shape %v of %s", m.Path, plural.Count(size, "byte"), expected, h.Shape, h.Datatype)
	}
	return nil
}

// source opens the voxels for reading. If the file is compressed, workers goroutines decompress it.
func (m *Image) source(workers int) (source, error) {
	if !m.compressed {
		return m.plain()
	}
	p, err := m.pieces()
	if err != nil {
		return nil, err
	}
	return newGzipSource(p, m.Path, m.Header.end(), workers)
}

// plain opens the voxels of a .nii file for reading.
func (m *Image) plain() (*plainSource, error) {
	p, err := m.pieces()
	if err != nil {
		return nil, err
	}
	return &plainSource{pieces: p, path: m.Path, expected: m.Header.end()}, nil
}

// pieces opens the file and reads its first piece, to find out here if the header has changed.
func (m *Image) pieces() (*pieces, error) {
	s, err := m.open()
	if err != nil {
		return nil, err
	}
	p, err := m.witness.sees(s)
	if err == nil && s.Size() > 0 {
		_, err = p.ReadAt(make([]byte, 1), 0)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return p, nil
}
