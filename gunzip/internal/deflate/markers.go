package deflate

// A Meaning is the byte that each symbol stands for. (As long as all numbers of 16 bits, so that no index needs a
// check.)
type Meaning [1 << 16]byte

// Know has bytes mean themselves, and markers the bytes of a window, of which the last may be all that is known.
func (m *Meaning) Know(window []byte) {
	for i := range FirstMarker {
		m[i] = byte(i)
	}
	copy(m[FirstMarker+WindowSize-len(window):], window)
}

// replaceStep is how many symbols the assembly replaces at a time.
const replaceStep = 32

// Replace writes the bytes that symbols stand for. dst may be the symbols' own memory, from their beginning on.
func Replace(dst []byte, symbols []uint16, meaning *Meaning, portable bool) {
	dst = dst[:len(symbols)]
	done := 0
	if haveAssembly && !portable && len(symbols) >= replaceStep {
		done = len(symbols) / replaceStep * replaceStep
		replaceAssembly(dst, symbols[:done], meaning)
	}
	for i, s := range symbols[done:] {
		dst[done+i] = meaning[s]
	}
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
