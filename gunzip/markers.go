package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// replace writes symbols as bytes, markers as the bytes of the window before the piece that they stand for, of which the
// last are known. dst may be the symbols' own memory, from their beginning on. It returns how many symbols it
// replaced: fewer than all where a marker stands for a byte before the known ones, where no match may reach.
func replace(dst []byte, symbols []uint16, before []byte, portable bool) int {
	// As long as all numbers of 16 bits, no index needs a check.
	var meaning [1 << 16]byte
	unknown := deflate.FirstMarker + windowSize - len(before)
	for i := range deflate.FirstMarker {
		meaning[i] = byte(i)
	}
	copy(meaning[unknown:], before)
	for done := 0; ; {
		done += deflate.Narrow(dst[done:], symbols[done:], portable)
		n := min(deflate.NarrowStep, len(symbols)-done)
		if n == 0 {
			return done
		}
		from, to := symbols[done:done+n], dst[done:done+n]
		for i, s := range from {
			if len(before) < windowSize && s >= deflate.FirstMarker && int(s) < unknown {
				return done + i
			}
			to[i] = meaning[s]
		}
		done += n
	}
}
