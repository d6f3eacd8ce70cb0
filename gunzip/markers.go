package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// meaningOf returns the byte that a symbol stands for. before is the known end of the window before the piece. A marker
// that stands for a byte in front of the known ones gives 0.
func meaningOf(symbol uint16, before []byte) byte {
	if symbol < deflate.FirstMarker {
		return byte(symbol)
	}
	if known := int(symbol) - deflate.FirstMarker - (windowSize - len(before)); known >= 0 {
		return before[known]
	}
	return 0
}

// replace writes the bytes that symbols stand for. Markers stand for bytes of the window before the piece, and before
// is the known end of that window. dst may begin where the symbols do. replace returns how many symbols it replaced.
// They are fewer than all if a marker stands for a byte in front of the known ones, which no match may reach. meaning
// is scratch.
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
