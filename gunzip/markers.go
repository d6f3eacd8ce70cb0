package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// meaningOf is the byte that a symbol stands for, where these bytes are the last ones before the piece; 0 where it
// stands for one before those.
func meaningOf(symbol uint16, before []byte) byte {
	if symbol < deflate.FirstMarker {
		return byte(symbol)
	}
	if known := int(symbol) - deflate.FirstMarker - (windowSize - len(before)); known >= 0 {
		return before[known]
	}
	return 0
}

// replace writes symbols as bytes, markers as the bytes of the window before the piece that they stand for, of which
// the last are known. dst may be the symbols' own memory, from their beginning on. It returns how many symbols it
// replaced: fewer than all where a marker stands for a byte before the known ones, where no match may reach. meaning is
// scratch.
func replace(dst []byte, symbols []uint16, before []byte, meaning *deflate.Meaning, portable bool) int {
	n := len(symbols)
	if unknown := deflate.FirstMarker + windowSize - len(before); len(before) < windowSize {
		for i, s := range symbols {
			if s >= deflate.FirstMarker && int(s) < unknown {
				n = i
				break
			}
		}
	}
	meaning.Know(before)
	deflate.Replace(dst, symbols[:n], meaning, portable)
	return n
}
