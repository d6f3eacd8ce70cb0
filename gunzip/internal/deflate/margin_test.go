package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"testing"
)

// blocksWithLongHeaders returns data, and their deflate stream of dynamic blocks with headers of some 150 bytes. The
// headers are long because nearly all literals are used, and neighbouring ones have codes of different lengths.
func blocksWithLongHeaders(t *testing.T) (data, stream []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.HuffmanOnly)
	for range 5 {
		var block []byte
		for literal := range 256 {
			block = append(block, bytes.Repeat([]byte{byte(literal)}, 1<<random.IntN(8))...)
		}
		random.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
		data = append(data, block...)
		_, writeErr := w.Write(block)
		err = errors.Join(err, writeErr, w.Flush()) // which ends the block
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return data, b.Bytes()
}

// An input that is continued later ends within a header, at each of the header's bytes.
func TestHeadersMayBeginAnywhereBeforeTheMargin(t *testing.T) {
	want, stream := blocksWithLongHeaders(t)
	for _, portable := range []bool{false, true} {
		for part := 1; part < 700; part++ {
			d := NewDecoder(portable)
			d.Restart()
			out, at, bit := make([]byte, len(want)+1+OutputSlack), 0, 0
			for !d.AtBoundary() || !d.Final() {
				from := bit / 8
				end := min(len(stream), from+InputMargin+part)
				piece := make([]byte, end-from, end-from+InputSlack)
				copy(piece, stream[from:end])
				d.SetInput(piece, bit%8, end == len(stream))
				var err error
				for err == nil && !d.Starved() && (!d.AtBoundary() || !d.Final()) {
					at, err = Decode(d, out, at, 0, len(want)+1)
				}
				if err != nil {
					t.Fatalf("portable %v, parts of %d bytes: %v at byte %d of the input, %d of the output", portable, part, err, from, at)
				}
				bit = 8*from + d.Bit()
			}
			if !bytes.Equal(out[:at], want) {
				t.Fatalf("portable %v, parts of %d bytes: wrong bytes", portable, part)
			}
		}
	}
}
