package deflate

import (
	"encoding/binary"
	"unsafe"
)

const (
	markerBits = 0xff00_ff00_ff00_ff00
	// NarrowStep is how many symbols Narrow looks at together.
	NarrowStep = 32
)

// Narrow writes as bytes as many symbols as come before the first 32 that have a marker among them, and returns how many. dst
// may be the symbols' own memory, from their beginning on.
func Narrow(dst []byte, symbols []uint16, portable bool) int {
	n := min(len(dst), len(symbols))
	done := 0
	switch {
	case n < NarrowStep:
	case portable || !haveAssembly:
		done = narrowPortable(dst, symbols[:n])
	default:
		done = narrowAssembly(dst, symbols[:n])
	}
	if n-done < NarrowStep {
		for _, s := range symbols[done:n] {
			if s >= FirstMarker {
				break
			}
			dst[done] = byte(s)
			done++
		}
	}
	return done
}

func narrowPortable(dst []byte, symbols []uint16) int {
	done := 0
	for ; done+NarrowStep <= len(symbols); done += NarrowStep {
		from := unsafe.Slice((*byte)(unsafe.Pointer(&symbols[done])), 2*NarrowStep)
		var packed [NarrowStep / 4]uint32
		all := uint64(0)
		for i := range packed {
			x := binary.LittleEndian.Uint64(from[8*i:])
			all |= x
			x |= x >> 8
			packed[i] = uint32(x&0xffff | x>>16&0xffff_0000)
		}
		if all&markerBits != 0 {
			break
		}
		for i, x := range packed {
			binary.LittleEndian.PutUint32(dst[done+4*i:], x)
		}
	}
	return done
}

// HasMarker tells whether symbols stand for bytes that are not known.
func HasMarker(symbols []uint16) bool {
	for len(symbols) > 0 {
		n := min(256, len(symbols))
		all := uint16(0)
		for _, s := range symbols[:n] {
			all |= s
		}
		if all >= FirstMarker {
			return true
		}
		symbols = symbols[n:]
	}
	return false
}
