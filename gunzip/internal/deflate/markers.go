package deflate

// A Meaning is the byte that each symbol stands for. It has an entry for every number of 16 bits, so that no index has
// to be checked.
type Meaning [1 << 16]byte

// Know sets the meanings: bytes mean themselves, and markers mean the bytes of a window. If window is shorter than
// WindowSize, it is the end of the window.
func (m *Meaning) Know(window []byte) {
	for i := range FirstMarker {
		m[i] = byte(i)
	}
	copy(m[FirstMarker+WindowSize-len(window):], window)
}

// replaceStep is how many symbols the assembly replaces at a time.
const replaceStep = 32

// Replace writes the bytes that symbols stand for. dst may begin where the symbols do.
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

// HasMarker tells whether any symbol stands for a byte that is not known.
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
