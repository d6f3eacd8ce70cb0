package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
)

// hostileData returns n bytes or more that are hard to divide: noise, zeros, far repeats, diffusion data, and whole
// gzip files. If these are in stored blocks, a search finds their blocks.
func hostileData(r *rand.Rand, n int) []byte {
	var out []byte
	for len(out) < n {
		switch r.IntN(5) {
		case 0:
			for range r.IntN(3000) {
				out = append(out, byte(r.Uint32()))
			}
		case 1:
			out = append(out, make([]byte, r.IntN(20_000))...)
		case 2:
			distance := 1 + r.IntN(32_768)
			for range r.IntN(2000) {
				if len(out) >= distance {
					out = append(out, out[len(out)-distance])
				}
			}
		case 3:
			out = append(out, diffusion(r, r.IntN(5000), r.IntN(2) == 0)...)
		case 4:
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(diffusion(r, r.IntN(8000), false)) // to memory
			_ = w.Close()
			out = append(out, b.Bytes()[r.IntN(15):]...)
		}
	}
	return out
}

// hostileMember writes a member with any header and with blocks of any size, many of them empty.
func hostileMember(r *rand.Rand, size int) []byte {
	out := []byte{0x1f, 0x8b, 8, byte(r.IntN(32)), 1, 2, 3, 4, 0, 255}
	if out[3]&flagExtra != 0 {
		extra := make([]byte, r.IntN(2000))
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(extra))), extra...)
	}
	for _, flag := range []byte{flagName, flagComment} {
		if out[3]&flag != 0 {
			out = append(append(out, bytes.Repeat([]byte("n"), r.IntN(400))...), 0)
		}
	}
	if out[3]&flagCRC != 0 {
		out = binary.LittleEndian.AppendUint16(out, uint16(crc32.ChecksumIEEE(out)))
	}
	data := hostileData(r, r.IntN(size+1))
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression}[r.IntN(4)])
	if err != nil {
		panic(err)
	}
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 1+r.IntN([]int{10, 3000, 100_000}[r.IntN(3)]))
		_, _ = w.Write(rest[:n]) // to memory
		rest = rest[n:]
		for range r.IntN(3) {
			_ = w.Flush()
		}
	}
	_ = w.Close()
	out = binary.LittleEndian.AppendUint32(append(out, b.Bytes()...), crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data)))
}

func TestHostileFilesGiveTheStandardLibrarysBytes(t *testing.T) {
	for seed := range uint64(long.Of(2000, 20)) {
		r := rand.New(rand.NewPCG(seed, 13))
		var file []byte
		for range 1 + r.IntN(8) {
			file = append(file, hostileMember(r, []int{0, 100, 5000, 60_000}[r.IntN(4)])...)
		}
		garbage := false
		switch r.IntN(5) {
		case 0:
			file = file[:r.IntN(len(file))]
		case 1:
			file, garbage = append(file, make([]byte, 1+r.IntN(30))...), true
		}
		want, wantErr := asStandard(file)
		if garbage { // of less than a header the standard library says that the file ends early, whatever the bytes are
			wantErr = gzip.ErrHeader
		}
		for range 4 {
			workers, piece := 2+r.IntN(7), int64([]int{50, 300, 3000, 20_000}[r.IntN(4)])
			got, err := decoded(file, workers, piece)
			same := bytes.Equal(got, want) || wantErr != nil && (bytes.HasPrefix(want, got) || bytes.HasPrefix(got, want))
			if (err == nil) != (wantErr == nil) || !same {
				t.Fatalf("file %d, %d workers, pieces of %d: %d bytes, error %v, expected %d bytes, error %v", seed, workers, piece, len(got), err, len(want), wantErr)
			}
			for _, kind := range []error{gzip.ErrHeader, gzip.ErrChecksum} {
				if errors.Is(err, kind) != errors.Is(wantErr, kind) {
					t.Fatalf("file %d, %d workers, pieces of %d: error %v, expected %v", seed, workers, piece, err, wantErr)
				}
			}
		}
	}
}
