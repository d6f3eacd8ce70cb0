package gunzip

import (
	"errors"
	"io"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// An input is the part of the file that is in memory.
type input struct {
	file io.ReaderAt
	size int64 // of the file
	base int64 // offset in the file at which data begins
	data []byte
}

// load reads n bytes from an offset in the file on, or as many as there are up to its end.
func (in *input) load(from int64, n int) error {
	n = int(min(int64(n), in.size-from))
	if cap(in.data) < n+deflate.InputSlack {
		in.data = make([]byte, n, n+deflate.InputSlack)
	}
	in.base, in.data = from, in.data[:n]
	got, err := in.file.ReadAt(in.data, from)
	if got == n {
		return nil
	}
	in.data = in.data[:got]
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// end returns the offset in the file behind data.
func (in *input) end() int64 { return in.base + int64(len(in.data)) }

// last tells whether data reaches the file's end.
func (in *input) last() bool { return in.end() == in.size }

// holds tells whether data has n bytes from an offset in the file on, or all bytes up to its end.
func (in *input) holds(from int64, n int) bool {
	return from >= in.base && (from+int64(n) <= in.end() || in.last())
}

// from returns data from an offset in the file on.
func (in *input) from(at int64) []byte { return in.data[at-in.base:] }
