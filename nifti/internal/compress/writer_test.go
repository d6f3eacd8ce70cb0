package compress

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/pgzip"

	"github.com/voxfit/voxfit/internal/long"
)

// theirs returns what pgzip and compress/flate make of data.
func theirs(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := pgzip.NewWriterLevel(&out, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := z.SetConcurrency(partBytes, 2); err != nil {
		t.Fatal(err)
	}
	z.ModTime = time.Unix(0, 0)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// ours returns what this package makes of data that is written in pieces.
func ours(t testing.TB, data []byte, piece, workers int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, workers)
	for rest := data; len(rest) > 0; {
		n, err := w.Write(rest[:min(piece, len(rest))])
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// holdToTheirs fails the test if the two differ, or if decompression does not give the data.
func holdToTheirs(t testing.TB, data []byte, piece, workers int) {
	t.Helper()
	got, want := ours(t, data, piece, workers), theirs(t, data)
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("%d bytes of data: the files of %d and %d bytes differ from byte %d on", len(data), len(got), len(want), at)
	}
	z, err := gzip.NewReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(z); err != nil || !bytes.Equal(back, data) {
		t.Fatalf("what is read back is not what was written (%v)", err)
	}
}

// A kind makes n bytes of one kind of data.
type kind struct {
	name string
	make func(r *rand.Rand, n int) []byte
}

func kinds() []kind {
	noise := func(r *rand.Rand, b []byte) []byte {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	floats := func(b []byte, value func() float32) []byte {
		for i := 0; i+4 <= len(b); i += 4 {
			binary.LittleEndian.PutUint32(b[i:], math.Float32bits(value()))
		}
		return b
	}
	return []kind{
		{"zeros", func(_ *rand.Rand, n int) []byte { return make([]byte, n) }},
		{"noise", func(r *rand.Rand, n int) []byte { return noise(r, make([]byte, n)) }},
		{"few letters", func(r *rand.Rand, n int) []byte {
			b, letters := make([]byte, n), 1+r.IntN(20)
			for i := range b {
				b[i] = byte(r.IntN(letters)) * 7
			}
			return b
		}},
		{"skewed letters", func(r *rand.Rand, n int) []byte {
			b, scale := make([]byte, n), 0.5+20*r.Float64()
			for i := range b {
				b[i] = byte(min(255, r.ExpFloat64()*scale))
			}
			return b
		}},
		{"a map", func(r *rand.Rand, n int) []byte {
			b := make([]byte, n)
			for at := 0; at < n; {
				at += 4 * r.IntN(1+r.IntN(3000))
				run := min(4*r.IntN(100), max(0, n-at))
				floats(b[min(at, n):min(at, n)+run], func() float32 { return float32(0.3 * r.NormFloat64()) })
				at += run
			}
			return b
		}},
		{"a map without a mask", func(r *rand.Rand, n int) []byte {
			return floats(make([]byte, n), func() float32 { return 1 + float32(0.01*r.NormFloat64()) })
		}},
		{"whole numbers", func(r *rand.Rand, n int) []byte {
			most := 1 + r.IntN(1000)
			return floats(make([]byte, n), func() float32 { return float32(r.IntN(most)) })
		}},
		{"sparse", func(r *rand.Rand, n int) []byte {
			b, gap := make([]byte, n), 1+r.IntN(2000)
			for at := r.IntN(gap); at < n; at += 1 + r.IntN(gap) {
				b[at] = byte(r.Uint32())
			}
			return b
		}},
		{"repeats from far away", func(r *rand.Rand, n int) []byte {
			b := noise(r, make([]byte, n))
			for at := 40000; at < n; {
				length := min(n-at, 4+r.IntN(1000))
				copy(b[at:at+length], b[at-32700-r.IntN(80):])
				at += length + r.IntN(500)
			}
			return b
		}},
		{"changing", func(r *rand.Rand, n int) []byte {
			var b []byte
			all := kinds()
			for len(b) < n {
				b = append(b, all[r.IntN(len(all)-1)].make(r, min(n-len(b), 1+r.IntN(150000)))...)
			}
			return b
		}},
	}
}

func TestFilesAreThoseOfTheLibraryThatWroteThemBefore(t *testing.T) {
	sizes := []int{0, 1, 12, 13, 16, 31, 32, 33, 64, 127, 128, 129, 1000, 1024, 1025, 4096, 65534, 65535, 65536, 65535 + 32, 65535 + 33, 65535 + 127, 65535 + 128, 2 * 65535,
		200000, partBytes - 1, partBytes, partBytes + 1, partBytes + 65535, 2*partBytes + 12345}
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			for i, size := range sizes {
				r := rand.New(rand.NewPCG(uint64(i), 1))
				holdToTheirs(t, k.make(r, size), 1+r.IntN(300000), 1+r.IntN(3))
			}
		})
	}
}

func TestRandomFilesAreThoseOfTheLibraryThatWroteThemBefore(t *testing.T) {
	all := kinds()
	for seed := range uint64(long.Of(3000, 100)) {
		r := rand.New(rand.NewPCG(seed, 2))
		k := all[r.IntN(len(all))]
		t.Run(fmt.Sprintf("%d %s", seed, k.name), func(t *testing.T) {
			holdToTheirs(t, k.make(r, r.IntN(1+r.IntN(3*partBytes/2))), 1+r.IntN(300000), 2)
		})
	}
}

func FuzzFilesAreThoseOfTheLibraryThatWroteThemBefore(f *testing.F) {
	for i, k := range kinds() {
		f.Add(k.make(rand.New(rand.NewPCG(uint64(i), 3)), 300), uint32(1000), uint16(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, repeat uint32, mixed uint16) {
		if len(data) == 0 {
			return
		}
		r := rand.New(rand.NewPCG(uint64(mixed), 4))
		all := bytes.Clone(data)
		for len(all) < int(repeat%200000) {
			all = append(all, data[r.IntN(len(data)):]...)
			all = append(all, make([]byte, r.IntN(1+int(mixed)))...)
		}
		holdToTheirs(t, all, 70000, 2)
	})
}

// Huffman's algorithm is faster and gives the same depths, unless its tree is too deep.
func TestBothAlgorithmsGiveTheSameDepths(t *testing.T) {
	var h huffman
	for seed := range uint64(long.Of(200000, 5000)) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := 3 + r.IntN(literalCodes-3)
		if seed%2 == 0 {
			n = 3 + r.IntN(20)
		}
		most := 1 + r.IntN(200)
		for i := range n {
			h.sorted[i] = uint32(1+int(math.Exp(r.Float64()*math.Log(float64(most)))))<<16 | uint32(i)
		}
		h.sort(n)
		limit := min(deepest, n-1)
		if depths, fits := h.treeDepths(n, limit); fits && depths != h.packageDepths(n, limit) {
			t.Fatalf("draw %d, %d symbols: %v by the tree, %v by packages", seed, n, depths, h.packageDepths(n, limit))
		}
	}
}

// A fullDisk is a writer with room for a number of bytes.
type fullDisk struct{ room int }

var errFull = errors.New("no room")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestAnErrorOfTheFileIsReturned(t *testing.T) {
	data := make([]byte, 5*partBytes)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	for _, room := range []int{0, 5, 100, partBytes, 4 * partBytes} {
		w := NewWriter(&fullDisk{room}, 2)
		_, err := w.Write(data)
		if err == nil {
			err = w.Close()
		}
		w.Stop()
		if !errors.Is(err, errFull) {
			t.Errorf("a disk with room for %d bytes: %v", room, err)
		}
	}
}

func TestAfterStopNothingIsWritten(t *testing.T) {
	out := &bytes.Buffer{}
	w := NewWriter(out, 2)
	if _, err := w.Write(make([]byte, 4*partBytes)); err != nil {
		t.Fatal(err)
	}
	before := out.Len()
	w.Stop()
	w.Stop()
	if out.Len() != before {
		t.Errorf("%d bytes were written", out.Len()-before)
	}
}
