package gunzip

import (
	"encoding/binary"
	"unsafe"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

const markerBits = 0xff00_ff00_ff00_ff00

// asBytes are the symbols' bytes in memory.
func asBytes(symbols []uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(symbols))), 2*len(symbols))
}

// hasMarker tells whether symbols stand for bytes that are not known.
func hasMarker(symbols []uint16) bool {
	for len(symbols) >= 32 {
		b := asBytes(symbols[:32])
		any := uint64(0)
		for i := 0; i < 64; i += 8 {
			any |= binary.LittleEndian.Uint64(b[i:])
		}
		if any&markerBits != 0 {
			return true
		}
		symbols = symbols[32:]
	}
	for _, s := range symbols {
		if s >= deflate.FirstMarker {
			return true
		}
	}
	return false
}

// narrow writes symbols without markers as bytes. dst may be the symbols' own memory, from their beginning on.
func narrow(dst []byte, symbols []uint16) {
	for len(symbols) >= 4 {
		x := binary.LittleEndian.Uint64(asBytes(symbols[:4]))
		x |= x >> 8
		x = x&0xffff | x>>16&0xffff_0000
		binary.LittleEndian.PutUint32(dst, uint32(x))
		dst, symbols = dst[4:], symbols[4:]
	}
	for i, s := range symbols {
		dst[i] = byte(s)
	}
}

// replace writes symbols as bytes, markers as the bytes of the window that they stand for. dst may be the symbols' own
// memory, from their beginning on. It is false where a marker stands for a byte before the window, of which the last
// are known: no match may reach there.
func replace(dst []byte, symbols []uint16, before []byte) bool {
	unknown := deflate.FirstMarker + window - len(before)
	for len(symbols) >= 4 {
		x := binary.LittleEndian.Uint64(asBytes(symbols[:4]))
		if x&markerBits != 0 {
			for i, s := range symbols[:4] {
				if s >= deflate.FirstMarker {
					if int(s) < unknown {
						return false
					}
					dst[i] = before[int(s)-unknown]
				} else {
					dst[i] = byte(s)
				}
			}
		} else {
			x |= x >> 8
			x = x&0xffff | x>>16&0xffff_0000
			binary.LittleEndian.PutUint32(dst, uint32(x))
		}
		dst, symbols = dst[4:], symbols[4:]
	}
	for i, s := range symbols {
		if s < deflate.FirstMarker {
			dst[i] = byte(s)
			continue
		}
		if int(s) < unknown {
			return false
		}
		dst[i] = before[int(s)-unknown]
	}
	return true
}
