//go:build (amd64 || arm64) && !purego

package deflate

import "unsafe"

// loop is the state of the assembly, which reads its fields by their offsets.
type loop struct {
	in, inEnd unsafe.Pointer // the next byte; behind inEnd it stops
	buffer    uint64
	bits      uint64
	out       unsafe.Pointer
	limit     unsafe.Pointer
	first     unsafe.Pointer
	table     unsafe.Pointer
	patterns  unsafe.Pointer
	why       stop
	scratch   [4]byte
}

// patterns has a row for each distance below 16. The first half of a row is the order of bytes that repeats the
// distance over 16 bytes. The next byte is how many bytes whole repetitions take.
var patterns = func() (rows [16][32]byte) {
	for distance := 1; distance < 16; distance++ {
		for i := range 16 {
			rows[distance][i] = byte(i % distance)
		}
		rows[distance][16] = byte(16 / distance * distance)
	}
	return rows
}()

// The functions decode the codes of a block. They stop when the block, the input or the room for the output ends, or
// when the data make no sense. decodeBytes needs a whole window before the output. decodeFirstBytes checks instead
// whether matches begin before the first byte. decodeSymbols writes 16-bit symbols, and needs a whole window, too.
//
//go:noescape
func decodeBytes(state *uint64)

//go:noescape
func decodeFirstBytes(state *uint64)

//go:noescape
func decodeSymbols(state *uint64)

// replaceWords writes the byte that each of n symbols stands for; n is a multiple of replaceStep. dst may be the
// symbols' own memory.
//
//go:noescape
func replaceWords(dst *byte, symbols *uint16, meaning *byte, n int)

// decodeAssembly is decodePortable on processors that have it.
func decodeAssembly(d *Decoder, size int, out []byte, at, first, limit int) (int, stop) {
	input := d.input[:cap(d.input)]
	s := loop{
		in: unsafe.Pointer(&input[d.next]), inEnd: unsafe.Pointer(&input[len(d.input)+8]),
		buffer: d.buffer, bits: uint64(d.bits),
		out: unsafe.Pointer(&out[at]), limit: unsafe.Pointer(&out[limit]), first: unsafe.Pointer(&out[first]),
		table: unsafe.Pointer(&d.table), patterns: unsafe.Pointer(&patterns),
	}
	decode := decodeBytes
	switch {
	case size == 2 && at-first < 2*WindowSize:
		panic("deflate: symbols without a window")
	case size == 2:
		decode = decodeSymbols
	case at-first < WindowSize:
		decode = decodeFirstBytes
	}
	decode((*uint64)(unsafe.Pointer(&s)))
	base := uintptr(unsafe.Pointer(unsafe.SliceData(input)))
	d.next, d.buffer, d.bits = int(uintptr(s.in)-base), s.buffer, uint(s.bits)
	return int(uintptr(s.out) - uintptr(unsafe.Pointer(unsafe.SliceData(out)))), s.why
}

func replaceAssembly(dst []byte, symbols []uint16, meaning *Meaning) {
	replaceWords(&dst[0], &symbols[0], &meaning[0], len(symbols))
}
