package gunzip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	magic       = "\x1f\x8b\x08" // and the method, deflate
	leastHeader = 10
	trailerSize = 8
	// mostHeader is the largest header that is read: extra data take up to 64 KiB, names and comments a line.
	mostHeader = 1 << 18

	flagCRC     = 1 << 1
	flagExtra   = 1 << 2
	flagName    = 1 << 3
	flagComment = 1 << 4
	flagsUnused = 0xe0
)

// headerLength returns the length in bytes of the gzip header (RFC 1952) at the beginning of b. The error is
// io.ErrUnexpectedEOF if b ends within the header, and else it wraps gzip.ErrHeader.
func headerLength(b []byte) (int, error) {
	if begins := b[:min(len(b), len(magic))]; !strings.HasPrefix(magic, string(begins)) {
		return 0, fmt.Errorf("%w: it begins with the bytes % x, expected % x", gzip.ErrHeader, begins, magic)
	}
	if len(b) < leastHeader {
		return 0, io.ErrUnexpectedEOF
	}
	flags, n := b[3], leastHeader
	if flags&flagExtra != 0 {
		if len(b) < n+2 {
			return 0, io.ErrUnexpectedEOF
		}
		n += 2 + int(binary.LittleEndian.Uint16(b[n:]))
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag == 0 {
			continue
		}
		length := bytes.IndexByte(b[min(n, len(b)):], 0)
		if length < 0 {
			return 0, io.ErrUnexpectedEOF
		}
		n += length + 1
	}
	if flags&flagCRC != 0 {
		if len(b) < n+2 {
			return 0, io.ErrUnexpectedEOF
		}
		if found, expected := uint16(crc32.ChecksumIEEE(b[:n])), binary.LittleEndian.Uint16(b[n:]); found != expected {
			return 0, fmt.Errorf("%w: its checksum is %04x, expected %04x", gzip.ErrHeader, found, expected)
		}
		n += 2
	}
	if len(b) < n {
		return 0, io.ErrUnexpectedEOF
	}
	if flags&flagsUnused != 0 {
		return 0, fmt.Errorf("%w: its flags are %02x, of which the highest three bits must be 0", gzip.ErrHeader, flags)
	}
	return n, nil
}
