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
	base int64 // where data begins in the file
	data []byte
}

// load reads n bytes from a place in the file on, or what there is until its end.
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

// end is the place in the file behind data.
func (in *input) end() int64 { return in.base + int64(len(in.data)) }

// last tells whether data reach the file's end.
func (in *input) last() bool { return in.end() == in.size }

// holds tells whether data has n bytes from a place in the file on, or all until its end.
func (in *input) holds(from int64, n int) bool {
	return from >= in.base && (from+int64(n) <= in.end() || in.last())
}

// from is data from a place in the file on.
func (in *input) from(at int64) []byte { return in.data[at-in.base:] }
