//go:build (amd64 || arm64) && !purego

package deflate

import "unsafe"

// loop is the state of the assembly, which knows the fields' places.
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

// patterns has for each distance below 16 the order of bytes that repeats it over 16, and then, in the first byte of
// the other half of the row, how many bytes whole repeats are.
var patterns = func() (rows [16][32]byte) {
	for distance := 1; distance < 16; distance++ {
		for i := range 16 {
			rows[distance][i] = byte(i % distance)
		}
		rows[distance][16] = byte(16 / distance * distance)
	}
	return rows
}()

// These decode the codes of a block until the block, the input or the room for the output ends, or the data make no
// sense. decodeBytes must have a whole window before the output, where decodeFirstBytes looks whether matches begin
// before the first byte; decodeSymbols writes symbols of 16 bits, and must have a window, too.
//
//go:noescape
func decodeBytes(state *uint64)

//go:noescape
func decodeFirstBytes(state *uint64)

//go:noescape
func decodeSymbols(state *uint64)

// replaceWords writes for each of n symbols, a multiple of replaceStep, the byte that it means. dst may be where the
// symbols are.
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
