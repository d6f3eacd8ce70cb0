package compress

import (
	"encoding/binary"
	"slices"
)

// A writer writes bits into memory, the lowest bit of a number first. Up to 7 bits wait until their byte is full.
type writer struct {
	out     []byte
	at      int // whole bytes in out; 8 more bytes fit behind them
	waiting uint64
	n       uint
}

func (w *writer) begin() { w.at, w.waiting, w.n = 0, 0, 0 }

// compressed returns everything that was written. The last byte must be full.
func (w *writer) compressed() []byte { return w.out[:w.at] }

// room makes room for a number of bytes and 8 more.
func (w *writer) room(bytes int) {
	if need := w.at + bytes + 8; need > len(w.out) {
		w.out = slices.Grow(w.out[:w.at], need-w.at)
		w.out = w.out[:cap(w.out)]
	}
}

// put writes up to 57 bits.
func (w *writer) put(value uint64, bits uint) {
	w.room(8)
	w.waiting |= value << w.n
	w.n += bits
	binary.LittleEndian.PutUint64(w.out[w.at:], w.waiting)
	w.at += int(w.n >> 3)
	w.waiting >>= w.n &^ 7
	w.n &= 7
}

func (w *writer) putCode(c code) { w.put(c.bits(), c.length()) }

// align fills the last byte with zeros.
func (w *writer) align() {
	if w.n > 0 {
		w.room(8)
		w.out[w.at] = byte(w.waiting)
		w.at, w.waiting, w.n = w.at+1, 0, 0
	}
}

// copy writes whole bytes, after align.
func (w *writer) copy(bytes []byte) {
	w.room(len(bytes))
	w.at += copy(w.out[w.at:], bytes)
}

// putLiterals writes the code of each byte.
func (w *writer) putLiterals(bytes []byte, codes *[literalCodes + 2]code) {
	if len(bytes) == 0 {
		return
	}
	w.room(2 * len(bytes))
	for _, x := range w.putMost(bytes, codes) {
		w.putCode(codes[x])
	}
}

// putTriples writes the codes of three bytes at a time, and returns the rest. The caller has made room.
func (w *writer) putTriples(bytes []byte, codes *[literalCodes + 2]code) []byte {
	out, at, waiting, n := w.out, w.at, w.waiting, w.n
	for len(bytes) >= 3 { // three codes of up to 15 bits and 7 waiting bits fit into 64 bits
		a, b, c := codes[bytes[0]], codes[bytes[1]], codes[bytes[2]]
		waiting |= (a.bits() | b.bits()<<(a.length()&63) | c.bits()<<((a.length()+b.length())&63)) << (n & 63)
		n += a.length() + b.length() + c.length()
		binary.LittleEndian.PutUint64(out[at:], waiting)
		at += int(n >> 3)
		waiting >>= n & 56
		n &= 7
		bytes = bytes[3:]
	}
	w.at, w.waiting, w.n = at, waiting, n
	return bytes
}

// putSequences writes the codes of sequences, and of the literals after them.
func (w *writer) putSequences(bytes []byte, sequences []sequence, literals, distances *[literalCodes + 2]code) {
	for _, s := range sequences {
		w.putLiterals(bytes[:s.literals], literals)
		bytes = bytes[s.literals+s.length:]
		less := int(s.distance) - 1
		number := distanceCode(less)
		distance := distances[number]
		extra := uint(distanceExtra[number])
		behind, behindBits := distance.bits()|uint64(less)&(1<<extra-1)<<distance.length(), distance.length()+extra
		full, one, rest := split(int(s.length))
		for range full {
			w.putMatch(longest, literals, behind, behindBits)
		}
		if one {
			w.putMatch(longest-shortest, literals, behind, behindBits)
		}
		w.putMatch(rest, literals, behind, behindBits)
	}
	w.putLiterals(bytes, literals)
}

// putMatch writes the code of a length, with the bits of its distance.
func (w *writer) putMatch(length int, literals *[literalCodes + 2]code, behind uint64, behindBits uint) {
	less := length - shortest
	number := lengthCode[less]
	c, extra := literals[endOfBlock+1+int(number)], uint(lengthExtra[number])
	bits := c.length() + extra
	w.put(c.bits()|uint64(less)&(1<<extra-1)<<c.length()|behind<<bits, bits+behindBits)
}
