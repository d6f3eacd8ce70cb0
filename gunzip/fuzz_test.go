package gunzip

import (
	"bytes"
	"compress/gzip"
	"errors"
	"testing"
)

// addFiles gives a fuzzer small files of every kind to begin with.
func addFiles(f *testing.F) {
	for _, data := range samples(300) {
		for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, gzip.BestSpeed, gzip.BestCompression} {
			f.Add(compressed(f, data, level))
		}
	}
	f.Add(append(compressed(f, []byte("one"), 6), compressed(f, []byte("two"), 6)...))
}

// FuzzReader checks that any bytes give what the standard library gives, or an error if it gives one, with the assembly
// and without.
func FuzzReader(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		want, wantErr := asStandard(file)
		if errors.Is(wantErr, gzip.ErrHeader) && len(file) > 512 {
			return // the standard library takes no names of more than 511 bytes
		}
		for _, isa := range []string{"auto", "generic"} {
			t.Setenv("VOXFIT_ISA", isa)
			got, err := decoded(file, 1, leastPiece)
			if wantErr == nil && errors.Is(err, gzip.ErrHeader) {
				return // RFC 1952 wants such flags refused
			}
			if (err == nil) != (wantErr == nil) || wantErr == nil && !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes, error %v, expected %d bytes, error %v", isa, len(got), err, len(want), wantErr)
			}
			if !bytes.HasPrefix(want, got) && !bytes.HasPrefix(got, want) {
				t.Fatalf("%s: before the error %v came %d bytes that are not the file's", isa, err, len(got))
			}
		}
	})
}

// FuzzPieces checks that pieces of 50 bytes give what the whole gives.
func FuzzPieces(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		want, wantErr := decoded(file, 1, leastPiece)
		got, err := decoded(file, 2, 50)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) && (err == nil || !bytes.HasPrefix(want, got)) {
			t.Fatalf("%d bytes, error %v, expected %d bytes, error %v", len(got), err, len(want), wantErr)
		}
	})
}
