package compress

// lengthsOrder is the order in which a block's head lists the lengths of the codes of code lengths.
var lengthsOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codeLengths describes the codes of a block for its head (RFC 1951, 3.2.7).
type codeLengths struct {
	symbols, distances int
	list               []described
	counts             [lengthCodes]uint16
	huffman            huffman
	kept               int // how many entries of lengthsOrder are written
}

// A described is the length of a code, or says how often a length is repeated.
type described struct {
	symbol uint8
	extra  uint8 // the extra bits after the symbol's code
}

// repeatBits returns the number of extra bits of a symbol. 16 repeats the last length, 17 repeats zero a few times, and
// 18 many times.
func repeatBits(symbol uint8) uint {
	switch symbol {
	case 16:
		return 2
	case 17:
		return 3
	case 18:
		return 7
	}
	return 0
}

// describe describes the first codes of literals and of distances.
func (l *codeLengths) describe(literals *[literalCodes + 2]code, symbols int, distances *[literalCodes + 2]code, ofDistances int) {
	l.symbols, l.distances = symbols, ofDistances
	l.list, l.counts = l.list[:0], [lengthCodes]uint16{}
	var all [literalCodes + distanceCodes]uint8
	for i, c := range literals[:symbols] {
		all[i] = uint8(c)
	}
	for i, c := range distances[:ofDistances] {
		all[symbols+i] = uint8(c)
	}
	lengths := all[:symbols+ofDistances]
	for len(lengths) > 0 {
		run := 1
		for run < len(lengths) && lengths[run] == lengths[0] {
			run++
		}
		l.repeat(lengths[0], run)
		lengths = lengths[run:]
	}
	l.huffman.make(l.counts[:], 7)
	for l.kept = lengthCodes; l.kept > 4 && l.counts[lengthsOrder[l.kept-1]] == 0; l.kept-- {
	}
}

// repeat adds n codes of one length.
func (l *codeLengths) repeat(length uint8, n int) {
	if length != 0 {
		l.add(length, 0)
		for n--; n >= 3; n -= min(n, 6) {
			l.add(16, min(n, 6)-3)
		}
	} else {
		for ; n >= 11; n -= min(n, 138) {
			l.add(18, min(n, 138)-11)
		}
		if n >= 3 {
			l.add(17, n-3)
			n = 0
		}
	}
	for range n {
		l.add(length, 0)
	}
}

func (l *codeLengths) add(symbol uint8, extra int) {
	l.list = append(l.list, described{symbol, uint8(extra)})
	l.counts[symbol]++
}

// size returns the number of bits of a block's head with these codes.
func (l *codeLengths) size() int {
	sum := 3 + 5 + 5 + 4 + 3*l.kept + codesBits(&l.huffman.codes, l.counts[:])
	for symbol := uint8(16); symbol < lengthCodes; symbol++ {
		sum += int(l.counts[symbol]) * int(repeatBits(symbol))
	}
	return sum
}

// putHead writes the head of a block with these codes, which is not the last block of the stream.
func (w *writer) putHead(l *codeLengths) {
	w.put(4, 3)
	w.put(uint64(l.symbols-257), 5)
	w.put(uint64(l.distances-1), 5)
	w.put(uint64(l.kept-4), 4)
	for _, symbol := range lengthsOrder[:l.kept] {
		w.put(uint64(l.huffman.codes[symbol].length()), 3)
	}
	for _, d := range l.list {
		w.putCode(l.huffman.codes[d.symbol])
		w.put(uint64(d.extra), repeatBits(d.symbol))
	}
}
