package deflate_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/internal/long"
)

const (
	mostInput  = 1 << 17 // the length of a random stream
	mostOutput = 1 << 16
)

// A side is one of two decoders, with memory of its own between forbidden pages.
type side[T deflate.Symbol] struct {
	*deflate.Decoder
	name  string
	edge  guarded.Edge
	input []byte
	out   []T
}

// sides returns the portable decoder and the one of this processor.
func sides[T deflate.Symbol](t *testing.T, edge guarded.Edge) [2]side[T] {
	var both [2]side[T]
	for i, name := range []string{"portable", "assembly"} {
		both[i] = side[T]{
			deflate.NewDecoder(i == 0), name, edge,
			guarded.Slice[byte](t, mostInput+deflate.InputSlack, edge),
			guarded.Slice[T](t, deflate.WindowSize+mostOutput+deflate.OutputSlack, edge),
		}
	}
	return both
}

// atEdge returns n elements of a guarded slice, beside the forbidden page.
func atEdge[T any](s []T, n int, edge guarded.Edge) []T {
	if edge == guarded.End {
		return s[len(s)-n:]
	}
	return s[:n:n]
}

// begin lets the side decode a part of a stream, from a bit on. The bytes of slack follow the part.
func (s *side[T]) begin(part []byte, bit int, last bool, slack []byte) {
	input := atEdge(s.input, len(part)+deflate.InputSlack, s.edge)
	copy(input[copy(input, part):], slack)
	s.SetInput(input[:len(part)], bit, last)
}

// randomSlack returns random bytes to follow an input.
func randomSlack(r *rand.Rand) []byte {
	slack := make([]byte, deflate.InputSlack)
	for i := range slack {
		slack[i] = byte(r.Uint32())
	}
	return slack
}

// window makes room for some output after a random window, or after none.
func window[T deflate.Symbol](r *rand.Rand, both *[2]side[T], before, room int) (outs [2][]T) {
	for i, s := range both {
		outs[i] = atEdge(s.out, before+room+deflate.OutputSlack, s.edge)
	}
	for i := range before {
		outs[0][i] = T(r.Uint32())
	}
	copy(outs[1], outs[0][:before])
	return outs
}

// decodeInStep lets both sides decode a stream, each step up to the same limit. It checks that they stop at the same
// place with the same output, and returns why they stopped.
func decodeInStep[T deflate.Symbol](t *testing.T, r *rand.Rand, both *[2]side[T], stream []byte, before int) error {
	room := 1 + r.IntN(mostOutput)
	outs := window(r, both, before, room)
	slack := randomSlack(r)
	for i := range both {
		both[i].Restart()
		both[i].begin(stream, 0, true, slack)
	}
	most := []int{1, 40, mostOutput}[r.IntN(3)] // the largest step
	for at := before; ; {
		limit := min(at+1+r.IntN(most), before+room)
		var ends [2]string
		var after [2]int
		var err error
		for i := range both {
			s := &both[i]
			after[i], err = deflate.Decode(s.Decoder, outs[i], at, 0, limit)
			ends[i] = fmt.Sprintf("at bit %d, symbol %d, between blocks %v, in the last one %v, error %v", s.Bit(), after[i], s.AtBoundary(), s.Final(), err)
		}
		if ends[0] != ends[1] || !slices.Equal(outs[0][at:after[0]], outs[1][at:after[1]]) {
			t.Fatalf("from symbol %d to %d: the portable loop stopped %s,\nassembly %s; the stream is %x", at, limit, ends[0], ends[1], stream)
		}
		at = after[0]
		if err != nil || both[0].AtBoundary() && both[0].Final() || at >= before+room {
			if !slices.Equal(outs[0][:at], outs[1][:at]) {
				t.Fatalf("output before the last step differs; the stream is %x", stream)
			}
			return err
		}
	}
}

// decodeStreamsInStep calls decodeInStep with many streams, and returns why they stopped.
func decodeStreamsInStep[T deflate.Symbol](t *testing.T, befores ...int) map[string]int {
	r := rand.New(rand.NewPCG(5, 6))
	ends := map[string]int{}
	for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
		both := sides[T](t, edge)
		for range long.Of(20_000, 150) {
			err := decodeInStep(t, r, &both, randomStream(r), befores[r.IntN(len(befores))])
			ends[fmt.Sprint(err)]++
		}
	}
	return ends
}

func TestBothLoopsStopAtTheSamePlaces(t *testing.T) {
	// The window is whole in one case. In the other it is missing or in part there, so that each match is compared with
	// the first byte.
	ends := decodeStreamsInStep[uint8](t, 0, 100, deflate.WindowSize-1, deflate.WindowSize)
	for symbols, n := range decodeStreamsInStep[uint16](t, deflate.WindowSize) {
		ends[symbols] += n
	}
	for _, end := range []string{"nil", "truncated", "code of a literal", "code of a distance", "before the first byte"} {
		n := 0
		for found, times := range ends {
			if strings.Contains(found, end) {
				n += times
			}
		}
		if n < 5 {
			t.Errorf("%d streams ended with %s, expected some: %v", n, end, ends)
		}
	}
}

// decodeInParts lets one side decode a stream in parts of random sizes, or as a whole if it is shorter than most.
func decodeInParts(t *testing.T, r *rand.Rand, s *side[uint8], stream []byte, most int) (out []byte, err error) {
	s.Restart()
	at, bit := 0, 0
	for {
		from := bit / 8
		n := min(len(stream)-from, most)
		if len(stream) > most {
			n = min(n, deflate.InputMargin+1+r.IntN(most-deflate.InputMargin))
		}
		s.begin(stream[from:from+n], bit%8, from+n == len(stream), randomSlack(r))
		for err == nil && !s.Starved() && !(s.AtBoundary() && s.Final()) {
			at, err = deflate.Decode(s.Decoder, s.out, at, 0, len(s.out)-deflate.OutputSlack)
			if at >= len(s.out)-deflate.OutputSlack {
				return s.out[:at], errors.New("too much output")
			}
		}
		if err != nil || s.AtBoundary() && s.Final() {
			return s.out[:at], err
		}
		if s.Bit()/8 == 0 {
			t.Fatalf("%s: no progress from bit %d of %x", s.name, bit, stream)
		}
		bit = 8*from + s.Bit()
	}
}

func TestBothLoopsGoOnWithMoreInput(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	both := sides[uint8](t, guarded.End)
	parts := 0
	for range long.Of(10_000, 100) {
		stream := randomStream(r)
		if len(stream) > 2*deflate.InputMargin {
			parts++
		}
		whole, wantErr := decodeInParts(t, r, &both[0], stream, mostInput)
		want := bytes.Clone(whole)
		for i := range both {
			got, err := decodeInParts(t, r, &both[i], stream, deflate.InputMargin+3000)
			if errors.Is(err, deflate.ErrTruncated) { // the output then depends on the bytes after it
				n := min(len(got), len(want))
				got, want = got[:n], want[:n]
			}
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes, error %v, expected %d bytes, error %v; the stream is %x", both[i].name, len(got), err, len(want), wantErr, stream)
			}
		}
	}
	if parts < 10 {
		t.Errorf("%d streams were longer than a part, expected some", parts)
	}
}

func TestACodeThatIsCutOffIsTruncatedWhateverFollows(t *testing.T) {
	both := sides[uint8](t, guarded.End)
	for name, stream := range map[string][]byte{
		"the first 5 of 8 bits of a literal or length": new(bits).put(1, 1).put(1, 2).code(0b11000, 5).bytes,
		"the first 4 of 5 bits of a distance":          new(bits).put(1, 1).put(1, 2).fixed(200).fixed(201).fixed(257).code(0b1111, 4).bytes,
	} {
		for b := range 256 {
			for i := range both {
				s := &both[i]
				s.Restart()
				s.begin(stream, 0, true, bytes.Repeat([]byte{byte(b)}, deflate.InputSlack))
				if _, err := deflate.Decode(s.Decoder, s.out, 0, 0, mostOutput); !errors.Is(err, deflate.ErrTruncated) {
					t.Errorf("%s, and then %08b, %s: error %v, expected that it is truncated", name, b, s.name, err)
				}
			}
		}
	}
}

func TestMarkersAreReplacedByTheirMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const most = 200
	known := make([]byte, deflate.WindowSize)
	for i := range known {
		known[i] = byte(r.Uint32())
	}
	for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
		meaning := &guarded.Slice[deflate.Meaning](t, 1, edge)[0]
		meaning.Know(known)
		all, dsts := guarded.Slice[uint16](t, most, edge), guarded.Slice[byte](t, most, edge)
		for n := range most {
			for _, markers := range []float64{0, 0.02, 0.5, 1} {
				symbols, dst := atEdge(all, n, edge), atEdge(dsts, n, edge)
				want := make([]byte, n)
				for i := range symbols {
					symbols[i], want[i] = uint16(i*37)&255, byte(i*37)
					if r.Float64() < markers {
						at := r.IntN(deflate.WindowSize)
						symbols[i], want[i] = deflate.FirstMarker+uint16(at), known[at]
					}
				}
				for _, portable := range []bool{true, false} {
					clear(dst)
					deflate.Replace(dst, symbols, meaning, portable)
					if !bytes.Equal(dst, want) {
						t.Fatalf("%d symbols, portable %v: %x, expected %x", n, portable, dst, want)
					}
				}
				own := ownBytes(symbols)
				deflate.Replace(own, symbols, meaning, false)
				if !bytes.Equal(own, want) {
					t.Fatalf("%d symbols in their own memory: %x, expected %x", n, own, want)
				}
			}
		}
	}
}

// ownBytes returns the memory of symbols as bytes, one for each symbol.
func ownBytes(symbols []uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(symbols))), len(symbols))
}
