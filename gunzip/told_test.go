package gunzip

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// echoes returns n bytes. Every second thousand repeats the bytes 30,000 before, so that markers do not vanish.
func echoes(n int) []byte {
	r := rand.New(rand.NewPCG(11, 12))
	out := make([]byte, n)
	for i := range out {
		if i >= 30_000 && i%2000 >= 1000 {
			out[i] = out[i-30_000]
		} else {
			out[i] = byte(r.Uint32())
		}
	}
	return out
}

// A watched file calls a function when a place in it is first read.
type watched struct {
	*bytes.Reader
	place int64
	then  func()
}

func (w *watched) ReadAt(p []byte, at int64) (int, error) {
	if then := w.then; then != nil && at <= w.place && w.place < at+int64(len(p)) {
		w.then = nil
		then()
	}
	return w.Reader.ReadAt(p, at)
}

// decodedInTwo decodes a file in two pieces. The first piece is decoded only when the second has read as far as told,
// or has ended. decodedInTwo returns the second piece, and the output.
func decodedInTwo(t *testing.T, file []byte, told int64) (second *piece, output []byte) {
	t.Helper()
	size := int64(len(file))
	source := &watched{bytes.NewReader(file), told, nil}
	p := newParallel(source, size, 2, []int64{0, size / 4, size})
	p.room = 1000 // nobody reads yet
	p.mu.Lock()
	first, second := p.take(), p.take()
	p.mu.Unlock()
	meaning := new(deflate.Meaning)
	source.then = func() {
		p.decode(first, meaning)
		p.decoded(first)
	}
	p.decode(second, meaning)
	p.decoded(second)
	if source.then != nil {
		source.then()
	}
	p.mu.Lock()
	for p.assist(meaning) {
	}
	p.mu.Unlock()
	z := &Reader{feed: p}
	output, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return second, output
}

func TestAPieceGoesOnWithBytesOnceItIsItsTurn(t *testing.T) {
	data := echoes(2_000_000)
	file := compressed(t, data, 6)
	size := int64(len(file))
	for _, c := range []struct {
		name       string
		told       int64
		begin, end bool // whether the first and the last chunk have symbols
	}{
		{"before the search", size/4 + 1, false, false},
		{"in the middle", size / 4 * 3, true, false},
		{"when it was done", size, true, true},
	} {
		second, output := decodedInTwo(t, file, c.told)
		if !bytes.Equal(output, data) {
			t.Errorf("told %s: %d bytes that differ from the %d expected", c.name, len(output), len(data))
		}
		chunks := second.chunks
		if last := len(chunks) - 1; chunks[last].begin == chunks[last].end {
			chunks = chunks[:last] // after the end of a member everything is known
		}
		if begin, end := chunks[0].wide, chunks[len(chunks)-1].wide; begin != c.begin || end != c.end {
			t.Errorf("told %s: the first chunk is symbols: %v, the last: %v; expected %v, %v", c.name, begin, end, c.begin, c.end)
		}
	}
}

func TestAPieceThatBeganAtAWrongPlaceBeginsAgain(t *testing.T) {
	// Stored blocks contain whole gzip files, and a search finds the blocks of these.
	inner := bytes.Repeat(compressed(t, signals(100_000), 6), 20)
	file := compressed(t, inner, gzip.NoCompression)
	size := int64(len(file))
	second, output := decodedInTwo(t, file, size)
	if !bytes.Equal(output, inner) {
		t.Errorf("%d bytes that differ from the %d expected", len(output), len(inner))
	}
	if second.times.InTurn == 0 {
		t.Error("the second piece was not begun again")
	}
}
