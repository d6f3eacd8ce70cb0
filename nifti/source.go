package nifti

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/voxfit/voxfit/gunzip"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/lock"
)

// A source gives the (decompressed) bytes of an open image.
type source interface {
	// readAt fills p with the bytes from offset on, or returns an error that names the file. Offsets of a compressed file must
	// not go back.
	readAt(p []byte, offset int64) error
	// finish checks what can only be checked after all wanted bytes have been read.
	finish() error
	Close() error
}

// file is a regular file with the size that it had when it was opened.
type file struct {
	*os.File
	size int64
}

func (f file) Size() int64 { return f.size }

func openFile(path string) (storage, error) {
	f, err := lock.OpenToRead(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f, info.Size()}, nil
}

// A plainSource reads a .nii file, whose bytes can be had in any order.
type plainSource struct {
	*pieces
	path     string
	expected int64
}

func (s *plainSource) finish() error { return nil }

// own returns a source for one goroutine. Close of the first one closes the file for all.
func (s *plainSource) own() *plainSource {
	return &plainSource{pieces: s.pieces.own(), path: s.path, expected: s.expected}
}

func (s *plainSource) readAt(p []byte, offset int64) error {
	n, err := s.ReadAt(p, offset)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF):
		return truncated(s.path, offset+int64(n), s.expected, "")
	}
	return err // names the file
}

// A gzipSource reads a .nii.gz file, forwards only.
type gzipSource struct {
	storage  storage
	gzip     *gunzip.Reader
	path     string
	position int64
	expected int64
	skipped  []byte
}

const (
	skipSize = 64 << 10
	// tailLimit is how much data after the voxels is read, at most, to reach the checksum.
	tailLimit = 1 << 20
)

func newGzipSource(s *pieces, path string, expected int64, workers int) (*gzipSource, error) {
	z, err := gunzip.NewReader(s.forAll(), s.Size(), workers)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &gzipSource{storage: s, gzip: z, path: path, expected: expected, skipped: make([]byte, skipSize)}, nil
}

func (s *gzipSource) Close() error { return errors.Join(s.gzip.Close(), s.storage.Close()) }

func (s *gzipSource) readAt(p []byte, offset int64) error {
	for s.position < offset {
		if err := s.read(s.skipped[:min(skipSize, offset-s.position)]); err != nil {
			return err
		}
	}
	return s.read(p)
}

func (s *gzipSource) read(p []byte) error {
	n, err := io.ReadFull(s.gzip, p)
	s.position += int64(n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(s.path, s.position, s.expected, " after decompression")
	}
	return s.corrupt(fmt.Sprintf("corrupt gzip data after %d of %d bytes", s.position, s.expected), err)
}

// corrupt returns the error for a damaged file, with its name and what was found. If the file was replaced meanwhile,
// the error says only that.
func (s *gzipSource) corrupt(what string, err error) error {
	if errors.Is(err, ErrChanged) {
		return err
	}
	return fmt.Errorf("%s: %s: %w", s.path, what, err)
}

// finish reads the voxels that no mask asked for, up to the checksum. Bytes after the voxels and garbage after the gzip
// data are allowed, as in nibabel and gzip.
func (s *gzipSource) finish() error {
	if err := s.readAt(nil, s.expected); err != nil {
		return err
	}
	for tail := 0; tail < tailLimit; {
		n, err := s.gzip.Read(s.skipped)
		tail += n
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF) || errors.Is(err, gzip.ErrHeader):
			return nil
		case errors.Is(err, gzip.ErrChecksum):
			return fmt.Errorf("%s: the gzip checksum does not match the data: the file is damaged", s.path)
		}
		return s.corrupt("the gzip data has no proper end", err)
	}
	return nil
}

func truncated(path string, found, expected int64, how string) error {
	return fmt.Errorf("%s: truncated: %s%s, expected %d", path, plural.Count(found, "byte"), how, expected)
}
