package gunzip

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// wantSame asserts that a file gives the same bytes as with the standard library, and an error if that gives one.
func wantSame(t *testing.T, file []byte, workers int, piece int64) {
	t.Helper()
	want, wantErr := asStandard(file)
	got, err := decoded(file, workers, piece)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("the error is %v, expected %v", err, wantErr)
	}
	if wantErr == nil && !bytes.Equal(got, want) {
		t.Fatalf("%d bytes that differ from the %d expected", len(got), len(want))
	}
	if wantErr != nil && !bytes.HasPrefix(want, got) && !bytes.HasPrefix(got, want) {
		t.Fatalf("before the error %v came %d bytes that are not the file's", err, len(got))
	}
}

func TestEveryLevelGivesTheBytesThatWereCompressed(t *testing.T) {
	peer.Slow(t)
	for name, data := range samples(60_000) {
		for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
			file := compressed(t, data, level)
			for _, isa := range []string{"auto", "generic"} {
				t.Setenv("VOXFIT_ISA", isa)
				got, err := decoded(file, 1, leastPiece)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, level %d, %s: %d bytes, error %v, expected %d bytes", name, level, isa, len(got), err, len(data))
				}
			}
		}
	}
}

func TestRealFilesGiveTheStandardLibrarysBytes(t *testing.T) {
	peer.Slow(t)
	files := realFiles(t)
	onEachSet(t, func(t *testing.T) {
		for name, file := range files {
			t.Run(name, func(t *testing.T) { wantSame(t, file, 1, leastPiece) })
		}
	})
}

func TestMembersAreJoined(t *testing.T) {
	data := samples(30_000)
	var file, want []byte
	for _, name := range []string{"diffusion", "nothing", "zeros", "a byte", "random", "nothing"} {
		file = append(file, compressed(t, data[name], 6)...)
		want = append(want, data[name]...)
	}
	onEachSet(t, func(t *testing.T) {
		got, err := decoded(file, 1, leastPiece)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, error %v, expected %d bytes", len(got), err, len(want))
		}
	})
}

func TestHeadersMayHaveEveryField(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = "dwi.nii", "a comment", bytes.Repeat([]byte("extra"), 10_000)
	w.Write([]byte("signal"))
	w.Close()
	if got, err := decoded(b.Bytes(), 1, leastPiece); err != nil || string(got) != "signal" {
		t.Errorf("%q, error %v", got, err)
	}
	plain := compressed(t, []byte("signal"), 6)
	withSum := append([]byte{}, plain[:10]...)
	withSum[3] = flagCRC
	crc := sumOf(withSum).crc
	file := append(append(withSum, byte(crc), byte(crc>>8)), plain[10:]...)
	if got, err := decoded(file, 1, leastPiece); err != nil || string(got) != "signal" {
		t.Errorf("with a header's checksum: %q, error %v", got, err)
	}
	file[10]++
	if _, err := decoded(file, 1, leastPiece); !errors.Is(err, gzip.ErrHeader) {
		t.Errorf("with a wrong header's checksum the error is %v, expected gzip.ErrHeader", err)
	}
}

func TestAFileThatIsCutOffAnywhereIsAnError(t *testing.T) {
	peer.Slow(t)
	data := samples(500)
	file := append(compressed(t, data["diffusion"], 6), compressed(t, data["masked"], 9)...)
	first := len(compressed(t, data["diffusion"], 6))
	want, _ := asStandard(file)
	onEachSet(t, func(t *testing.T) {
		for n := range len(file) {
			got, err := decoded(file[:n], 1, leastPiece)
			switch {
			case n == 0:
				if err != io.EOF {
					t.Errorf("an empty file: error %v, expected io.EOF", err)
				}
			case n == first:
				if err != nil {
					t.Errorf("the first member alone: error %v", err)
				}
			case !errors.Is(err, io.ErrUnexpectedEOF):
				t.Fatalf("cut after %d bytes: error %v, expected io.ErrUnexpectedEOF", n, err)
			}
			if !bytes.HasPrefix(want, got) {
				t.Fatalf("cut after %d bytes: wrong bytes before the error", n)
			}
		}
	})
}

func TestAFlippedBitIsAnErrorOrInTheHeader(t *testing.T) {
	peer.Slow(t)
	file := compressed(t, signals(250), 6)
	onEachSet(t, func(t *testing.T) {
		for bit := range 8 * len(file) {
			if bit/8 == 3 && bit%8 >= 5 {
				continue // RFC 1952 wants such flags refused, but the standard library accepts them
			}
			damaged := bytes.Clone(file)
			damaged[bit/8] ^= 1 << (bit % 8)
			wantSame(t, damaged, 1, leastPiece)
		}
	})
}

func TestErrorsSayWhatWasFoundAndWhere(t *testing.T) {
	file := compressed(t, []byte("signal"), 6)
	edit := func(at int, value byte) []byte {
		b := bytes.Clone(file)
		b[at] = value
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		is   error
		says string
	}{
		{"no gzip data", edit(0, 'x'), gzip.ErrHeader, "the gzip header at byte 0: gzip: invalid header: it begins with the bytes 78 8b 08, expected 1f 8b 08"},
		{"unknown flags", edit(3, 0x80), gzip.ErrHeader, "the gzip header at byte 0: gzip: invalid header: its flags are 80, of which the highest three bits must be 0"},
		{"cut in the header", file[:7], io.ErrUnexpectedEOF, "the gzip header at byte 0 ends after 7 bytes: unexpected EOF"},
		{"cut in the data", file[:13], io.ErrUnexpectedEOF, "the compressed data end at byte 13 within a block: unexpected EOF"},
		{"cut in the trailer", file[:len(file)-3], io.ErrUnexpectedEOF, fmt.Sprintf("the checksum at byte %d is cut off: unexpected EOF", len(file)-8)},
		{"garbage behind the data", append(bytes.Clone(file), "0123456789"...), gzip.ErrHeader, fmt.Sprintf("the gzip header at byte %d: gzip: invalid header: it begins with the bytes 30 31 32, expected 1f 8b 08", len(file))},
		{"one byte of garbage", append(bytes.Clone(file), 0), gzip.ErrHeader, fmt.Sprintf("the gzip header at byte %d: gzip: invalid header: it begins with the bytes 00, expected 1f 8b 08", len(file))},
		{"a wrong checksum", edit(len(file)-8, 1), gzip.ErrChecksum, "gzip: invalid checksum: it is 740c95f5, expected 740c9501"},
		{"a wrong length", edit(len(file)-4, 7), gzip.ErrChecksum, "gzip: invalid checksum: 6 bytes, expected 7 (modulo 2^32)"},
	} {
		got, err := decoded(c.file, 1, leastPiece)
		if !errors.Is(err, c.is) || err.Error() != c.says {
			t.Errorf("%s: %q, error %q, expected %q", c.name, got, err, c.says)
		}
	}
}

func TestAfterCloseNothingIsRead(t *testing.T) {
	file := compressed(t, []byte("signal"), 6)
	z, err := NewReader(bytes.NewReader(file), int64(len(file)), 1)
	if err != nil {
		t.Fatal(err)
	}
	z.Close()
	if n, err := z.Read(make([]byte, 10)); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("%d bytes, error %v, expected ErrClosed", n, err)
	}
	if err := z.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}
