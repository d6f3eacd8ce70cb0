package deflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// bits is a stream that is written by hand.
type bits struct {
	bytes []byte
	used  int // bits of the last byte
}

// put writes the n lowest bits of v, the lowest first.
func (b *bits) put(v uint32, n int) *bits {
	for i := range n {
		if b.used%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[len(b.bytes)-1] |= byte(v>>i&1) << (b.used % 8)
		b.used++
	}
	return b
}

// code writes a code, the highest bit first.
func (b *bits) code(v uint32, n int) *bits {
	for i := n - 1; i >= 0; i-- {
		b.put(v>>i, 1)
	}
	return b
}

// fixed writes a symbol with the fixed code of literals and lengths.
func (b *bits) fixed(symbol uint32) *bits {
	switch {
	case symbol < 144:
		return b.code(0x30+symbol, 8)
	case symbol < 256:
		return b.code(0x190+symbol-144, 9)
	case symbol < 280:
		return b.code(symbol-256, 7)
	}
	return b.code(0xc0+symbol-280, 8)
}

// distance writes a distance with the fixed code.
func (b *bits) distance(d int) *bits {
	least, symbol := 1, 0
	for {
		extra := max(0, symbol/2-1)
		if d < least+1<<extra {
			return b.code(uint32(symbol), 5).put(uint32(d-least), extra)
		}
		least += 1 << extra
		symbol++
	}
}

// dynamic begins a last dynamic block with the given lengths of codes of literals and lengths, and of distances, each
// written with a code of four bits for the lengths 0 to 15.
func (b *bits) dynamic(litlens map[int]int, litlenCount int, distances map[int]int, distanceCount int) *bits {
	b.put(1, 1).put(2, 2).put(uint32(litlenCount-257), 5).put(uint32(distanceCount-1), 5).put(15, 4)
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		b.put(map[bool]uint32{true: 4, false: 0}[symbol < 16], 3)
	}
	for i := range litlenCount {
		b.code(uint32(litlens[i]), 4)
	}
	for i := range distanceCount {
		b.code(uint32(distances[i]), 4)
	}
	return b
}

// The output of inflate.
const outputRoom = 1 << 19

var (
	narrow  = make([]byte, deflate.WindowSize+outputRoom+deflate.OutputSlack)
	symbols = make([]uint16, deflate.WindowSize+outputRoom+deflate.OutputSlack)
)

// inflate decodes a stream, as bytes or as symbols after a window of zeros, which are then turned to bytes.
func inflate(d *deflate.Decoder, stream []byte, wide bool) ([]byte, error) {
	const room = outputRoom
	input := make([]byte, len(stream), len(stream)+deflate.InputSlack)
	copy(input, stream)
	d.Restart()
	d.SetInput(input, 0, true)
	at := deflate.WindowSize
	first := at
	if wide {
		clear(symbols[:at])
		first = 0
	}
	for {
		var err error
		if wide {
			at, err = deflate.Decode(d, symbols, at, first, deflate.WindowSize+room)
		} else {
			at, err = deflate.Decode(d, narrow, at, first, deflate.WindowSize+room)
		}
		if err == nil && at >= deflate.WindowSize+room {
			err = errors.New("too much output")
		}
		if err != nil || d.AtBoundary() && d.Final() {
			for i := deflate.WindowSize; wide && i < at; i++ {
				narrow[i] = byte(symbols[i])
			}
			return narrow[deflate.WindowSize:at], err
		}
	}
}

// decoders has the portable decoder and the one of this processor.
func decoders() map[string]*deflate.Decoder {
	return map[string]*deflate.Decoder{"portable": deflate.NewDecoder(true), "assembly": deflate.NewDecoder(false)}
}

func TestEveryDistanceAndLengthIsCopied(t *testing.T) {
	var b bits
	b.put(1, 1).put(1, 2)
	var want []byte
	for i := range 64 {
		literal := uint32(i*37) & 255
		b.fixed(literal)
		want = append(want, byte(literal))
	}
	copyOf := func(length, symbol, distance int) {
		b.fixed(uint32(symbol)).distance(distance)
		for range length {
			want = append(want, want[len(want)-distance])
		}
	}
	for distance := 1; distance <= 32768; distance++ {
		for len(want) < distance {
			b.fixed(uint32(len(want)*len(want)) >> 7 & 255)
			want = append(want, byte(len(want)*len(want)>>7))
		}
		copyOf(3+distance%8, 257+distance%8, distance)
	}
	for distance := 1; distance < 40; distance++ {
		copyOf(258, 285, distance)
	}
	b.fixed(256)
	for name, d := range decoders() {
		for _, wide := range []bool{false, true} {
			got, err := inflate(d, b.bytes, wide)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, wide %v: %d bytes, error %v, expected %d bytes", name, wide, len(got), err, len(want))
			}
		}
	}
	if got, err := io.ReadAll(flate.NewReader(bytes.NewReader(b.bytes))); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the standard library: error %v", err)
	}
}

func TestLongCodesAreDecoded(t *testing.T) {
	// Codes of 1 to 15 bits, and two of 15, for literals, lengths and distances alike.
	litlens := map[int]int{'a': 1, 256: 2, 'b': 3, 257: 4, 'c': 5, 258: 6, 'd': 7, 265: 8, 'e': 9, 284: 10, 'f': 11, 285: 12, 'g': 13, 'h': 14, 269: 15, 'i': 15}
	distances := map[int]int{}
	for i := range 15 {
		distances[2*i] = i + 1
	}
	distances[29] = 15
	type coded struct {
		code   uint32
		length int
	}
	known := map[[2]int]coded{}
	codeOf := func(lengths map[int]int, symbol int) (code uint32, length int) {
		key := [2]int{len(lengths), symbol}
		if c, ok := known[key]; ok {
			return c.code, c.length
		}
		defer func() { known[key] = coded{code, length} }()
		for l := 1; l <= 15; l++ {
			for s := range 288 {
				if lengths[s] == l {
					if s == symbol {
						return code, l
					}
					code++
				}
			}
			code <<= 1
		}
		panic("no code")
	}
	var b bits
	b.dynamic(litlens, 286, distances, 30)
	var want []byte
	literal := func(c byte) {
		code, length := codeOf(litlens, int(c))
		b.code(code, length)
		want = append(want, c)
	}
	for i := range 35_000 {
		literal("aaaabbcdefghi"[i*i%13])
	}
	for symbol := range 30 {
		if distances[symbol] == 0 {
			continue
		}
		for _, l := range []struct{ symbol, length, extra, extraBits int }{{257, 3, 0, 0}, {265, 12, 1, 1}, {269, 22, 3, 2}, {284, 250, 23, 5}, {285, 258, 0, 0}} {
			code, n := codeOf(litlens, l.symbol)
			b.code(code, n).put(uint32(l.extra), l.extraBits)
			code, n = codeOf(distances, symbol)
			extra := max(0, symbol/2-1)
			least := 1
			for s := range symbol {
				least += 1 << max(0, s/2-1)
			}
			distance := least + 1<<extra - 1
			b.code(code, n).put(1<<extra-1, extra)
			for range l.length {
				want = append(want, want[len(want)-distance])
			}
			literal('i')
		}
	}
	code, n := codeOf(litlens, 256)
	b.code(code, n)
	for name, d := range decoders() {
		for _, wide := range []bool{false, true} {
			got, err := inflate(d, b.bytes, wide)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, wide %v: %d bytes, error %v, expected %d bytes", name, wide, len(got), err, len(want))
			}
		}
	}
}

// TestBadStreamsAreRefused follows the rules of zlib 1.3. Its cases have the names of zlib's messages.
func TestBadStreamsAreRefused(t *testing.T) {
	full := map[int]int{'a': 1, 256: 1}
	ends := func(b *bits, code uint32, n int) *bits { return b.code(code, n) }
	for _, c := range []struct {
		name   string
		stream *bits
		says   string // the error; empty if the stream is accepted
	}{
		{"invalid block type", new(bits).put(1, 1).put(3, 2).put(0, 32), "type 3"},
		{"invalid stored block lengths", new(bits).put(1, 8).put(5, 16).put(5, 16), "a stored block of 5 bytes whose check says 65530"},
		{"invalid literal/length code", new(bits).put(1, 1).put(1, 2).fixed(286).put(0, 32), "not a code of a literal or length"},
		{"invalid distance code", new(bits).put(1, 1).put(1, 2).fixed('a').fixed(257).code(30, 5).put(0, 32), "not a code of a distance"},
		{"invalid distance too far back", new(bits).put(1, 1).put(1, 2).fixed('a').fixed(257).distance(2).put(0, 32), "before the first byte"},
		{"too many length or distance symbols", new(bits).put(1, 1).put(2, 2).put(30, 5).put(0, 5).put(15, 4).put(0, 99), "too many codes"},
		{"too many distance symbols", new(bits).put(1, 1).put(2, 2).put(29, 5).put(30, 5).put(15, 4).put(0, 99), "too many codes"},
		{"invalid code lengths set: over-subscribed", new(bits).put(1, 1).put(2, 2).put(0, 5).put(0, 5).put(15, 4).put(0x49249249, 32).put(0x24924924, 32).put(0, 99), "the code of code lengths is over-subscribed or incomplete"},
		{"invalid code lengths set: incomplete", new(bits).put(1, 1).put(2, 2).put(0, 5).put(0, 5).put(0, 4).put(1, 12).put(0, 99), "the code of code lengths is over-subscribed or incomplete"},
		{"invalid bit length repeat: of nothing", new(bits).put(1, 1).put(2, 2).put(0, 5).put(0, 5).put(0, 4).put(1, 3).put(1, 3).put(0, 6).put(0, 99), "code lengths without sense"},
		{"invalid bit length repeat: beyond the end", new(bits).put(1, 1).put(2, 2).put(0, 5).put(0, 5).put(0, 4).put(0, 6).put(1, 3).put(1, 3).put(0xffffffff, 32).put(0xffffffff, 32), "code lengths without sense"},
		{"missing end-of-block", new(bits).dynamic(map[int]int{'a': 1, 'b': 1}, 257, nil, 1).put(0, 99), "without a code for its end"},
		{"invalid literal/lengths set: over-subscribed", new(bits).dynamic(map[int]int{'a': 1, 'b': 1, 256: 1}, 257, nil, 1).put(0, 99), "literals and lengths is over-subscribed or incomplete"},
		{"invalid literal/lengths set: incomplete", new(bits).dynamic(map[int]int{'a': 1, 256: 2}, 257, nil, 1).put(0, 99), "literals and lengths is over-subscribed or incomplete"},
		{"invalid distances set: over-subscribed", new(bits).dynamic(full, 257, map[int]int{0: 1, 1: 1, 2: 1}, 3).put(0, 99), "distances is over-subscribed or incomplete"},
		{"invalid distances set: incomplete", new(bits).dynamic(full, 257, map[int]int{0: 2}, 1).put(0, 99), "distances is over-subscribed or incomplete"},
		{"one code of one bit for the end", ends(new(bits).dynamic(map[int]int{256: 1}, 257, nil, 1), 0, 1), ""},
		{"invalid literal/length code: the other bit", new(bits).dynamic(map[int]int{256: 1}, 257, nil, 1).code(1, 1).put(0, 32), "not a code of a literal or length"},
		{"one code of one bit for distances", ends(new(bits).dynamic(map[int]int{'a': 1, 256: 2, 257: 2}, 258, map[int]int{0: 1}, 1).code(0, 1).code(3, 2).code(0, 1), 2, 2), ""},
		{"invalid distance code: the other bit", new(bits).dynamic(map[int]int{'a': 1, 256: 2, 257: 2}, 258, map[int]int{0: 1}, 1).code(0, 1).code(3, 2).code(1, 1).put(0, 32), "not a code of a distance"},
		{"no distances", ends(new(bits).dynamic(full, 257, nil, 1).code(0, 1), 1, 1), ""},
		{"invalid distance code: there is none", new(bits).dynamic(map[int]int{'a': 1, 256: 2, 257: 2}, 258, nil, 1).code(0, 1).code(3, 2).put(0, 32), "not a code of a distance"},
	} {
		want, wantErr := io.ReadAll(flate.NewReader(bytes.NewReader(c.stream.bytes)))
		if (wantErr == nil) != (c.says == "") {
			t.Errorf("%s: the standard library says %v", c.name, wantErr)
		}
		for name, d := range decoders() {
			for _, wide := range []bool{false, true} {
				if wide && strings.Contains(c.says, "before the first byte") {
					continue // here the whole window counts as known
				}
				got, err := inflate(d, c.stream.bytes, wide)
				if c.says == "" && (err != nil || !bytes.Equal(got, want)) {
					t.Errorf("%s, %s, wide %v: %q, error %v, expected %q", c.name, name, wide, got, err, want)
				}
				if c.says != "" && (!errors.Is(err, deflate.ErrCorrupt) || !strings.Contains(fmt.Sprint(err), c.says)) {
					t.Errorf("%s, %s, wide %v: error %v, expected %q", c.name, name, wide, err, c.says)
				}
			}
		}
	}
}

func TestAnyBitIsABlockOrAnError(t *testing.T) {
	// Decoding may begin at any bit of a stream, after a search that was wrong. It must not panic, and both decoders
	// must agree.
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	for i := range 300 {
		fmt.Fprintf(w, "%d ", i*i%1013)
	}
	w.Close()
	stream := b.Bytes()
	all := decoders()
	for bit := range 8 * len(stream) {
		var shifted bits
		for i := bit; i < 8*len(stream); i++ {
			shifted.put(uint32(stream[i/8]>>(i%8)), 1)
		}
		for _, wide := range []bool{false, true} {
			one, oneErr := inflate(all["portable"], shifted.bytes, wide)
			other, otherErr := inflate(all["assembly"], shifted.bytes, wide)
			if !bytes.Equal(one, other) || fmt.Sprint(oneErr) != fmt.Sprint(otherErr) {
				t.Fatalf("from bit %d, wide %v: %d bytes, %v and %d bytes, %v", bit, wide, len(one), oneErr, len(other), otherErr)
			}
		}
	}
}
